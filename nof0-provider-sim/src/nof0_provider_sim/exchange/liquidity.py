"""What a taker finds: parts of its order at prices, from an order book or from a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import attrs

from nof0_core.domain.candles import from_ms
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument, Rounding
from nof0_core.domain.order import Side
from nof0_core.ids import ClientOrderId, Symbol, owner_tag
from nof0_core.money import BPS, EXACT, ZERO
from nof0_provider_sim.exchange.depth import Depth
from nof0_provider_sim.exchange.feed import Feed
from nof0_provider_sim.exchange.impact import Impact
from nof0_provider_sim.exchange.matching import Slippage, is_within
from nof0_provider_sim.exchange.state import VenueState


@attrs.frozen(kw_only=True)
class Part:
    """`size` coins that trade at `price`."""

    price: Decimal
    size: Decimal


class _Ladder(NamedTuple):
    """One side of an order book from the best level outward, and since when it holds."""

    levels: Iterable[tuple[Decimal, Decimal]]
    since_ms: int


class _Tally(NamedTuple):
    """What takers took since a moment, up to an execution; saves counting again."""

    since_ms: int
    trade_id: int
    total: Decimal


def average(parts: Sequence[Part]) -> Decimal:
    """Return the average price of at least one part, USD per coin."""
    if len(parts) == 1:
        return parts[0].price
    total = sum((part.size for part in parts), ZERO)
    return EXACT.divide(sum((part.price * part.size for part in parts), ZERO), total)


class Liquidity:
    """The other side of the market: a live book, else a recorded one, else a formula.

    What a trader took stays taken until the book or mark changes (a newer book, a bar that closes,
    a new quote): its next order in the same direction starts where its last one ended. Of what
    others took it finds nothing gone, so that no result depends on who else trades; a liquidation,
    which is no trader's, finds gone what all took.
    """

    def __init__(
        self,
        *,
        state: VenueState,
        feed: Feed,
        instruments: Mapping[Symbol, Instrument],
        slippage: Slippage,
        impact: Impact,
        depth: Depth | None,
        max_volume: Decimal,
    ) -> None:
        """Make it of its parts.

        `max_volume` is the part of a bar's volume that resting orders may fill, 0 for any.
        """
        self._state = state
        self._feed = feed
        self._instruments = instruments
        self._slippage = slippage
        self._impact = impact
        self._depth = depth
        self._max_volume = max_volume
        self._tallies: dict[tuple[Symbol, Side, str | None], _Tally] = {}

    def take(
        self,
        symbol: Symbol,
        side: Side,
        size: Decimal,
        mark: Decimal,
        limit: Decimal | None,
        client_id: ClientOrderId | None,
    ) -> list[Part]:
        """Return the parts in which an order of `size` coins fills around `mark`, best first.

        Together they are at most `size`, a whole number of lots, none beyond `limit` (None: any
        price). Empty if nothing is within the limit. `client_id` is the order's, None for none.
        """
        ladder = self._ladder(symbol, side, mark)
        if ladder is not None:
            taken = self._taken(symbol, side, client_id, ladder.since_ms)
            return self._walk(ladder, symbol, side, size, limit, taken)
        since = self._feed.mark_ms(symbol, self._state.time_ms)
        taken = self._taken(symbol, side, client_id, since)
        return self._formula(symbol, side, size, mark, limit, taken)

    def touch(self, symbol: Symbol, side: Side, mark: Decimal) -> Decimal:
        """Return the price at which the smallest order of `side` would fill.

        Where a book has nothing on that side, what the formula says.
        """
        ladder = self._ladder(symbol, side, mark)
        if ladder is not None:
            for price, _ in ladder.levels:
                return price
        return self._slippage.taker_price(side, mark, self._instruments[symbol])

    def room(
        self, symbol: Symbol, since_ms: int, volume: Decimal | None, client_id: ClientOrderId
    ) -> Decimal | None:
        """Return how much a trader's resting orders may still fill of a bar's volume.

        None: no limit.

        `since_ms` is when the bar opened; what filled at its opening moment belongs to the last.
        """
        share = self._max_volume
        if volume is None or not share:
            return None
        used = sum(
            (
                fill.size
                for fill in self._state.fills(from_ms(since_ms + 1))
                if fill.symbol == symbol and not fill.is_taker and _is_of(fill, client_id)
            ),
            ZERO,
        )
        return self._instruments[symbol].round_size(max(ZERO, volume * share - used))

    def _ladder(self, symbol: Symbol, side: Side, mark: Decimal) -> _Ladder | None:
        """Return what a taker of `side` climbs, prices in USD; None where no book is known."""
        now = self._state.time_ms
        seen = self._feed.book(symbol, now)
        if seen is not None:
            levels = seen.book.asks if side is Side.BUY else seen.book.bids
            return _Ladder(((level.price, level.size) for level in levels), seen.since_ms)
        if self._depth is None or not self._depth.knows(symbol):
            return None
        return _Ladder(
            (
                (self._rounded(symbol, side, mark * level.ratio), level.size)
                for level in self._depth.levels(symbol, side, now)
            ),
            self._feed.mark_ms(symbol, now),
        )

    def _taken(
        self, symbol: Symbol, side: Side, client_id: ClientOrderId | None, since: int
    ) -> Decimal:
        key = symbol, side, None if client_id is None else owner_tag(client_id)
        known = self._tallies.get(key)
        if known is not None and known.since_ms == since:
            total, fills = known.total, self._state.fills_after(known.trade_id)
        else:
            total, fills = ZERO, self._state.fills(from_ms(since))
        for fill in fills:
            is_wanted = fill.symbol == symbol and fill.side is side and fill.is_taker
            if is_wanted and (client_id is None or _is_of(fill, client_id)):
                total += fill.size
        self._tallies[key] = _Tally(since, self._state.next_trade_id - 1, total)
        return total

    def _formula(
        self,
        symbol: Symbol,
        side: Side,
        size: Decimal,
        mark: Decimal,
        limit: Decimal | None,
        taken: Decimal,
    ) -> list[Part]:
        instrument = self._instruments[symbol]
        volume = self._feed.volume(symbol, self._state.time_ms)
        spread, is_cut = self._slippage.spread_bps(symbol), False
        if limit is not None:
            spare = side.sign * EXACT.divide((limit - mark) * BPS, mark) - spread
            if spare < 0:
                return []
            most = self._impact.size_within(symbol, spare, volume)
            is_cut = most is not None and taken + size > most
            if most is not None and is_cut:
                size = instrument.round_size(max(ZERO, most - taken))
        if not size:
            return []
        bps = spread + self._impact.bps(symbol, taken + size, volume)
        price = self._rounded(symbol, side, EXACT.divide(mark * (BPS + side.sign * bps), BPS))
        if limit is not None and not is_within(side, price, limit):
            if not is_cut:
                return []
            # Cut to end at the limit, the last digit of a root may lie beyond it.
            price = limit
        return [Part(price=price, size=size)]

    def _walk(
        self,
        ladder: _Ladder,
        symbol: Symbol,
        side: Side,
        size: Decimal,
        limit: Decimal | None,
        taken: Decimal,
    ) -> list[Part]:
        instrument = self._instruments[symbol]
        parts: list[Part] = []
        for price, standing in ladder.levels:
            if limit is not None and not is_within(side, price, limit):
                break
            gone = min(taken, standing)
            taken -= gone
            found = instrument.round_size(min(size, standing - gone))
            if not found:
                continue
            size -= found
            if parts and parts[-1].price == price:
                parts[-1] = Part(price=price, size=parts[-1].size + found)
            else:
                parts.append(Part(price=price, size=found))
            if not size:
                break
        return parts

    def _rounded(self, symbol: Symbol, side: Side, price: Decimal) -> Decimal:
        instrument = self._instruments[symbol]
        rounding: Rounding = "up" if side is Side.BUY else "down"
        return max(instrument.round_price(price, rounding), instrument.tick(price))


def _is_of(fill: Fill, client_id: ClientOrderId) -> bool:
    """Tell whether an execution is of the trader that the order of a client id belongs to."""
    return fill.client_id is not None and owner_tag(fill.client_id) == owner_tag(client_id)
