"""Everything that is done on one venue account."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import anyio

from nof0_core.border.foreign import Origin
from nof0_core.border.quarantine import Ward
from nof0_core.calls import Timing
from nof0_core.domain.decision import Signal
from nof0_core.domain.event import Drift, OrderIntended, OrderReport
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import EndOfDataError, ProviderError
from nof0_core.execution.approvals import Approvals
from nof0_core.execution.catching_up import CatchUp
from nof0_core.execution.decided import DecidedOrders
from nof0_core.execution.exits import Exits
from nof0_core.execution.fills import Booked, FillReader
from nof0_core.execution.flattening import Flattening
from nof0_core.execution.forced import ForcedCloses
from nof0_core.execution.gateway import Gateway
from nof0_core.execution.guard import Guard
from nof0_core.execution.leverage import Leverage
from nof0_core.execution.limits import LIMITS, Limits
from nof0_core.execution.lost_intents import LostIntents
from nof0_core.execution.mandate import UNBOUNDED, Mandate
from nof0_core.execution.margin_watch import MarginWatch
from nof0_core.execution.nets import Nets
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.execution.orders import OrderManager
from nof0_core.execution.path_watch import ClosedBars, no_bars
from nof0_core.execution.pre_trade import PreTradeCheck
from nof0_core.execution.prices import Prices
from nof0_core.execution.protection import Protection
from nof0_core.execution.reconciliation import Reconciliation
from nof0_core.execution.reports import ExecutionReport
from nof0_core.execution.settling import Settling
from nof0_core.execution.standstill import Standstill
from nof0_core.ids import Symbol, TraderId
from nof0_core.ledger import Position
from nof0_core.money import exactly
from nof0_core.protocols import Capability, ExchangeProvider, UpdateStream, exchange_with
from nof0_core.risk.approval import ApprovedDecision, require_approval
from nof0_core.state.recorder import Recorder
from nof0_core.tempo import Tempo


class ExecutionEngine:
    """All dealings with one exchange account.

    Calls may overlap. Entries are sent one at a time, what protects one at a time beside them, and
    each sees the numbers the one before it left. Sending an entry and placing its stop is one unit
    that no cancellation interrupts; nothing is read in between. Whatever cannot be read keeps
    nothing from acting that is known without it.

    `refusal` is asked right before an entry leaves and says why it must not (empty: it may). `bars`
    tell what prices did between two looks. Nothing leaves without the `mandate`.
    """

    def __init__(
        self,
        *,
        venue_account: str,
        provider: ExchangeProvider,
        recorder: Recorder,
        instruments: Mapping[Symbol, Instrument],
        policies: Mapping[TraderId, OrderPolicy],
        since: datetime,
        tempo: Tempo,
        refusal: Callable[[TraderId], str] = lambda _: "",
        bars: ClosedBars = no_bars,
        limits: Limits = LIMITS,
        ward: Ward | None = None,
        origin: Origin | None = None,
        mandate: Mandate = UNBOUNDED,
    ) -> None:
        self.venue_account = venue_account
        self._provider = provider
        self._recorder = recorder
        self._is_passing = tempo.is_passing
        self._turn = anyio.Lock(fast_acquire=True)
        gateway = self._gateway = Gateway(
            venue_account=venue_account,
            provider=provider,
            clock=recorder.clock,
            limits=limits,
            ward=ward,
            origin=origin,
            shares_answers=tempo.shares_answers,
            mandate=mandate,
        )
        self._exits = Exits(
            venue_account=venue_account,
            state=recorder.state,
            capabilities=gateway.capabilities,
        )
        self._prices = Prices(recorder=recorder, exits=self._exits, policies=policies)
        self._nets = Nets(venue_account=venue_account, state=recorder.state)
        self._leverage = Leverage(gateway=gateway, recorder=recorder)
        self._reconciliation = Reconciliation(venue_account=venue_account, recorder=recorder)
        self._approvals = Approvals(
            venue_account=venue_account,
            recorder=recorder,
            instruments=instruments,
            policies=policies,
            quotes=self._prices.quotes,
            is_passing=tempo.is_passing,
        )
        self._lost_intents = LostIntents(venue_account=venue_account, recorder=recorder)
        self._pre_trade = PreTradeCheck(
            venue_account=venue_account,
            recorder=recorder,
            reconciliation=self._reconciliation,
            nets=self._nets,
            approvals=self._approvals,
            ward=gateway.ward,
            lost_intents=self._lost_intents,
            refusal=refusal,
        )
        self._orders = OrderManager(
            gateway=gateway,
            recorder=recorder,
            refusal=self._pre_trade.refusal_at_sending,
            is_passing=tempo.is_passing,
        )
        self._fills = FillReader(gateway=gateway, recorder=recorder, instruments=instruments)
        self._protection = Protection(
            gateway=gateway,
            exits=self._exits,
            recorder=recorder,
            orders=self._orders,
            instruments=instruments,
            policies=policies,
            bars=bars,
            tries_by_round=tempo.tries_by_round,
        )
        self._catch_up = CatchUp(
            gateway=gateway,
            recorder=recorder,
            orders=self._orders,
            fills=self._fills,
            exits=self._exits,
            reconciliation=self._reconciliation,
            leverage=self._leverage,
            nets=self._nets,
            quotes=self._prices.quotes,
            since=since,
            tempo=tempo,
        )
        self.settling = Settling(
            recorder=recorder, catch_up=self._catch_up, instruments=instruments, turn=self._turn
        )
        self._closes = ForcedCloses(
            gateway=gateway,
            recorder=recorder,
            orders=self._orders,
            pre_trade=self._pre_trade,
            nets=self._nets,
            catch_up=self._catch_up,
            instruments=instruments,
            policies=policies,
            tries_by_round=tempo.tries_by_round,
        )
        self._decided = DecidedOrders(
            venue_account=venue_account,
            instruments=instruments,
            policies=policies,
            prices=self._prices,
            pre_trade=self._pre_trade,
            approvals=self._approvals,
            leverage=self._leverage,
            closes=self._closes,
        )
        self._flattening = Flattening(
            recorder=recorder, closing=self._closes.closing, pre_trade=self._pre_trade
        )
        self._guard = Guard(
            venue_account=venue_account,
            recorder=recorder,
            prices=self._prices,
            margin_watch=MarginWatch(
                venue_account=venue_account, recorder=recorder, instruments=instruments
            ),
            protection=self._protection,
            closes=self._closes,
            catch_up=self._catch_up,
            tempo=tempo,
        )
        self.standstill = Standstill(gateway, recorder.state, self._orders, self._guard)

    @property
    def drift(self) -> tuple[Drift, ...]:
        """Return what differs between ledger and exchange account and is not explained yet."""
        return self._reconciliation.drift

    @property
    def updates(self) -> Callable[[], UpdateStream] | None:
        """Return what opens the venue's stream of updates, None where it has none."""
        found = exchange_with(self._provider, Capability.ORDER_STREAM)
        return None if found is None else found.updates

    def unprotected(self) -> tuple[Position, ...]:
        """Return positions whose trader wants a stop and that have none at the venue."""
        return self._protection.unprotected()

    @property
    def timings(self) -> Mapping[str, Timing]:
        """Return how long calls took, by verb; it goes on counting."""
        return self._gateway.timings

    def give_up(self) -> None:
        """Break off every call to the venue, and make no more: the run is being ended."""
        self._gateway.give_up()

    def overdue(self, now: float) -> str:
        """Say which call hangs at `now` (event loop's time); empty if none does."""
        return self._gateway.overdue(now)

    @exactly
    async def submit(
        self, approved: Sequence[ApprovedDecision], quotes: Mapping[Symbol, Quote]
    ) -> ExecutionReport:
        """Carry out what the risk gate approved: closes first, then opens, then exits.

        What follows a close of its coin leaves once that is filled and its exits are taken away.

        Raises:
            TypeError: for anything that is not an `ApprovedDecision`.
        """
        for decision in approved:
            require_approval(decision)
        closes = [a for a in approved if a.decision.signal is Signal.CLOSE]
        opens = [a for a in approved if a.decision.signal.is_entry]
        if not closes and not opens:
            return ExecutionReport()
        self._prices.take(quotes)
        reports: list[OrderReport] = []
        sent: list[OrderIntended] = []
        for decision in closes:
            made = await self._decided.close(decision)
            if isinstance(made, OrderReport):
                reports.append(made)
            else:
                sent += made
        turned = {a.decision.symbol for a in closes}.intersection(a.decision.symbol for a in opens)
        before, first = Booked(), tuple(sent)
        if turned:
            before = await self._catch_up.book_sent(sent)
            await self._guard.protect()
            sent.clear()
        if opens:
            async with self._gateway.unit() as leave_lane:
                intents: list[OrderIntended] = []
                for decision in opens:
                    entry = await self._decided.entry(decision, turned)
                    if isinstance(entry, OrderReport):
                        reports.append(entry)
                    else:
                        intents.append(entry)
                try:
                    await self._orders.send(intents, self._gateway.limits.place)
                finally:
                    self._approvals.forget(intents)
                sent += intents
                await leave_lane()
                await self._guard.protect()
        booked = await self._catch_up.book_sent(sent)
        await self._guard.protect()
        reports += self._orders.reports([*(first if turned else ()), *sent])
        return ExecutionReport(
            orders=tuple(reports),
            fills=(*before.fills, *booked.fills),
            trouble="; ".join((*before.trouble, *booked.trouble)),
        )

    @exactly
    async def sync(self, quotes: Mapping[Symbol, Quote]) -> tuple[str, ...]:
        """Catch up with the venue, keep exits in place and compare both sides.

        A simulated venue is handed the quotes first: they are what makes time pass there. No entry
        leaves before the first call, nor, where anything here fails, until it has worked again.

        Returns:
            What could not be read, a sentence each. Protection has acted all the same.

        Raises:
            EndOfDataError: a recording is over.
            JournalError: the ledger does not add up, or cannot be written.
        """
        self._prices.look(quotes)
        async with self._turn:
            self._guard.begin_round()
            trouble = [*(await self._catch_up.book_executions()).trouble]
            if self._is_passing:
                # What follows may take long; this needs none of it.
                await self._guard.protect()
            try:
                seen = await self._catch_up.report()
                self._prices.see(seen.answer)
                known = self._recorder.last_seq
                trouble += await self._catch_up.refresh_orders(seen.answer)
                if self._recorder.state.unbooked(self.venue_account):
                    # Executed since fills were read.
                    trouble += (await self._catch_up.book_executions()).trouble
            except EndOfDataError:
                raise
            except ProviderError as error:
                seen = None
                trouble.append(str(error))
                trouble += await self._catch_up.refresh_orders(None)
            await self._guard.protect()
            if seen is not None and not trouble and not self._orders.travelling:
                # What was done meanwhile is not in it, and what travels may be there or not.
                is_old = self._recorder.last_seq != known
                trouble += await self._catch_up.compare(seen, is_old=is_old)
            if seen is not None:
                self._catch_up.unassigned.look(seen.answer.orders)
                self._lost_intents.look(seen.answer.orders)
            if trouble:
                self._reconciliation.doubt()
        return tuple(trouble)

    @exactly
    async def guard(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Protect on what is known: cheap where all is as it should be, and nothing is read first.

        Called once a second where time runs by itself, beside syncs, while one hangs, and also
        while the call before is not done: each position is worked on by one call at a time.
        """
        self._prices.look(quotes)
        await self._guard.protect()

    @exactly
    async def settle_hour(self, hour: datetime, quotes: Mapping[Symbol, Quote]) -> None:
        """Settle what the venue does not see: funding between positions that net to nothing."""
        self._fills.settle_netted(hour, quotes)

    @exactly
    async def close(
        self,
        trader: TraderId,
        symbol: Symbol,
        quotes: Mapping[Symbol, Quote],
        purpose: OrderPurpose,
    ) -> None:
        """Close a trader's own position in a coin, whatever the others hold."""
        self._prices.take(quotes)
        found = [p for p in self._exits.positions if (p.trader, p.symbol) == (trader, symbol)]
        sent: list[OrderIntended] = []
        for position in found:
            sent += await self._closes.close(position, self._prices.best, purpose)
        await self._guard.after(sent)

    @exactly
    async def flatten(self, traders: Collection[TraderId], quotes: Mapping[Symbol, Quote]) -> None:
        """Close all that some traders hold; what is opposite is set off, the net goes to the venue.

        What could not be closed now is tried again at the next call.
        """
        self._prices.take(quotes)
        self._flattening.set_off(
            [p for p in self._exits.positions if p.trader in traders], self._prices.best
        )
        sent: list[OrderIntended] = []
        for position in self._exits.positions:
            if position.trader in traders:
                sent += await self._closes.close(position, self._prices.best, OrderPurpose.FLATTEN)
        await self._guard.after(sent)
