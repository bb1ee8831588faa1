"""Learning what has happened at the venue, and comparing both sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import anyio

from nof0_core.border.answers import Told
from nof0_core.domain.account import AccountReport
from nof0_core.domain.event import Drift, OrderIntended
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import EndOfDataError, ProviderError, TransientError
from nof0_core.execution.account_record import AccountRecord
from nof0_core.execution.exits import Exits
from nof0_core.execution.fills import VERY_LATE, Booked, FillReader
from nof0_core.execution.flights import Seen
from nof0_core.execution.gateway import NEVER, Gateway
from nof0_core.execution.leverage import Leverage
from nof0_core.execution.nets import Nets
from nof0_core.execution.orders import OrderManager
from nof0_core.execution.reconciliation import Reconciliation
from nof0_core.execution.unassigned_watch import UnassignedWatch
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.state.recorder import Recorder
from nof0_core.tempo import Tempo


class CatchUp:
    """Reads one venue account; what cannot be read is told in sentences and hurts nothing else.

    `quotes` are the newest there are; they change as others are fetched. What was before `since`
    is not booked.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        recorder: Recorder,
        orders: OrderManager,
        fills: FillReader,
        exits: Exits,
        reconciliation: Reconciliation,
        leverage: Leverage,
        nets: Nets,
        quotes: Mapping[Symbol, Quote],
        since: datetime,
        tempo: Tempo,
    ) -> None:
        self.venue_account = gateway.venue_account
        self._gateway = gateway
        self._recorder = recorder
        self._at_once = tempo.at_once
        self._orders = orders
        self._fills = fills
        self._exits = exits
        self.reconciliation = reconciliation
        self._leverage = leverage
        self._nets = nets
        self._quotes = quotes
        self._since = since
        self._is_caught_up = False
        self._handed_at: datetime | None = None
        self.record = AccountRecord(
            venue_account=gateway.venue_account,
            recorder=recorder,
            by_day=tempo.accounts_by_day,
        )
        self.unassigned = UnassignedWatch(venue_account=gateway.venue_account, recorder=recorder)

    @property
    def is_caught_up(self) -> bool:
        """Tell whether the last look booked all there was."""
        return self._is_caught_up

    async def report(self, *, asked_after: float = NEVER) -> Seen[AccountReport]:
        """Ask for the account, and record what is new of it.

        Exits that it does not list are doubted until they are asked for.

        Orders that counted as dead and wait there all the same live again.

        Raises:
            ProviderError: there is no report.
        """
        seen = await self._gateway.report(asked_after=asked_after)
        self.record.look(seen.answer)
        self._nets.see(seen)
        self._orders.revive(seen.answer.orders)
        listed = {order.client_id for order in seen.answer.orders}
        for record in self._recorder.state.open_orders(self._gateway.venue_account):
            since = self._orders.resting_since.get(record.client_id, NEVER)
            if record.request.trigger is not None and since < seen.asked_at:
                is_listed = record.client_id in listed
                self._exits.doubt(record.client_id, is_doubtful=not is_listed)
        return seen

    async def book_executions(self) -> Booked:
        """Let a simulated venue have the prices, and book what was executed since the last look.

        Such a venue hands over all it executes. It is asked for more only after a start, after a
        look in which something failed, for what it handed over then may not have been booked, and
        while ledger and account differ or something is answered that is neither booked nor handed
        over: what is missing has to be booked before what came later.
        """
        unbooked = self._recorder.state.unbooked(self._gateway.venue_account)
        is_known = self._is_caught_up and not self.reconciliation.drift
        self._is_caught_up = False
        try:
            if self._gateway.is_simulated:
                now = self._recorder.clock.now()
                handed_over = await self._gateway.accept_marks(self._quotes)
                self._handed_at = now
                if is_known and self._has_all(handed_over, unbooked):
                    booked = await self._fills.book_handed_over(
                        handed_over, self._since, self._quotes
                    )
                    # A bad row is looked for on the statement.
                    self._is_caught_up = booked.is_complete
                    return booked
            booked = await self._fills.book_new(self._since, self._quotes)
        except EndOfDataError:
            raise
        except ProviderError as error:
            return Booked(trouble=(str(error),))
        self._is_caught_up = booked.is_complete
        return booked

    def _has_all(self, told: Told[Fill], orders: Sequence[OrderRecord]) -> bool:
        """Tell whether all that orders executed and nobody has booked is among what was told."""
        if not orders:
            return True
        sizes: defaultdict[ClientOrderId | None, Decimal] = defaultdict(Decimal)
        for fill in told.good:
            if not self._recorder.state.is_booked(self.venue_account, fill):
                sizes[fill.client_id] += fill.size
        return all(sizes[order.client_id] >= order.unbooked for order in orders)

    async def book_sent(self, sent: Sequence[OrderIntended]) -> Booked:
        """Book what orders that were just sent have executed, and what went before it.

        What the answers tell is enough where each order was filled whole and nothing else of ours
        waited on its coin: a stop that fired a moment earlier has to be booked first. At a
        simulated venue nothing else has happened as long as its time has not moved since it had
        the prices; what else the orders set off there it hands over at the next look.
        """
        if not sent:
            return Booked()
        await self._orders.settle([intent.request.client_id for intent in sent])
        told = self._orders.take_fills()
        if not self._are_all(sent, told):
            return await self.book_executions()
        booked = await self._fills.book_handed_over(Told(tuple(told)), self._since, self._quotes)
        if not booked.is_complete and self._gateway.is_simulated:
            self._is_caught_up = False
        return booked

    def _are_all(self, sent: Sequence[OrderIntended], told: Sequence[Fill]) -> bool:
        """Tell whether what answers told is all that orders did, with nothing before it."""
        state, ids = self._recorder.state, {intent.request.client_id for intent in sent}
        sizes: defaultdict[ClientOrderId | None, Decimal] = defaultdict(Decimal)
        for fill in told:
            sizes[fill.client_id] += fill.size
        records = [state.order(client_id) for client_id in ids]
        for record in records:
            outcome = record.outcome if record is not None else None
            if outcome is None or outcome.status is not OrderStatus.FILLED:
                return False
            if outcome.filled_size != sizes[outcome.client_id]:
                return False
        if self._gateway.is_simulated:
            return self._is_same_moment(told, ids)
        first = min(record.seq for record in records if record is not None)
        coins = {intent.request.symbol for intent in sent}
        return not any(
            order.seq < first and order.symbol in coins
            for order in state.open_orders(self._gateway.venue_account)
        )

    def _is_same_moment(self, told: Sequence[Fill], ids: Collection[ClientOrderId]) -> bool:
        """Tell whether a simulated venue has done nothing else since it had the prices.

        What may be missing from before, as in `book_executions`, has to be booked first.
        """
        return (
            self._is_caught_up
            and not self.reconciliation.drift
            and all(fill.time == self._handed_at for fill in told)
            and all(o.client_id in ids for o in self._recorder.state.unbooked(self.venue_account))
        )

    async def refresh_orders(self, report: AccountReport | None) -> list[str]:
        """Ask about every order we think is open and the venue does not list (any more).

        Without a report about those of which nobody knows: one that may be a close under way keeps
        another from leaving.

        One whose answer is still awaited may be anywhere, which is nobody's trouble.
        """
        resting = None if report is None else {order.client_id for order in report.orders}
        unlisted = [
            record
            for record in self._recorder.state.open_orders(self._gateway.venue_account)
            if record.is_unknown or (resting is not None and record.client_id not in resting)
        ]
        unclear: list[OrderRecord] = []
        if not self._at_once:
            for record in unlisted:
                await self._refresh(record, unclear)
        elif unlisted:
            async with anyio.create_task_group() as tasks:
                for record in unlisted:
                    tasks.start_soon(self._refresh, record, unclear)
        return [f"the state of {len(unclear)} orders"] if unclear else []

    async def _refresh(self, record: OrderRecord, unclear: list[OrderRecord]) -> None:
        """Ask about one order; if nobody can say where it ought to be, it is an `unclear` one."""
        is_travelling = record.client_id in self._orders.travelling
        is_known = await self._orders.refresh(record.client_id)
        if not is_known:
            if not is_travelling:
                unclear.append(record)
        elif record.request.trigger is not None:
            self._exits.doubt(record.client_id, is_doubtful=False)

    def differences(self, report: AccountReport) -> tuple[Drift, ...]:
        """Return what the ledger and a report differ on, at the newest marks.

        Raises:
            JournalError: the ledger does not add up in itself.
        """
        marks = {symbol: quote.mark for symbol, quote in self._quotes.items()}
        return self.reconciliation.differences(report, marks)

    async def look_again(self) -> tuple[Seen[AccountReport], tuple[Drift, ...]]:
        """Read statement and account anew; return the account and what it and the ledger differ on.

        Raises:
            JournalError: the ledger does not add up in itself.
            ProviderError: they cannot be read, or something was booked while they were.
        """
        booked = await self._fills.book_new(self._since, self._quotes, late=VERY_LATE)
        if booked.trouble:
            raise TransientError("; ".join(booked.trouble))
        before = self.reconciliation.expected()
        seen = await self.report(asked_after=anyio.current_time())
        if self.reconciliation.expected() != before:
            message = "something was booked while the account was read"
            raise TransientError(message)
        return seen, self.differences(seen.answer)

    async def compare(self, seen: Seen[AccountReport], *, is_old: bool) -> list[str]:
        """Compare both sides, with a new report where `seen` is old; what differs is seen twice.

        Between reading fills and positions a stop may have been filled, which is no drift. And what
        is missing may be on the statement by now, behind what was read already.
        """
        try:
            if is_old:
                seen = await self.report(asked_after=seen.asked_at)
            drift = self.differences(seen.answer)
            if drift:
                await self._fills.book_new(self._since, self._quotes, late=VERY_LATE)
                seen = await self.report(asked_after=seen.asked_at)
                drift = self.differences(seen.answer)
        except EndOfDataError:
            raise
        except ProviderError as error:
            return [str(error)]
        self._leverage.refresh(seen.answer.positions)
        self.reconciliation.conclude(drift, seen)
        return []
