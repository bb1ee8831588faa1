"""Everything one decision may depend on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.domain.brakes import BrakeState
from nof0_core.domain.feedback import Feedback
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.mappings import read_only
from nof0_core.domain.position import Holding
from nof0_core.domain.snapshot import MarketSnapshot
from nof0_core.ids import CycleId, Symbol, TraderId


@attrs.frozen(kw_only=True)
class Performance:
    """How a trader has done so far.

    `sharpe_ratio` is on a daily scale from hourly flow-adjusted returns; percentages are x100;
    `max_drawdown_pct` is positive. Computed by `nof0_core.analysis`.
    """

    sharpe_ratio: float = 0.0
    win_rate: float = 0.0
    max_drawdown_pct: float = 0.0
    total_pnl: Decimal = Decimal(0)
    trades: int = 0
    cycles: int = 0


@attrs.frozen(kw_only=True)
class BudgetLeft:
    """What the trader may still spend on its model today (UTC); None: no such limit."""

    usd: Decimal | None = None
    tokens: int | None = None


@attrs.frozen(kw_only=True, eq=False)
class DecisionContext:
    """What a trader knows when it decides.

    `started_at` is when the trader began. `snapshots` and `instruments` cover the trader's symbols;
    a symbol whose data could not be had is missing from `snapshots`. Both can only be read, so that
    all who decide or judge see the same. `brakes` is None where nobody remembers them; an entry
    under a limit that needs them is refused then. `budget` is None where models cost nothing or
    nothing limits what they cost. `decision_interval` is the time between two decisions, None where
    nobody decides again. `past` is what became of the last answer, and the last trades.
    """

    trader: TraderId
    cycle: CycleId
    time: datetime
    started_at: datetime
    symbols: tuple[Symbol, ...]
    account: AccountState
    performance: Performance
    snapshots: Mapping[Symbol, MarketSnapshot] = attrs.field(converter=read_only)
    instruments: Mapping[Symbol, Instrument] = attrs.field(converter=read_only)
    limits: RiskLimits
    brakes: BrakeState | None = None
    budget: BudgetLeft | None = None
    decision_interval: timedelta | None = None
    past: Feedback = attrs.field(factory=Feedback)

    def holding(self, symbol: Symbol) -> Holding | None:
        """Return the trader's position in a symbol, if it has one."""
        for holding in self.account.holdings:
            if holding.symbol == symbol:
                return holding
        return None
