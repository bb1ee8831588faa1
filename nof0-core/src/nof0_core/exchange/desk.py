"""The desk: everything that is done on one exchange section, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import anyio
import attrs

from nof0_core.domain.account import VenueAccount
from nof0_core.domain.decision import Signal
from nof0_core.domain.event import Drift, OrderIntended, OrderReport
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.snapshot import Quote
from nof0_core.exchange import plan
from nof0_core.exchange.agreement import Agreement
from nof0_core.exchange.books import Books
from nof0_core.exchange.closing import Closing
from nof0_core.exchange.hindrance import Hindrance
from nof0_core.exchange.insolvency import PURPOSE as LIQUIDATION
from nof0_core.exchange.insolvency import Insolvency
from nof0_core.exchange.leverage import Leverage
from nof0_core.exchange.plan import Refusal, Terms
from nof0_core.exchange.protection import Protection
from nof0_core.exchange.sender import Sender
from nof0_core.exchange.statement import VERY_LATE, Statement
from nof0_core.exchange.unsent import not_sent
from nof0_core.ids import Symbol, TraderId
from nof0_core.money import exactly
from nof0_core.protocols import AcceptsMarks, ExchangeProvider
from nof0_core.risk.approval import ApprovedDecision, require_approval


@attrs.frozen(kw_only=True)
class Carried:
    """What became of the approved decisions of one cycle."""

    orders: tuple[OrderReport, ...] = ()
    fills: tuple[Fill, ...] = ()


class Desk:
    """All dealings with one exchange account.

    Every public method holds the section's lock, so traders that decide at the same time are
    served one after the other and each sees the numbers the one before it left. `obstacle` is asked
    right before an entry leaves and says why it must not (empty: it may).
    """

    def __init__(
        self,
        *,
        section: str,
        provider: ExchangeProvider,
        books: Books,
        instruments: Mapping[Symbol, Instrument],
        terms: Mapping[TraderId, Terms],
        since: datetime,
        obstacle: Callable[[TraderId], str] = lambda _: "",
    ) -> None:
        self.section = section
        self._provider = provider
        self._paper = provider if isinstance(provider, AcceptsMarks) else None
        self._books = books
        self._instruments = instruments
        self._terms = terms
        self._since = since
        self._lock = anyio.Lock(fast_acquire=True)
        self._leverage = Leverage(section=section, provider=provider, books=books)
        self._agreement = Agreement(section=section, provider=provider, books=books)
        self._hindrance = Hindrance(
            section=section, books=books, agreement=self._agreement, obstacle=obstacle
        )
        self._sender = Sender(
            section=section, provider=provider, books=books, objection=self._hindrance.objection
        )
        self._statement = Statement(
            section=section, provider=provider, books=books, instruments=instruments
        )
        self._closing = Closing(section=section, books=books, instruments=instruments, terms=terms)
        self._insolvency = Insolvency(section=section, books=books, instruments=instruments)
        self._protection = Protection(
            section=section,
            capabilities=provider.capabilities,
            books=books,
            sender=self._sender,
            instruments=instruments,
            terms=terms,
        )

    @property
    def drift(self) -> tuple[Drift, ...]:
        """Return what differed between ledger and exchange account at the last look."""
        return self._agreement.drift

    async def account(self) -> VenueAccount:
        """Return the exchange account as the venue sees it."""
        return await self._provider.account()

    @exactly
    async def submit(
        self, approved: Sequence[ApprovedDecision], quotes: Mapping[Symbol, Quote]
    ) -> Carried:
        """Carry out what the risk gate approved: closes first, then opens, then exits.

        Raises:
            TypeError: for anything that is not an `ApprovedDecision`.
        """
        for decision in approved:
            require_approval(decision)
        closes = [a for a in approved if a.decision.signal is Signal.CLOSE]
        opens = [a for a in approved if a.decision.signal.is_entry]
        if not closes and not opens:
            return Carried()
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
                intents, stopped = self._hindrance.sort_out(intents)
                reports += stopped
                if intents:
                    reports += await self._sender.send(intents)
                    fills += await self._statement.pull(self._since, quotes)
            await self._guard(quotes)
            return Carried(orders=tuple(reports), fills=tuple(fills))

    @exactly
    async def sync(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Catch up with the venue, keep exits in place and compare both sides.

        A simulated venue is handed the quotes first: they are what makes time pass there. No entry
        leaves before the first call, nor, where anything here fails, until it has worked again.
        """
        async with self._lock:
            self._agreement.doubt()
            if self._paper is not None:
                await self._paper.accept_marks(quotes)
            await self._statement.pull(self._since, quotes)
            await self._refresh_orders()
            await self._close_insolvent(quotes)
            await self._guard(quotes)
            await self._compare(quotes)

    @exactly
    async def mark_hour(self, hour: datetime, quotes: Mapping[Symbol, Quote]) -> None:
        """Settle what the venue does not see: funding between positions that net to nothing."""
        async with self._lock:
            self._statement.settle_netted(hour, quotes)

    @exactly
    async def close(
        self, trader: TraderId, symbol: Symbol, quotes: Mapping[Symbol, Quote], purpose: str
    ) -> None:
        """Close a trader's own position in a coin, whatever the others hold."""
        async with self._lock:
            if self._books.ledger.position(trader, symbol) is not None:
                await self._close(trader, symbol, quotes, purpose)
                await self._guard(quotes)

    # --- one step each, lock held -------------------------------------------------------------

    async def _intent(
        self, approved: ApprovedDecision, quotes: Mapping[Symbol, Quote]
    ) -> OrderIntended | OrderReport:
        symbol = approved.decision.symbol
        ledger = self._books.ledger
        position = ledger.position(approved.trader, symbol)
        quote, instrument = quotes.get(symbol), self._instruments.get(symbol)
        if quote is None or instrument is None:
            return not_sent(approved, "no price for the coin")
        terms = self._terms[approved.trader]
        if approved.decision.signal is Signal.CLOSE:
            if position is None:
                return not_sent(approved, "the position is already closed")
            if self._hindrance.is_under_way(approved.trader, symbol):
                return not_sent(approved, "an order on the coin is still on its way")
            made = self._closing.order(position, approved.cycle, quotes, "close")
            return not_sent(approved, made.reason) if isinstance(made, Refusal) else made
        hindrance = self._hindrance.of(approved)
        if hindrance:
            return not_sent(approved, hindrance)
        made = plan.open_order(approved, quote, instrument, terms, self.section)
        if isinstance(made, Refusal):
            return not_sent(approved, made.reason)
        refusal = await self._leverage.prepare(symbol, approved.leverage, terms.margin_mode)
        return not_sent(approved, refusal) if refusal else made

    async def _close(
        self, trader: TraderId, symbol: Symbol, quotes: Mapping[Symbol, Quote], purpose: str
    ) -> None:
        """Close what the trader holds now: since it was looked at, an exit may have been filled."""
        position = self._books.ledger.position(trader, symbol)
        if position is None or self._hindrance.is_under_way(trader, symbol):
            return
        made = self._closing.order(position, position.cycle, quotes, purpose)
        if isinstance(made, Refusal):
            self._closing.tell(position, made.reason)
            return
        await self._sender.send([made])
        await self._statement.pull(self._since, quotes)

    async def _guard(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Close what the engine watches and is due, then see that every position has its exits."""
        for position, kind in self._protection.due(quotes):
            await self._close(position.trader, position.symbol, quotes, kind.value)
        for position in await self._protection.keep():
            await self._close(position.trader, position.symbol, quotes, "unprotected")
            await self._protection.keep()

    async def _refresh_orders(self) -> None:
        """Ask about every order we think is open and the venue does not list (any more)."""
        open_here = self._books.ledger.open_orders(self.section)
        if not open_here:
            return
        resting = {order.client_id for order in await self._provider.open_orders()}
        for record in open_here:
            if record.client_id not in resting:
                await self._sender.refresh(record.client_id)

    async def _close_insolvent(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Close out traders whose own margin is used up, before they lose what others own."""
        for position in self._insolvency.due(quotes):
            await self._close(position.trader, position.symbol, quotes, LIQUIDATION)

    async def _compare(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Compare both sides; what differs is looked at twice.

        Between reading fills and positions a stop may have been filled, which is no drift. And what
        is missing may be on the statement by now, behind what was read already.
        """
        marks = {symbol: quote.mark for symbol, quote in quotes.items()}
        drift, positions = await self._agreement.read(marks)
        if drift:
            await self._statement.pull(self._since, quotes, late=VERY_LATE)
            drift, positions = await self._agreement.read(marks)
        self._leverage.look(positions)
        self._agreement.settle(drift)
