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
            for order in account.orders.values():
                if order.asset.name == coin and _is_stop(order, position):
                    covered += abs(position.szi) if order.takes_all else order.left
            if position.szi and covered < abs(position.szi):
                yield address, coin


def _is_stop(order: Order, position: Position) -> bool:
    trigger = order.trigger
    closes = order.is_reduce_only and order.is_buy is (position.szi < ZERO)
    return order.is_live and closes and trigger is not None and trigger.tpsl is Tpsl.SL
