"""Which waiting orders a bar reaches, in which order, and at what price.

A bar does not tell the path inside it, so the account is never given the benefit of the doubt:
stops come before targets and before resting orders, an order that waited over a gap fills at the
open beyond it, and a resting order fills where the price went through its limit; where the price
only came to it, that is up to its place in the queue.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeAlias

import attrs

from nof0_core.domain.order import Side, TriggerKind
from nof0_provider_sim.exchange.book import Order
from nof0_provider_sim.exchange.feed import Bar
from nof0_provider_sim.exchange.refusals import fires_below


@attrs.frozen(kw_only=True)
class Hit:
    """An order a bar reached. `price` is the mark a trigger fires at, the limit of a maker."""

    order: Order
    price: Decimal
    is_trigger: bool


IsServed: TypeAlias = Callable[[Order, Bar], bool]
"""Tells whether a resting order is far enough ahead in the queue to fill when just touched."""


def never_served(_order: Order, _bar: Bar) -> bool:
    """Let no order fill that was just touched: it stands at the end of its queue."""
    return False


@attrs.frozen(kw_only=True)
class Reach:
    """Prices that matter to waiting orders: the highest they wait for below, the lowest above.

    Floats, for a quick look at many bars; `hits` decides with decimals. Infinite for none.
    """

    below: float
    above: float


def reach(orders: Iterable[Order]) -> Reach:
    """Return the nearest prices at which one of the orders could be reached."""
    levels = [_level(order) for order in orders]
    return Reach(
        below=max((float(price) for price, is_below in levels if is_below), default=-math.inf),
        above=min((float(price) for price, is_below in levels if not is_below), default=math.inf),
    )


def hits(orders: Iterable[Order], bar: Bar, is_served: IsServed = never_served) -> list[Hit]:
    """Return the orders a bar reaches, in the order in which they execute.

    Orders that came while the bar was open are judged by its close alone. Stops go first, then
    the rest; among each, what is nearest to the open, then what is older.
    """
    found = [hit for order in orders if (hit := _hit(order, bar, is_served)) is not None]
    return sorted(
        found,
        key=lambda hit: (
            not (hit.is_trigger and hit.order.taken.trigger_kind is TriggerKind.STOP),
            abs(_level(hit.order)[0] - bar.open),
            hit.order.taken.venue_order_id,
        ),
    )


def _level(order: Order) -> tuple[Decimal, bool]:
    """Return the price an order waits for, and whether it lies below the market."""
    taken = order.taken
    if order.awaits_trigger and taken.trigger_kind is not None and taken.trigger_price is not None:
        return taken.trigger_price, fires_below(taken.side, taken.trigger_kind)
    return taken.limit_price, taken.side is Side.BUY


def _hit(order: Order, bar: Bar, is_served: IsServed) -> Hit | None:
    if order.since_ms > bar.open_ms:
        bar = bar.from_close()
    level, is_below = _level(order)
    if not order.awaits_trigger:
        extreme = bar.low if is_below else bar.high
        is_through = extreme < level if is_below else extreme > level
        if is_through or (extreme == level and is_served(order, bar)):
            return Hit(order=order, price=level, is_trigger=False)
        return None
    if is_below:
        if bar.low > level:
            return None
        return Hit(order=order, price=min(level, bar.open), is_trigger=True)
    if bar.high < level:
        return None
    return Hit(order=order, price=max(level, bar.open), is_trigger=True)
