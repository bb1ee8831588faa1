"""Orders as the engine would place them at Hyperliquid, for tests."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core.domain.order import OrderRequest, Side, TimeInForce, Trigger, TriggerKind
from nof0_core.ids import ClientOrderId, Symbol

D = Decimal


def cloid(number):
    """Return a client order id."""
    return ClientOrderId(f"0x{number:032x}")


def entry(number=1, **changes):
    """Make an order that buys BTC at once."""
    plain = OrderRequest(
        client_id=cloid(number),
        symbol=Symbol("BTC"),
        side=Side.BUY,
        size=D("0.001"),
        limit_price=D(120_000),
    )
    return attrs.evolve(plain, **changes)


def stop(number=2, **changes):
    """Make a stop for a long of 0.001 BTC."""
    plain = entry(
        number,
        side=Side.SELL,
        limit_price=D(90_000),
        is_reduce_only=True,
        tif=TimeInForce.IOC,
        trigger=Trigger(kind=TriggerKind.STOP, price=D(100_000)),
    )
    return attrs.evolve(plain, **changes)
