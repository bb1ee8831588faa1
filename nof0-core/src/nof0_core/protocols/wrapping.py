"""Standing in front of an exchange provider: a limiter, a recorder, a fault injector."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nof0_core.domain.account import AccountReport
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import MarginMode
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.protocols.capabilities import EXCHANGE_METHODS
from nof0_core.protocols.exchange import Capability, ExchangeProvider


class ExchangeWrapper:
    """An exchange provider that passes every call on to another one, `inner`.

    Its words are those of `inner`, and it has just the optional methods that `inner` has. Override
    what is to be different: a method of `ExchangeProvider` by its name, an optional one as
    `_funding`, `_prove`, `_updates`, `_accept_marks`, `_next_event`, `_health` or `_figures`, which
    is called only where `inner` has the word for it.
    """

    def __init__(self, inner: ExchangeProvider) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        """Find an optional method, where `inner` has it."""
        word = EXCHANGE_METHODS.get(name)
        if word is None or word not in self.inner.capabilities or word not in self.capabilities:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message)
        own = getattr(type(self), f"_{name}", None)
        return getattr(self.inner, name) if own is None else own.__get__(self)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what the venue behind can do."""
        return self.inner.capabilities

    async def report(self) -> AccountReport:
        """Pass on."""
        return await self.inner.report()

    async def place(
        self, orders: Sequence[OrderRequest], *, expires_at: datetime | None
    ) -> Sequence[OrderOutcome]:
        """Pass on."""
        return await self.inner.place(orders, expires_at=expires_at)

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> Sequence[OrderOutcome]:
        """Pass on."""
        return await self.inner.cancel(client_ids)

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Pass on."""
        return await self.inner.order(client_id)

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Pass on."""
        return await self.inner.fills(since)

    async def set_leverage(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> None:
        """Pass on."""
        await self.inner.set_leverage(symbol, leverage, margin_mode)
