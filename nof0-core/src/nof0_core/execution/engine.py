"""Everything that is done on one venue account, one thing at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import anyio
import attrs

from nof0_core.domain.account import AccountReport
from nof0_core.domain.decision import Signal
from nof0_core.domain.event import Drift, OrderIntended, OrderReport
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderPurpose, OrderStatus
from nof0_core.domain.position import ProtectionMode
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import EndOfDataError, ProviderError
from nof0_core.execution import order_factory
from nof0_core.execution.closing import Closing
from nof0_core.execution.fills import VERY_LATE, FillReader
from nof0_core.execution.leverage import Leverage
from nof0_core.execution.margin_watch import MarginWatch
from nof0_core.execution.order_factory import OrderPolicy, Refusal
from nof0_core.execution.orders import OrderManager
from nof0_core.execution.pre_trade import PreTradeCheck
from nof0_core.execution.protection import Protection
from nof0_core.execution.reconciliation import Reconciliation
from nof0_core.execution.reports import not_sent
from nof0_core.ids import ClientOrderId, Symbol, TraderId
from nof0_core.ledger import Position
from nof0_core.money import exactly
from nof0_core.protocols import Capability, ExchangeProvider, UpdateStream, exchange_with
from nof0_core.risk.approval import ApprovedDecision, require_approval
from nof0_core.state.recorder import Recorder


@attrs.frozen(kw_only=True)
class ExecutionReport:
    """What became of the approved decisions of one cycle."""

    orders: tuple[OrderReport, ...] = ()
    fills: tuple[Fill, ...] = ()


class ExecutionEngine:
    """All dealings with one exchange account.

    Every public method holds the venue account's lock, so traders that decide at the same time are
    served one after the other and each sees the numbers the one before it left. `refusal` is asked
    right before an entry leaves and says why it must not (empty: it may).
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
        refusal: Callable[[TraderId], str] = lambda _: "",
    ) -> None:
        self.venue_account = venue_account
        self._provider = provider
        self._simulated = exchange_with(provider, Capability.ACCEPTS_MARKS)
        self._is_caught_up = False
        self._recorder = recorder
        self._instruments = instruments
        self._policies = policies
        self._since = since
        self._lock = anyio.Lock(fast_acquire=True)
        self._leverage = Leverage(venue_account=venue_account, provider=provider, recorder=recorder)
        self._reconciliation = Reconciliation(venue_account=venue_account, recorder=recorder)
        self._pre_trade = PreTradeCheck(
            venue_account=venue_account,
            recorder=recorder,
            reconciliation=self._reconciliation,
            refusal=refusal,
        )
        self._orders = OrderManager(
            venue_account=venue_account,
            provider=provider,
            recorder=recorder,
            refusal=self._pre_trade.refusal_at_sending,
        )
        self._fills = FillReader(
            venue_account=venue_account,
            provider=provider,
            recorder=recorder,
            instruments=instruments,
        )
        self._closing = Closing(
            venue_account=venue_account,
            recorder=recorder,
            instruments=instruments,
            policies=policies,
        )
        self._margin_watch = MarginWatch(
            venue_account=venue_account, recorder=recorder, instruments=instruments
        )
        self._protection = Protection(
            venue_account=venue_account,
            capabilities=provider.capabilities,
            recorder=recorder,
            orders=self._orders,
            instruments=instruments,
            policies=policies,
        )

    @property
    def drift(self) -> tuple[Drift, ...]:
        """Return what differed between ledger and exchange account at the last look."""
        return self._reconciliation.drift

    @property
    def updates(self) -> Callable[[], UpdateStream] | None:
        """Return what opens the venue's stream of updates, None where it has none."""
        found = exchange_with(self._provider, Capability.ORDER_STREAM)
        return None if found is None else found.updates

    @exactly
    async def submit(
        self, approved: Sequence[ApprovedDecision], quotes: Mapping[Symbol, Quote]
    ) -> ExecutionReport:
        """Carry out what the risk gate approved: closes first, then opens, then exits.

        Raises:
            TypeError: for anything that is not an `ApprovedDecision`.
        """
        for decision in approved:
            require_approval(decision)
        closes = [a for a in approved if a.decision.signal is Signal.CLOSE]
        opens = [a for a in approved if a.decision.signal.is_entry]
        if not closes and not opens:
            return ExecutionReport()
        async with self._lock:
            reports: list[OrderReport] = []
            fills: list[Fill] = []
            for batch in (closes, opens):
                intents: list[OrderIntended] = []
                for decision in batch:
                    made = await self._intent(decision, quotes)
                    if isinstance(made, OrderReport):
                        reports.append(made)
                    else:
                        intents.append(made)
                # Setting leverage takes time, in which a halt may have come. The sender asks again.
                intents, stopped = self._pre_trade.sort_out(intents)
                reports += stopped
                if intents:
                    sent = await self._orders.send(intents)
                    fills += await self._book_sent(sent, quotes)
                    reports += sent
            await self._guard(quotes)
            return ExecutionReport(orders=tuple(reports), fills=tuple(fills))

    @exactly
    async def sync(self, quotes: Mapping[Symbol, Quote]) -> tuple[str, ...]:
        """Catch up with the venue, keep exits in place and compare both sides.

        Returns what could not be read, a sentence each; empty if all went well.

        A simulated venue is handed the quotes first: they are what makes time pass there. No entry
        leaves before the first call, nor, where anything here fails, until it has worked again.
        """
        try:
            await self._sync(quotes)
        except EndOfDataError:
            raise
        except ProviderError as error:
            return (str(error),)
        return ()

    @exactly
    async def guard(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Protect on what is known."""
        async with self._lock:
            await self._guard(quotes)

    @exactly
    async def flatten(self, traders: Collection[TraderId], quotes: Mapping[Symbol, Quote]) -> None:
        """Close what these traders hold."""
        for position in self._recorder.state.positions(self.venue_account):
            if position.trader in traders:
                await self.close(position.trader, position.symbol, quotes, OrderPurpose.FLATTEN)

    def unprotected(self) -> tuple[Position, ...]:
        """Return positions of traders that have no live stop though they want one."""
        return tuple(
            position
            for position in self._recorder.state.positions(self.venue_account)
            if position.trader in self._policies
            and position.plan.stop_loss is not None
            and position.protection is not ProtectionMode.ENGINE
            and position.stop_order_id is None
        )

    def overdue(self, now_monotonic: float) -> str:  # noqa: ARG002
        """Name the call that has run longer than 60 s of real time; empty if none has."""
        return ""

    async def _sync(self, quotes: Mapping[Symbol, Quote]) -> None:
        async with self._lock:
            self._reconciliation.doubt()
            await self._book_executions(quotes)
            report, seen = await self._provider.report(), self._recorder.journal.last_seq
            await self._refresh_orders(report)
            await self._close_insolvent(quotes)
            await self._guard(quotes)
            if self._recorder.journal.last_seq != seen:
                # What was done meanwhile is not in it.
                report = await self._provider.report()
            await self._compare(report, quotes)

    @exactly
    async def settle_hour(self, hour: datetime, quotes: Mapping[Symbol, Quote]) -> None:
        """Settle what the venue does not see: funding between positions that net to nothing."""
        async with self._lock:
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
        async with self._lock:
            if self._recorder.state.position(trader, symbol) is not None:
                await self._close(trader, symbol, quotes, purpose)
                await self._guard(quotes)

    # --- one step each, lock held -------------------------------------------------------------

    async def _intent(
        self, approved: ApprovedDecision, quotes: Mapping[Symbol, Quote]
    ) -> OrderIntended | OrderReport:
        symbol = approved.decision.symbol
        state = self._recorder.state
        position = state.position(approved.trader, symbol)
        quote, instrument = quotes.get(symbol), self._instruments.get(symbol)
        if quote is None or instrument is None:
            return not_sent(approved, "no price for the coin")
        policies = self._policies[approved.trader]
        if approved.decision.signal is Signal.CLOSE:
            if position is None:
                return not_sent(approved, "the position is already closed")
            if self._pre_trade.is_under_way(approved.trader, symbol):
                return not_sent(approved, "an order on the coin is still on its way")
            made = self._closing.order(position, approved.cycle, quotes, OrderPurpose.CLOSE)
            return not_sent(approved, made.reason) if isinstance(made, Refusal) else made
        refused = self._pre_trade.refusal(approved)
        if refused:
            return not_sent(approved, refused)
        made = order_factory.open_order(approved, quote, instrument, policies, self.venue_account)
        if isinstance(made, Refusal):
            return not_sent(approved, made.reason)
        refusal = await self._leverage.prepare(symbol, approved.leverage, policies.margin_mode)
        return not_sent(approved, refusal) if refusal else made

    async def _close(
        self,
        trader: TraderId,
        symbol: Symbol,
        quotes: Mapping[Symbol, Quote],
        purpose: OrderPurpose,
    ) -> None:
        """Close what the trader holds now: since it was looked at, an exit may have been filled."""
        position = self._recorder.state.position(trader, symbol)
        if position is None or self._pre_trade.is_under_way(trader, symbol):
            return
        made = self._closing.order(position, position.cycle, quotes, purpose)
        if isinstance(made, Refusal):
            self._closing.alert(position, made.reason)
            return
        await self._book_sent(await self._orders.send([made]), quotes)

    async def _book_executions(self, quotes: Mapping[Symbol, Quote]) -> tuple[Fill, ...]:
        """Let a simulated venue have the prices, and book what was executed since the last look.

        Such a venue hands over all it executes. It is asked for more only after a start, after a
        look in which something failed, for what it handed over then may not have been booked, and
        while ledger and account differ: what is missing has to be booked before what came later.
        """
        if self._simulated is None:
            return await self._fills.book_new(self._since, quotes)
        is_known = self._is_caught_up and not self.drift
        self._is_caught_up = False
        handed_over = await self._simulated.accept_marks(quotes)
        if is_known:
            booked = await self._fills.book_handed_over(handed_over, self._since, quotes)
        else:
            booked = await self._fills.book_new(self._since, quotes)
        self._is_caught_up = True
        return booked

    async def _book_sent(
        self, sent: Sequence[OrderReport], quotes: Mapping[Symbol, Quote]
    ) -> tuple[Fill, ...]:
        """Book what orders that were just sent have executed, and what went before it.

        What the answers tell is enough where each order was filled whole and nothing else of ours
        waited on its coin: a stop that fired a moment earlier has to be booked first.
        """
        told = self._orders.take_fills()
        sizes: defaultdict[ClientOrderId | None, Decimal] = defaultdict(Decimal)
        for fill in told:
            sizes[fill.client_id] += fill.size
        waiting = {order.symbol for order in self._recorder.state.open_orders(self.venue_account)}
        is_all = all(
            report.status is OrderStatus.FILLED
            and report.symbol not in waiting
            and report.outcome is not None
            and report.outcome.filled_size == sizes[report.outcome.client_id]
            for report in sent
        )
        if is_all and self._simulated is None:
            return await self._fills.book_handed_over(told, self._since, quotes)
        return await self._book_executions(quotes)

    async def _guard(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Close what the engine watches and is due, then see that every position has its exits."""
        for position, kind in self._protection.due(quotes):
            await self._close(position.trader, position.symbol, quotes, OrderPurpose(kind.value))
        for position in await self._protection.ensure():
            await self._close(position.trader, position.symbol, quotes, OrderPurpose.UNPROTECTED)
            await self._protection.ensure()

    async def _refresh_orders(self, report: AccountReport) -> None:
        """Ask about every order we think is open and the venue does not list (any more)."""
        resting = {order.client_id for order in report.orders}
        for record in self._recorder.state.open_orders(self.venue_account):
            if record.client_id not in resting:
                await self._orders.refresh(record.client_id)

    async def _close_insolvent(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Close out traders whose own margin is used up, before they lose what others own."""
        for position in self._margin_watch.due(quotes):
            await self._close(position.trader, position.symbol, quotes, OrderPurpose.LIQUIDATION)

    async def _compare(self, report: AccountReport, quotes: Mapping[Symbol, Quote]) -> None:
        """Compare both sides; what differs is looked at twice.

        Between reading fills and positions a stop may have been filled, which is no drift. And what
        is missing may be on the statement by now, behind what was read already.
        """
        marks = {symbol: quote.mark for symbol, quote in quotes.items()}
        drift = self._reconciliation.differences(report, marks)
        if drift:
            await self._fills.book_new(self._since, quotes, late=VERY_LATE)
            report = await self._provider.report()
            drift = self._reconciliation.differences(report, marks)
        self._leverage.refresh(report.positions)
        self._reconciliation.settle(drift)
