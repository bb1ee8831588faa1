"""Risk checks: what a decision must pass."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

import attrs

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision, Verdict
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.position import Holding
from nof0_core.domain.snapshot import Quote


@attrs.frozen(kw_only=True)
class RiskContext:
    """What a check may look at beside the decision.

    `size_usd` is the notional left after earlier checks shrank it (0 for hold and close);
    `leverage` the leverage that will be used. `new_positions` counts the entries approved earlier
    in the same cycle and `committed_margin` the margin they will take, in USD. `stop_loss` and
    `take_profit` are an entry's exits as the venue would get them (rounded to its ticks), None
    where the decision names none or the trader has that exit switched off. `holding` is the
    trader's own position in the symbol. `quote` and `instrument` are None where there is no data;
    built-in checks have then vetoed an entry before any plugin's check sees it.
    """

    context: DecisionContext
    quote: Quote | None
    instrument: Instrument | None
    holding: Holding | None
    size_usd: Decimal
    leverage: int
    new_positions: int
    committed_margin: Decimal
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None

    @property
    def limits(self) -> RiskLimits:
        """Return the trader's limits."""
        return self.context.limits

    @property
    def time(self) -> datetime:
        """Return when the decision is judged, UTC."""
        return self.context.time


class RiskCheck(Protocol):
    """One rule. Pure: same arguments, same verdict; no clock, no I/O, no memory."""

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Allow, shrink or veto one decision.

        Called for entries, and for closes too: a check that has nothing to say about closes must
        allow them. An exception counts as a veto with the code `check_failed`, and so does anything
        that is no `Verdict` with values of the declared types; a person is alerted.
        """
