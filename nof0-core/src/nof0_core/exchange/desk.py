"""The desk: everything that is done on one exchange section, one thing at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from nof0_core.errors import ProviderError
from nof0_core.exchange import plan
from nof0_core.exchange.books import Books
from nof0_core.exchange.plan import Refusal, Terms
from nof0_core.exchange.protection import Protection, next_id
from nof0_core.exchange.reconcile import compare
from nof0_core.exchange.sender import Sender
from nof0_core.exchange.statement import Statement
from nof0_core.ids import ENGINE, CycleId, Symbol, TraderId, client_order_id
from nof0_core.ledger import Position
from nof0_core.money import ZERO
from nof0_core.protocols import ExchangeProvider
from nof0_core.risk.approval import ApprovedDecision, require_approval


@attrs.frozen(kw_only=True)
class Carried:
    """What became of the approved decisions of one cycle."""

    orders: tuple[OrderReport, ...] = ()
    fills: tuple[Fill, ...] = ()


class Desk:
    """All dealings with one exchange account.

    Every public method holds the section's lock, so traders that decide at the same time are
    served one after the other and each sees the numbers the one before it left.
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
    ) -> None:
        self.section = section
        self.drift: tuple[Drift, ...] = ()
        self._provider = provider
        self._books = books
        self._instruments = instruments
        self._terms = terms
        self._since = since
        self._lock = anyio.Lock(fast_acquire=True)
        self._leverage: dict[Symbol, int] = {}
        self._sender = Sender(section=section, provider=provider, books=books)
        self._statement = Statement(section=section, provider=provider, books=books)
        self._protection = Protection(
            section=section,
            capabilities=provider.capabilities,
            books=books,
            sender=self._sender,
            instruments=instruments,
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
                intents = []
                for decision in batch:
                    made = await self._intent(decision, quotes)
                    if isinstance(made, OrderReport):
                        reports.append(made)
                    else:
                        intents.append(made)
                if intents:
                    reports += await self._sender.send(intents)
                    fills += await self._statement.pull(self._since, quotes)
            await self._guard(quotes)
            return Carried(orders=tuple(reports), fills=tuple(fills))

    async def sync(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Catch up with the venue, keep exits in place and compare both sides."""
        async with self._lock:
            await self._statement.pull(self._since, quotes)
            await self._refresh_orders()
            await self._guard(quotes)
            await self._compare()

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
            return self._close_intent(position, approved.cycle, quote, "close")
        if position is not None:
            return _not_sent(approved, "the trader already has a position in the coin")
        if self.is_blocked(symbol):
            return _not_sent(approved, "entries are stopped: ledger and venue differ")
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

    async def _close(
        self, position: Position, quotes: Mapping[Symbol, Quote], purpose: str
    ) -> None:
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

    async def _compare(self) -> None:
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
