"""The ledger as the rest of the engine reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext

from nof0_core.domain.account import AccountState
from nof0_core.domain.context import Performance
from nof0_core.domain.event import CoinRested, CycleEnded, Decided, Drift, Event, Rebalanced
from nof0_core.domain.feedback import Feedback
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.trade import ClosedTrade
from nof0_core.domain.view import EquityPoint
from nof0_core.ids import ClientOrderId, CycleId, Symbol, TraderId
from nof0_core.ledger.account import Account, Totals, VenueLedger
from nof0_core.ledger.pools import Pool, pools
from nof0_core.ledger.position import Position
from nof0_core.ledger.valuation import value
from nof0_core.money import EXACT
from nof0_core.state.brakes import Brakes
from nof0_core.state.controls import Controls
from nof0_core.state.cycles import Cycles
from nof0_core.state.dispatch import Dispatch
from nof0_core.state.entry_margins import entry_margins
from nof0_core.state.feedback_memory import FeedbackMemory
from nof0_core.state.histories import Histories
from nof0_core.state.history import Standing
from nof0_core.state.milestones import Milestones
from nof0_core.state.money_ledger import MoneyLedger
from nof0_core.state.order_register import OrderRegister
from nof0_core.state.positions import Positions
from nof0_core.state.projection import Projection
from nof0_core.state.recorded_facts import RecordedFacts
from nof0_core.state.rests import Rests
from nof0_core.state.spending import Spending


class EngineState:
    """Virtual accounts on shared exchange accounts, as the fold of all events so far.

    Accounts are kept by (venue account, trader). A trader lives in one venue account; the reserve
    and the unassigned account exist in every venue account. For each account, exactly and at any
    time:

    - cash = deposited + realised - fees + funding
    - equity = cash + Σ (quantity x mark - cost)
    - Σ over the accounts of a venue account of (cash - Σ cost) = `totals().raw_usd`, and of
      quantities = `totals().quantities`: what the venue must show.

    Everything returned is a value: it does not change when further events are applied.
    """

    def __init__(self) -> None:
        self._cycles = Cycles()
        self._orders = OrderRegister()
        self._histories = Histories()
        self._ledger = MoneyLedger(self._orders, self._histories)
        self._rests = Rests(self._orders)
        self._feedback = FeedbackMemory(self._histories)
        self._milestones = Milestones()
        self.brakes = Brakes()
        """What the brakes remember; this and what follows is fed by `apply` alone."""
        self.controls = Controls()
        """What people asked for."""
        self.spending = Spending()
        """What calls to models took today."""
        self.facts = RecordedFacts()
        """What is recorded of configuration, instruments and venue accounts."""
        # The register before those that ask it what an order has become.
        self._projections: tuple[Projection, ...] = (
            self._cycles,
            self._rests,
            self._orders,
            self._ledger,
            self._histories,
            self._feedback,
            self.brakes,
            self.controls,
            self.spending,
            self.facts,
            self._milestones,
        )
        self._dispatch = Dispatch(self._projections)
        self._positions = Positions(self._ledger, self._orders)

    @property
    def projections(self) -> Sequence[Projection]:
        """Return all it is made of, for checkpoints."""
        return self._projections

    def check(self, event: Event) -> Callable[[], Event]:
        """Reckon one event through, in O(1), and return how to take it over; nothing has changed.

        That cannot fail; it has to happen before the next event is checked, or not at all. Fills
        and settlements that are known are ignored.

        Returns:
            What takes it over and returns it; a cycle that ordered with all that was said in it.

        Raises:
            UnbookableError: if the event cannot be true.
        """
        is_cycle = isinstance(event.body, CycleEnded | Decided)
        whole = self._cycles.whole(event) if is_cycle else event
        change = self._dispatch.prepare(whole)

        def take() -> Event:
            self._positions.note(event.body)
            if is_cycle:
                self._cycles.take(event)
            change()
            self._milestones.newest = event.time
            return whole

        return take

    def apply(self, event: Event) -> Event:
        """Check one event and take it over.

        Raises:
            UnbookableError: if the event cannot be true; nothing has changed then.
        """
        return self.check(event)()

    # --- accounts and positions -------------------------------------------------------------------

    def account(
        self,
        venue_account: str,
        trader: TraderId,
        marks: Mapping[Symbol, Decimal],
        time: datetime,
        instruments: Mapping[Symbol, Instrument],
        stale: Collection[Symbol] = (),
    ) -> AccountState:
        """Value an account at `marks` (USD per coin); one nothing was ever booked to is empty.

        It is `unpriced` where it holds a coin whose mark is `stale` or that has no mark or
        instrument.
        """
        found = self._account(venue_account, trader) or Account(trader=trader)
        return value(found, marks, time, instruments, stale)

    def coins(self, trader: TraderId) -> tuple[Symbol, ...]:
        """Return the coins a trader holds, in the order of opening."""
        home = self.venue_account_of(trader)
        account = self._account(home, trader) if home is not None else None
        return tuple(account.positions) if account else ()

    def pools(
        self,
        venue_account: str,
        trader: TraderId,
        marks: Mapping[Symbol, Decimal],
        instruments: Mapping[Symbol, Instrument],
    ) -> tuple[Pool, ...]:
        """Return what a trader holds by what backs it: isolated positions, then the cross ones.

        Raises:
            DataError: if the mark or the instrument of a held coin is missing.
        """
        found = self._account(venue_account, trader)
        with localcontext(EXACT):
            return tuple(pools(found, marks, instruments)) if found else ()

    def traders(self, venue_account: str) -> tuple[TraderId, ...]:
        """Return everybody with an account in a venue account, reserve and unassigned included."""
        found = self._ledger.venue_accounts.get(venue_account)
        return tuple(found.accounts) if found else ()

    def positions(self, venue_account: str) -> tuple[Position, ...]:
        """Return all positions on a venue account, by trader, then in the order of opening.

        As long as no event says anything of positions, orders or cash, that is the same object.
        """
        return self._positions.booked(venue_account)

    def position(self, trader: TraderId, symbol: Symbol) -> Position | None:
        """Return a trader's position in a coin. Shared accounts are found by `positions` only."""
        home = self.venue_account_of(trader)
        account = self._account(home, trader) if home is not None else None
        return account.positions.get(symbol) if account else None

    def held(self, venue_account: str) -> tuple[Position, ...]:
        """Return all positions, with what the venue has answered and nobody has booked yet.

        It is the same object for as long as `positions` is.
        """
        return self._positions.held(venue_account)

    def unbooked(self, venue_account: str) -> tuple[OrderRecord, ...]:
        """Return orders of which more is known to be executed than booked."""
        return self._orders.unbooked_in(venue_account)

    def rest(self, trader: TraderId, symbol: Symbol) -> CoinRested | None:
        """Return the newest rest of a coin for a trader, over or not; None before the first."""
        return self._rests.of(trader, symbol)

    def quantities(self, venue_account: str, symbol: Symbol) -> dict[TraderId, Decimal]:
        """Return the signed quantity in coins of everybody who holds a coin."""
        return {p.trader: p.quantity for p in self._holders(venue_account, symbol)}

    def quantities_at(
        self, venue_account: str, symbol: Symbol, time: datetime, net: Decimal
    ) -> dict[TraderId, Decimal]:
        """Return the signed quantity in coins of everybody who held a coin at a time (UTC).

        Known for the 25 hours before the newest fill. A fill at that very moment counts, unless
        only without it `net` (coins) is what all held together.
        """
        found = self._ledger.venue_accounts.get(venue_account)
        return found.quantities_at(symbol, time, net) if found else {}

    def leverages(self, venue_account: str, symbol: Symbol) -> tuple[int, ...]:
        """Return the leverage of each position in a coin."""
        return tuple(p.leverage for p in self._holders(venue_account, symbol))

    def totals(self, venue_account: str) -> Totals:
        """Return what the exchange account must show: raw USD and net quantities."""
        return (self._ledger.venue_accounts.get(venue_account) or VenueLedger()).totals()

    def drift(self, venue_account: str) -> tuple[Drift, ...]:
        """Return on what ledger and exchange account differed when that was recorded last."""
        return self._ledger.drifts.get(venue_account, ())

    # --- orders, fills, funding -------------------------------------------------------------------

    def order(self, client_id: ClientOrderId) -> OrderRecord | None:
        """Return whose order an id is, with its newest outcome; None if it was never intended."""
        return self._orders.get(client_id)

    def order_count(self, trader: TraderId) -> int:
        """Return how many orders of a trader were ever intended."""
        return self._orders.count_of(trader)

    def orders_of(self, cycle: CycleId) -> tuple[OrderRecord, ...]:
        """Return the orders a cycle's decisions were carried out with, oldest first; looks at all.

        Stops, targets and forced closes of its position are not among them.
        """
        return self._orders.of(cycle)

    def open_orders(self, venue_account: str) -> tuple[OrderRecord, ...]:
        """Return intended orders without a final answer (none, unknown, resting), oldest first."""
        return self._orders.open_in(venue_account)

    def entry_margins(
        self, venue_account: str, but: Collection[ClientOrderId | None] = ()
    ) -> dict[TraderId, Decimal]:
        """Return what entries that are under way take of each trader as margin, in USD.

        That is for coins that are still to be filled, or are and not booked yet. The orders `but`
        are left out.
        """
        return entry_margins(self._orders, venue_account, but)

    def open_exits(self, trader: TraderId, symbol: Symbol) -> tuple[OrderRecord, ...]:
        """Return a trader's stops and targets on a coin without a final answer, oldest first.

        That includes the closes of positions whose exits the engine watches.
        """
        return tuple(self._orders.open_exits(trader, symbol))

    def knows_fill(self, venue_account: str, trade_id: str) -> bool:
        """Tell whether a fill was booked already; known is what the last 30 days brought."""
        found = self._ledger.venue_accounts.get(venue_account)
        return found is not None and found.knows(trade_id)

    def is_booked(self, venue_account: str, fill: Fill) -> bool:
        """Tell whether an execution was booked already, or is so old that it must have been.

        One of an order of which more was answered than booked is new, however old it is.
        """
        return self._ledger.is_booked(venue_account, fill)

    def parts_of(self, venue_account: str, trade_id: str) -> Mapping[TraderId, Decimal]:
        """Return the sizes in coins booked so far of a shared fill that is not yet complete."""
        found = self._ledger.venue_accounts.get(venue_account)
        return dict(found.parts.get(trade_id, {})) if found else {}

    def audit(self, venue_account: str) -> tuple[str, ...]:
        """Return what in a venue account does not add up to the last digit, a sentence each.

        Checked are cash against bookings for each account, and the sums of all accounts against
        what the events say of the exchange account. Anything returned is a defect of nof0.
        """
        found = self._ledger.venue_accounts.get(venue_account)
        if found is None:
            return ()
        with localcontext(EXACT):
            return tuple(found.audit())

    def knows_funding(self, venue_account: str, symbol: Symbol, time: datetime) -> bool:
        """Tell whether a settlement was booked already."""
        found = self._ledger.venue_accounts.get(venue_account)
        return found is not None and found.knows_settlement(symbol, time)

    def opened_at(self, venue_account: str) -> datetime | None:
        """Return as of when the first capital of a venue account was booked (UTC).

        What its exchange account did before is in that capital and in the positions taken over.
        """
        found = self._ledger.venue_accounts.get(venue_account)
        return found.opened_at if found else None

    def last_fill_time(self, venue_account: str) -> datetime | None:
        """Return the time of the newest fill of a venue account (UTC)."""
        found = self._ledger.venue_accounts.get(venue_account)
        return found.last_fill if found else None

    def funding_known_until(self, venue_account: str) -> datetime | None:
        """Return the time of the newest settlement booked on any coin of a venue account (UTC)."""
        found = self._ledger.venue_accounts.get(venue_account)
        return found.last_funding if found else None

    def funding_told_until(self, venue_account: str) -> datetime | None:
        """Return the time of the newest settlement that moved cash at the venue (UTC).

        What traders with opposite positions paid each other is not among them: its hours are those
        of our own clock.
        """
        found = self._ledger.venue_accounts.get(venue_account)
        return found.last_told_funding if found else None

    # --- history ----------------------------------------------------------------------------------

    def venue_account_of(self, trader: TraderId) -> str | None:
        """Return where a trader's account is; None for shared accounts and who has none yet."""
        return self._ledger.homes.get(trader)

    def standing(self, trader: TraderId) -> Standing:
        """Return where a trader stands, also one that has not begun."""
        return self._histories.standing(trader)

    def trades(self, trader: TraderId) -> Sequence[ClosedTrade]:
        """Return a trader's closed trades in the order they closed."""
        return self._histories.trades(trader)

    def performance(self, trader: TraderId, account: AccountState) -> Performance:
        """Return a trader's statistics so far, with its account as it is now."""
        return self._histories.performance(trader, account)

    def curve(self, trader: TraderId) -> Sequence[EquityPoint]:
        """Return a trader's hourly equity, oldest first."""
        return self._histories.curve(trader)

    def past(self, trader: TraderId) -> Feedback:
        """Return what a trader is told about its last answer and its last trades."""
        return self._feedback.of(trader)

    @property
    def open_decisions(self) -> tuple[Event, ...]:
        """Return the `Decided` events whose cycles have not ended, oldest first."""
        return self._cycles.open

    @property
    def newest(self) -> datetime | None:
        """Return the time of the newest event (UTC), None before the first."""
        return self._milestones.newest

    @property
    def inception(self) -> datetime | None:
        """Return when the engine first started on this journal (UTC)."""
        return self._milestones.inception

    @property
    def rebalances(self) -> Sequence[tuple[datetime, Rebalanced]]:
        """Return all rebalances with their times, oldest first."""
        return tuple(self._milestones.rebalances)

    def _account(self, venue_account: str, trader: TraderId) -> Account | None:
        found = self._ledger.venue_accounts.get(venue_account)
        return found.accounts.get(trader) if found else None

    def _holders(self, venue_account: str, symbol: Symbol) -> list[Position]:
        found = self._ledger.venue_accounts.get(venue_account)
        if found is None:
            return []
        held = (account.positions.get(symbol) for account in found.accounts.values())
        return [p for p in held if p is not None]
