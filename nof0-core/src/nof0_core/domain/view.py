"""A read-only picture of all accounts, for exporters and displays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.domain.brakes import ActiveBrake
from nof0_core.domain.context import Performance
from nof0_core.domain.engine_status import EngineStatus
from nof0_core.domain.health import ServiceHealth
from nof0_core.domain.measured import (
    NO_BLOCKS,
    CallTimes,
    DutyTrouble,
    ExporterState,
    LoopBlocks,
    StageTimes,
)
from nof0_core.domain.quality import DEFAULT_GATES, NO_ANSWERS, AnswerCount, QualityGates
from nof0_core.domain.quarantined import Quarantined
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.trade import ClosedTrade
from nof0_core.ids import Symbol, TraderId


@attrs.frozen(kw_only=True)
class EquityPoint:
    """Equity of an account at a full hour, with all that was deposited until then (USD).

    `index` is what one dollar of the first capital had become, transfers left out; see `Growth`.
    """

    time: datetime
    equity: Decimal
    deposited: Decimal
    index: Decimal

    @classmethod
    def of(cls, account: AccountState) -> EquityPoint:
        """Return the point of an account as it was valued."""
        return cls(
            time=account.time,
            equity=account.equity,
            deposited=account.deposited,
            index=account.index,
        )


@attrs.frozen(kw_only=True)
class TraderView:
    """One trader as seen from outside.

    `equity_curve` is hourly and oldest first, `trades` in the order they closed; both are sequences
    that make each entry when it is looked at, so ask for what you need. `initial_capital` is the
    first transfer. `brakes` is what keeps it from opening positions now. `answers` counts
    how often its model was asked and gave something usable; `trouble` is why its newest cycle
    decided nothing, empty if it did. `waits_for` names what is not open yet of what it needs, and
    `pause_until` is set while it slows down because it kept failing. `color` (`#rrggbb`) is how it
    is to be drawn, empty where nobody has said so.
    """

    trader: TraderId
    name: str
    model: str
    is_baseline: bool
    venue_account: str
    started_at: datetime
    initial_capital: Decimal
    account: AccountState
    performance: Performance
    status: str
    next_cycle: datetime | None
    trades: Sequence[ClosedTrade]
    equity_curve: Sequence[EquityPoint]
    brakes: tuple[ActiveBrake, ...] = ()
    answers: AnswerCount = NO_ANSWERS
    trouble: str = ""
    waits_for: str = ""
    pause_until: datetime | None = None
    color: str = ""


@attrs.frozen(kw_only=True)
class View:
    """All traders at `time`, in configuration order, and the newest quotes.

    `seq` is the number of the newest event the picture includes. `calls` to providers and `duties`
    with their troubles are counted since the start, in real time; they are in no event, and two
    runs of the same configuration differ in them. So are `exporters`, by section, `blocks` of the
    event loop, and the `stages` of cycles. `quarantine` is what is not believed now, `services` are
    all that were opened and how they say they are. `gates` are what a trader must pass to be
    ranked. `engine` is what
    the engine says of itself, None where none runs.
    """

    seq: int
    time: datetime
    traders: tuple[TraderView, ...]
    quotes: Mapping[Symbol, Quote]
    calls: tuple[CallTimes, ...] = ()
    duties: tuple[DutyTrouble, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    exporters: tuple[ExporterState, ...] = ()
    blocks: LoopBlocks = NO_BLOCKS
    gates: QualityGates = DEFAULT_GATES
    services: tuple[ServiceHealth, ...] = ()
    engine: EngineStatus | None = None
    stages: tuple[StageTimes, ...] = ()
