"""A paper exchange with a bad connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from nof0_core.domain.account import AccountReport
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import MarginMode
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import OutcomeUnknownError, TransientError
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.protocols import Capability, ExchangeWrapper
from nof0_provider_sim.exchange.faults import FAULTS_OF_LOOKS, Fault, Faults
from nof0_provider_sim.exchange.provider import SimExchange


class FaultyExchange(ExchangeWrapper):
    """Stands between the engine and the paper exchange and loses, delays and doubles things.

    Faults come out as the engine's errors, as a real adapter would translate them.
    """

    def __init__(self, inner: SimExchange, faults: Faults, section: str) -> None:
        super().__init__(inner)
        self._inner = inner
        self._faults = faults
        self._section = section
        is_blind = any(map(faults.has, FAULTS_OF_LOOKS))
        self._lacking = frozenset({Capability.NEXT_EVENT} if is_blind else ())
        self._known_fill = 0
        self._known_funding = datetime.min.replace(tzinfo=UTC)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what the venue can do.

        Where looks at it may fail it cannot tell beforehand when something may happen: each look is
        an occasion. Orders and cancels are the same ones however often it is looked at.
        """
        return super().capabilities - self._lacking

    async def report(self) -> AccountReport:
        """Return the account, unless the connection fails."""
        self._read()
        return await super().report()

    async def place(
        self, orders: Sequence[OrderRequest], *, expires_at: datetime | None
    ) -> Sequence[OrderOutcome]:
        """Send orders; what goes wrong afterwards leaves their outcome unknown.

        Raises:
            TransientError: refused by the rate limit; nothing was placed.
            OutcomeUnknownError: 502, time-out, or an answer to a second copy.
        """
        client_ids = [order.client_id for order in orders]
        self._write(client_ids)
        outcomes = await super().place(orders, expires_at=expires_at)
        self._may_time_out(client_ids)
        if self._faults.strikes(Fault.DUPLICATE):
            await super().place(orders, expires_at=expires_at)
            # Who takes this for a refusal and sends the orders again has them twice.
            msg = "Invalid nonce: duplicate nonce"
            raise self._unknown(msg, client_ids)
        return outcomes

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> Sequence[OrderOutcome]:
        """Cancel orders.

        Raises:
            TransientError: refused by the rate limit; nothing was cancelled.
            OutcomeUnknownError: 502, or time-out after they were cancelled.
        """
        self._write(client_ids)
        outcomes = await super().cancel(client_ids)
        self._may_time_out(client_ids)
        return outcomes

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order by client id, unless the connection fails."""
        self._read()
        return await super().order(client_id)

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return executions; while the stream is down, none newer than the last time."""
        self._read()
        return self._as_told(await super().fills(since))

    async def set_leverage(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> None:
        """Set the leverage of a coin, unless the connection fails."""
        self._read()
        await super().set_leverage(symbol, leverage, margin_mode)

    async def _funding(self, since: datetime) -> Sequence[FundingPayment]:
        """Return funding payments; while the stream is down, none later than the last time."""
        self._read()
        payments = await self._inner.funding(since)
        if self._faults.strikes(Fault.DROPPED_STREAM):
            return [paid for paid in payments if paid.time <= self._known_funding]
        self._known_funding = max([self._known_funding, *(paid.time for paid in payments)])
        return payments

    async def _accept_marks(self, quotes: Mapping[Symbol, Quote]) -> Sequence[Fill]:
        """Hand quotes to the venue; they come from this side of the connection, fills do not."""
        return self._as_told(await self._inner.accept_marks(quotes))

    def _as_told(self, fills: Sequence[Fill]) -> Sequence[Fill]:
        """Leave out what the venue does not tell while the stream is down."""
        if self._faults.strikes(Fault.DROPPED_STREAM):
            return [fill for fill in fills if int(fill.trade_id) <= self._known_fill]
        self._known_fill = max([self._known_fill, *(int(fill.trade_id) for fill in fills)])
        return fills

    def _read(self) -> None:
        if self._faults.strikes(Fault.RATE_LIMITED):
            raise self._limited()
        if self._faults.strikes(Fault.BAD_GATEWAY):
            message = "HTTP 502 (bad gateway)"
            raise TransientError(message, section=self._section)

    def _write(self, client_ids: Sequence[ClientOrderId]) -> None:
        if self._faults.strikes(Fault.RATE_LIMITED):
            raise self._limited()
        if self._faults.strikes(Fault.BAD_GATEWAY):
            msg = "HTTP 502 (bad gateway)"
            raise self._unknown(msg, client_ids)

    def _may_time_out(self, client_ids: Sequence[ClientOrderId]) -> None:
        if self._faults.strikes(Fault.TIMEOUT_AFTER_EXECUTION):
            message = "no answer in time"
            raise self._unknown(message, client_ids)

    def _limited(self) -> TransientError:
        return TransientError("HTTP 429 (too many requests)", section=self._section)

    def _unknown(self, message: str, client_ids: Sequence[ClientOrderId]) -> OutcomeUnknownError:
        return OutcomeUnknownError(message, section=self._section, client_ids=client_ids)
