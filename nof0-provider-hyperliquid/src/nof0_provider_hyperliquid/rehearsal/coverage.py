"""How long positions at the venue stand without a stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import define, field, frozen

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, Tpsl
from nof0_provider_hyperliquid.rehearsal.accounts.position import Position
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState


@frozen
class Uncovered:
    """A stretch in which a position had neither a live stop nor a close under way."""

    user: str
    coin: str
    since_ms: int
    until_ms: int


@define
class Coverage:
    """Measures how long positions stand without a live stop; looked at after each change.

    A close that fills at once leaves no time between.
    """

    stretches: list[Uncovered] = field(factory=list)
    _since: dict[tuple[str, str], int] = field(factory=dict)

    def look(self, now_ms: int, bare: Iterable[tuple[str, str]]) -> None:
        """Take which (user, coin) are uncovered now."""
        bare = set(bare)
        for key in [key for key in self._since if key not in bare]:
            self.stretches.append(Uncovered(*key, self._since.pop(key), now_ms))
        for key in bare:
            self._since.setdefault(key, now_ms)

    def bare_since(self, user: str, coin: str) -> int | None:
        """Return since when a position is uncovered, None where it is not."""
        return self._since.get((user, coin))

    def longest_ms(self, now_ms: int, coins: Sequence[str] | None = None) -> int:
        """Return the longest stretch so far, one that goes on included."""
        ended = [
            s.until_ms - s.since_ms for s in self.stretches if coins is None or s.coin in coins
        ]
        open_ = [
            now_ms - t for (_, coin), t in self._since.items() if coins is None or coin in coins
        ]
        return max([*ended, *open_], default=0)


def bare_positions(state: ExchangeState) -> Iterator[tuple[str, str]]:
    """Yield (user, coin) of positions that live stops do not cover whole."""
    for address, account in state.accounts.items():
        for coin, position in account.positions.items():
            covered = ZERO
            for order in account.live.values():
                if order.asset.name == coin and _covers(order, position):
                    covered += abs(position.szi) if order.takes_all else order.left
            if position.szi and covered < abs(position.szi):
                yield address, coin


def _covers(order: Order, position: Position) -> bool:
    """Tell whether an order is a live stop of the position, or one that fired and closes it."""
    if order.is_waiting or not order.is_reduce_only or order.is_buy is not (position.szi < ZERO):
        return False
    return order.has_fired if order.trigger is None else order.trigger.tpsl is Tpsl.SL
