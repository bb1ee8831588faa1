"""The exchange provider: the paper venue behind the engine's protocol."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext

from nof0_core.clock import Clock, let_pass
from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import MarginMode
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import TransientError
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.money import EXACT, ZERO
from nof0_core.protocols import Capability
from nof0_provider_sim.exchange import margin
from nof0_provider_sim.exchange.execution import Execution
from nof0_provider_sim.exchange.feed import Feed
from nof0_provider_sim.exchange.latency import Latency
from nof0_provider_sim.exchange.margin import Instruments
from nof0_provider_sim.exchange.pairs import pairs
from nof0_provider_sim.exchange.present import Present, Room
from nof0_provider_sim.exchange.store import NoStore, Store
from nof0_provider_sim.exchange.venue import Venue

CAPABILITIES = frozenset(
    {
        Capability.TRIGGER_ORDERS,
        Capability.REDUCE_ONLY,
        Capability.REDUCE_OWN,
        Capability.BATCH,
        Capability.WHOLE_POSITION,
        Capability.FUNDING,
        Capability.ACCEPTS_MARKS,
        Capability.NEXT_EVENT,
    }
)


class SimExchange:
    """One paper account; every call first brings the venue to the present.

    Orders arrive after the latency and are filled at the price of that moment. On a lockstep clock
    nobody waits: the order is judged at its time of arrival, ahead of the clock by the latency.
    Calls are carried out one at a time, and all a call did is on disk when it returns. A call that
    is cancelled before the order has arrived does nothing.
    """

    def __init__(
        self,
        *,
        section: str,
        clock: Clock,
        feed: Feed,
        execution: Execution,
        venue: Venue,
        store: Store | NoStore,
        instruments: Instruments,
        latency: Latency,
    ) -> None:
        self._section = section
        self._clock = clock
        self._feed = feed
        self._state = execution.state
        self._venue = venue
        self._instruments = instruments
        self._latency = latency
        self._room = Room(clock=clock, feed=feed, execution=execution, venue=venue, store=store)
        self._handed_over = execution.state.fill_count

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what the venue can do."""
        return CAPABILITIES

    async def report(self) -> AccountReport:
        """Return account, positions by symbol and waiting orders, oldest first, of one moment.

        Margin of waiting orders is not available.
        """
        async with self._present():
            account, marks = self._state.account, self._marks()
            equity = account.equity(marks)
            used = margin.used(account, marks, self._instruments)
            waiting = list(self._state.book.open())
            held_back = margin.reserved(account, self._state.book.opening(), self._instruments)
            now = from_ms(self._state.time_ms)
            return AccountReport(
                time=now,
                account=VenueAccount(
                    time=now,
                    equity=equity,
                    raw_usd=account.raw_usd,
                    margin_used=used,
                    available=max(ZERO, equity - used - held_back),
                ),
                positions=tuple(margin.positions(account, marks, self._instruments)),
                orders=tuple(order.shown() for order in waiting),
            )

    async def place(
        self,
        orders: Sequence[OrderRequest],
        *,
        expires_at: datetime | None,  # noqa: ARG002 - None: there is no EXPIRY
    ) -> Sequence[OrderOutcome]:
        """Send orders and return one outcome for each, in the same order, with its executions.

        Raises:
            TransientError: there is no price of a coin that is held; nothing was placed.
            ProviderError: the account's file cannot be written.
        """
        sent = to_ms(self._clock.now())
        arrival = await self._travel(sent, [order.client_id for order in orders])
        async with self._present({order.symbol for order in orders}, arrival):
            self._marks()
            paired = pairs(orders)
            return [self._venue.place(order, sent, paired.get(order.client_id)) for order in orders]

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> Sequence[OrderOutcome]:
        """Cancel orders; the outcome is `canceled`, or the state that made it impossible."""
        arrival = await self._travel(to_ms(self._clock.now()), client_ids)
        async with self._present((), arrival):
            return [self._venue.cancel(client_id) for client_id in client_ids]

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order by client id, open or done; None if the venue knows none.

        It knows one that ended for 30 days of its life, and longer while no more than 2,000 orders
        ended later. Executions and funding payments are remembered as long, each by its own count.
        """
        async with self._present():
            return self._state.book.shown(client_id)

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return all executions at or after `since` (UTC), oldest first."""
        async with self._present():
            return self._state.fills(since)

    async def funding(self, since: datetime) -> Sequence[FundingPayment]:
        """Return all funding settlements at or after `since` (UTC), oldest first."""
        async with self._present():
            return self._state.funding(since)

    async def set_leverage(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> None:
        """Set the leverage of a coin for this account.

        Raises:
            RejectedError: the venue does not allow it.
        """
        async with self._present({symbol}):
            self._venue.set_leverage(symbol, leverage, margin_mode)

    async def accept_marks(self, quotes: Mapping[Symbol, Quote]) -> Sequence[Fill]:
        """Take quotes the engine just fetched; stops and resting orders they reach execute.

        Without a recording this is what moves the venue. Quotes of a recorded market are not
        needed: every bar of it is judged anyway.

        Returns:
            All executions since the last call, or since the exchange was opened.
        """
        feed = self._feed
        if feed.is_live:
            feed.push(quotes, to_ms(self._clock.now()))
        async with self._present():
            fresh = self._state.fills_after(self._handed_over)
            self._handed_over = self._state.fill_count
            return fresh

    def next_event(self, after: datetime, until: datetime) -> datetime | None:
        """Return when in (after, until] a trigger, a liquidation or funding may come; else None.

        What may come for sure only at the present of a live market is said to come at once.
        """
        with localcontext(EXACT):
            found = self._venue.next_event(to_ms(after), to_ms(until))
        return None if found is None else from_ms(found)

    async def _travel(self, sent_ms: int, client_ids: Sequence[ClientOrderId]) -> int:
        arrival = sent_ms + self._latency.of(client_ids)
        await let_pass(self._clock, from_ms(arrival))
        return arrival

    def _present(self, symbols: Collection[Symbol] = (), arrival_ms: int = 0) -> Present:
        """Hold the venue at the present, or at `arrival_ms` if later, and save what happens."""
        wanted = {symbol for symbol in symbols if symbol in self._instruments}
        return Present(self._room, wanted, arrival_ms)

    def _marks(self) -> dict[Symbol, Decimal]:
        marks = self._venue.marks()
        held = self._state.account.positions
        if len(marks) < len(held):
            missing = sorted(set(held) - set(marks))
            msg = f"the market tells no price of {', '.join(missing)}"
            raise TransientError(msg, section=self._section)
        return marks
