"""What the journal knows of a venue account, for a venue that has forgotten it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.position import MarginMode
from nof0_core.ids import Symbol, TraderId


@attrs.frozen(kw_only=True)
class RestoredPosition:
    """What one trader holds of a coin.

    `quantity` is signed, in coins; `cost` is what was paid for it in USD, signed like it. `fees`
    and `funding` (USD) are those of what is still held, `kept_margin` (USD) what forced
    reductions left in an isolated position. `opened_at` is in UTC.
    """

    trader: TraderId
    symbol: Symbol
    quantity: Decimal
    cost: Decimal
    leverage: int
    margin_mode: MarginMode
    opened_at: datetime
    fees: Decimal = Decimal(0)
    funding: Decimal = Decimal(0)
    kept_margin: Decimal = Decimal(0)


@attrs.frozen(kw_only=True)
class RestoredOrder:
    """An order the venue has, with the venue's id; `sent_at` (UTC) is when it left.

    `average_price` (USD) is that of the `filled_size` coins; None where there are none.
    """

    request: OrderRequest
    venue_order_id: str
    sent_at: datetime
    filled_size: Decimal = Decimal(0)
    average_price: Decimal | None = None


@attrs.frozen(kw_only=True)
class RestoredAccount:
    """A venue account as the ledger has it.

    `raw_usd` is as in `VenueAccount`. `positions` are those of each trader, `orders` all that rest,
    oldest first, `executed` those that are over and whose last answer the journal lacks, in the
    order in which they ended, `fills` all that the journal has, oldest first. `venue_order_ids` are
    those it has seen. Up to `time` (UTC) everything is in it.
    """

    time: datetime
    raw_usd: Decimal
    positions: tuple[RestoredPosition, ...] = ()
    orders: tuple[RestoredOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    venue_order_ids: frozenset[str] = frozenset()
    executed: tuple[RestoredOrder, ...] = ()
