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
from nof0_core.domain.order_book import OrderBook
from nof0_core.domain.position import Holding
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.venue_view import VenueView
from nof0_core.ids import Symbol
from nof0_core.money import ZERO, exactly


@attrs.frozen(kw_only=True)
class ApprovedEntry:
    """An entry that was approved earlier in the same answer, as it will be sent.

    `size_usd` is the notional of whole lots at the mark, `margin` what it takes, in USD.
    """

    symbol: Symbol
    is_long: bool
    size_usd: Decimal
    leverage: int
    margin: Decimal


@attrs.frozen(kw_only=True)
class RiskContext:
    """What a check may look at beside the decision.

    `size_usd` is the notional left after earlier checks shrank it (0 for hold and close);
    `leverage` the leverage that will be used. `approved` are the entries approved earlier in the
    same answer, in their order. `stop_loss` and `take_profit` are an entry's exits as the venue
    would get them (rounded to its ticks), None where the decision names none or the trader has that
    exit switched off. `holding` is the trader's own position in the symbol. An entry that comes
    after an approved close of its coin is shown what the trader has once that is filled at the
    mark, without `holding`; it leaves only then. `quote` and
    `instrument` are None where there is no data; built-in checks have then vetoed an entry before
    any plugin's check sees it.

    `book` is the coin's order book, if it is no older than `limits.max_data_age`; None where the
    market has none, or nothing of the trader asks for books (see `PolicyKind.needs_order_books`).
    `venue` has all traders of the venue account as they were when the model was asked; None where
    no check of the trader asks for them (see `PolicyKind.sees_venue_account`).
    """

    context: DecisionContext
    quote: Quote | None
    instrument: Instrument | None
    holding: Holding | None
    size_usd: Decimal
    leverage: int
    approved: tuple[ApprovedEntry, ...] = ()
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    book: OrderBook | None = None
    venue: VenueView | None = None

    @property
    def new_positions(self) -> int:
        """Return how many entries were approved earlier in the same answer."""
        return len(self.approved)

    @property
    @exactly
    def committed_margin(self) -> Decimal:
        """Return the margin they will take, in USD."""
        return sum((entry.margin for entry in self.approved), ZERO)

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
