"""The desk: everything that is done on one exchange section, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import anyio
import attrs

from nof0_core.domain.account import VenueAccount
from nof0_core.domain.decision import Signal
from nof0_core.domain.event import Drift, OrderIntended, OrderReport, Reconciled
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderOutcome, OrderRequest, OrderStatus, Side
from nof0_core.domain.position import MarginMode
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import JournalError, ProviderError
from nof0_core.exchange import plan
from nof0_core.exchange.books import Books
from nof0_core.exchange.insolvency import PURPOSE as LIQUIDATION
from nof0_core.exchange.insolvency import Insolvency
from nof0_core.exchange.plan import Refusal, Terms
from nof0_core.exchange.protection import Protection, next_id
from nof0_core.exchange.reconcile import compare
from nof0_core.exchange.sender import Sender
from nof0_core.exchange.statement import Statement
from nof0_core.ids import ENGINE, CycleId, Symbol, TraderId, client_order_id
from nof0_core.ledger import Position
from nof0_core.money import ZERO
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
        self.drift: tuple[Drift, ...] = ()
        self._provider = provider
        self._paper = provider if isinstance(provider, AcceptsMarks) else None
        self._books = books
        self._instruments = instruments
        self._terms = terms
        self._since = since
        self._obstacle = obstacle
        self._lock = anyio.Lock(fast_acquire=True)
        self._leverage: dict[Symbol, int] = {}
        self._is_compared = True
        self._sender = Sender(section=section, provider=provider, books=books)
        self._statement = Statement(
            section=section, provider=provider, books=books, instruments=instruments
        )
        self._insolvency = Insolvency(section=section, books=books, instruments=instruments)
        self._protection = Protection(
            section=section,
            capabilities=provider.capabilities,
            books=books,
            sender=self._sender,
            instruments=instruments,
            terms=terms,
        )

    async def account(self) -> VenueAccount:
        """Return the exchange account as the venue sees it."""
        return await self._provider.account()

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
                # Setting leverage takes time, in which a halt may have come: asked last of all.
                intents, stopped = self._still_wanted(intents)
                reports += stopped
                if intents:
                    reports += await self._sender.send(intents)
                    fills += await self._statement.pull(self._since, quotes)
            await self._guard(quotes)
            return Carried(orders=tuple(reports), fills=tuple(fills))

    async def sync(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Catch up with the venue, keep exits in place and compare both sides.

        A simulated venue is handed the quotes first: they are what makes time pass there. Where
        anything here fails, no entry leaves until it has worked again.
        """
        async with self._lock:
            self._is_compared = False
            if self._paper is not None:
                await self._paper.accept_marks(quotes)
            await self._statement.pull(self._since, quotes)
            await self._refresh_orders()
            await self._close_insolvent(quotes)
            await self._guard(quotes)
            await self._compare()
            self._is_compared = True

    async def mark_hour(self, hour: datetime, quotes: Mapping[Symbol, Quote]) -> None:
        """Settle what the venue does not see: funding between positions that net to nothing."""
        async with self._lock:
            self._statement.settle_netted(hour, quotes)

    async def close(
        self, trader: TraderId, symbol: Symbol, quotes: Mapping[Symbol, Quote], purpose: str
    ) -> None:
        """Close a trader's own position in a coin, whatever the others hold."""
        async with self._lock:
            position = self._books.ledger.position(trader, symbol)
            if position is not None:
                await self._close(position, quotes, purpose)
                await self._guard(quotes)

    def is_blocked(self, symbol: Symbol) -> bool:
        """Tell whether entries on a coin are stopped because ledger and venue differ."""
        return any(d.symbol in (symbol, None) for d in self.drift)

    # --- one step each, lock held -------------------------------------------------------------

    async def _intent(
        self, approved: ApprovedDecision, quotes: Mapping[Symbol, Quote]
    ) -> OrderIntended | OrderReport:
        symbol = approved.decision.symbol
        ledger = self._books.ledger
        position = ledger.position(approved.trader, symbol)
        quote, instrument = quotes.get(symbol), self._instruments.get(symbol)
        if quote is None or instrument is None:
            return _not_sent(approved, "no price for the coin")
        terms = self._terms[approved.trader]
        if approved.decision.signal is Signal.CLOSE:
            if position is None:
                return _not_sent(approved, "the position is already closed")
            if self._under_way(approved.trader, symbol):
                return _not_sent(approved, "an order on the coin is still on its way")
            return self._close_intent(position, approved.cycle, quote, "close")
        hindrance = self._hindrance(approved, position)
        if hindrance:
            return _not_sent(approved, hindrance)
        return await self._entry_intent(approved, quote, instrument, terms)

    def _hindrance(self, approved: ApprovedDecision, position: Position | None) -> str:
        """Say why an approved entry must not leave after all; empty if it may."""
        symbol = approved.decision.symbol
        if position is not None:
            return "the trader already has a position in the coin"
        if self._under_way(approved.trader, symbol, but=approved):
            return "an order on the coin is still on its way"
        if not self._is_compared:
            return "entries are stopped: the exchange account could not be read"
        if self.is_blocked(symbol):
            return "entries are stopped: ledger and venue differ"
        obstacle = self._obstacle(approved.trader)
        return f"entries are stopped: {obstacle}" if obstacle else ""

    async def _entry_intent(
        self, approved: ApprovedDecision, quote: Quote, instrument: Instrument, terms: Terms
    ) -> OrderIntended | OrderReport:
        symbol = approved.decision.symbol
        made = plan.open_order(approved, quote, instrument, terms, self.section)
        if isinstance(made, Refusal):
            return _not_sent(approved, made.reason)
        try:
            await self._raise_leverage(symbol, approved.leverage)
        except ProviderError as error:
            return _not_sent(approved, f"leverage not set: {error}")
        return made

    async def _raise_leverage(self, symbol: Symbol, wanted: int) -> None:
        """Set the coin's leverage to the highest any holder uses.

        The venue checks margin for the net position only; each trader's own margin is kept by the
        risk gate and the ledger.
        """
        holders = self._books.ledger.leverages(self.section, symbol)
        leverage = max([wanted, *holders])
        if self._leverage.get(symbol) != leverage:
            await self._provider.set_leverage(symbol, leverage, MarginMode.CROSS)
            self._leverage[symbol] = leverage

    def _close_intent(
        self, position: Position, cycle: CycleId, quote: Quote, purpose: str
    ) -> OrderIntended:
        sizes = self._books.ledger.sizes(self.section, position.symbol)
        return plan.close_order(
            trader=position.trader,
            section=self.section,
            cycle=cycle,
            symbol=position.symbol,
            size=position.quantity,
            net=sum(sizes.values(), ZERO),
            quote=quote,
            instrument=self._instruments[position.symbol],
            terms=self._terms[position.trader],
            purpose=purpose,
            client_id=next_id(self._books, position.trader, position, f"{purpose}.{cycle}"),
        )

    def _under_way(
        self, trader: TraderId, symbol: Symbol, *, but: ApprovedDecision | None = None
    ) -> bool:
        """Tell whether an order of the trader on the coin may yet fill, its exits left out.

        Sent beside it, another close would turn the position round, another entry double it. The
        entry of `but` itself is no obstacle: the sender asks for it instead of sending it again.
        """
        own = client_order_id(trader, but.cycle, symbol, "open") if but is not None else None
        return any(
            record.trader == trader
            and record.symbol == symbol
            and record.request.trigger is None
            and record.client_id != own
            for record in self._books.ledger.open_orders(self.section)
        )

    def _still_wanted(
        self, intents: Sequence[OrderIntended]
    ) -> tuple[list[OrderIntended], list[OrderReport]]:
        """Sort out the entries that must not leave any more."""
        wanted: list[OrderIntended] = []
        stopped: list[OrderReport] = []
        for intent in intents:
            obstacle = self._obstacle(intent.trader) if intent.purpose == "open" else ""
            if obstacle:
                stopped.append(_stopped(intent, obstacle))
            else:
                wanted.append(intent)
        return wanted, stopped

    async def _close(
        self, position: Position, quotes: Mapping[Symbol, Quote], purpose: str
    ) -> None:
        if self._under_way(position.trader, position.symbol):
            return
        quote = quotes.get(position.symbol)
        if quote is None:
            self._books.alert(
                "cannot_close",
                f"no price for {position.symbol}: its position stays open",
                trader=position.trader,
                symbol=position.symbol,
            )
            return
        await self._sender.send([self._close_intent(position, position.cycle, quote, purpose)])
        await self._statement.pull(self._since, quotes)

    async def _guard(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Close what the engine watches and is due, then see that every position has its exits."""
        for position, kind in self._protection.due(quotes):
            await self._close(position, quotes, kind.value)
        for position in await self._protection.keep():
            await self._close(position, quotes, "unprotected")
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
            if not self._under_way(position.trader, position.symbol):
                await self._close(position, quotes, LIQUIDATION)

    async def _compare(self) -> None:
        problems = self._books.ledger.audit(self.section)
        if problems:
            message = f"the ledger of {self.section} does not add up: {'; '.join(problems)}"
            raise JournalError(message)
        totals = self._books.ledger.totals(self.section)
        drift = compare(
            raw_usd=totals.raw_usd,
            sizes=totals.sizes,
            account=await self._provider.account(),
            positions=await self._provider.positions(),
        )
        if drift == self.drift:
            return
        self.drift = drift
        self._books.record(ENGINE, Reconciled(section=self.section, drift=drift))
        for entry in drift:
            what = entry.symbol or entry.what
            self._books.alert(
                "drift",
                f"{self.section}: {what} is {entry.ledger} in the ledger and {entry.venue} at the "
                "venue; no new entries until it is explained",
                symbol=entry.symbol,
            )


def _not_sent(approved: ApprovedDecision, reason: str) -> OrderReport:
    """Report an approved decision that did not become an order."""
    decision = approved.decision
    leg = "close" if decision.signal is Signal.CLOSE else "open"
    client_id = client_order_id(approved.trader, approved.cycle, decision.symbol, leg)
    request = OrderRequest(
        client_id=client_id,
        symbol=decision.symbol,
        side=Side.SELL if decision.signal is Signal.SELL_TO_ENTER else Side.BUY,
        size=Decimal(0),
        limit_price=approved.reference_price,
    )
    outcome = OrderOutcome(client_id=client_id, status=OrderStatus.REJECTED, reason=reason)
    return OrderReport(purpose=leg, request=request, outcome=outcome)


def _stopped(intent: OrderIntended, obstacle: str) -> OrderReport:
    """Report an entry that was held back at the last moment; it was never written as intended."""
    outcome = OrderOutcome(
        client_id=intent.request.client_id,
        status=OrderStatus.REJECTED,
        reason=f"entries are stopped: {obstacle}",
    )
    return OrderReport(purpose=intent.purpose, request=intent.request, outcome=outcome)
