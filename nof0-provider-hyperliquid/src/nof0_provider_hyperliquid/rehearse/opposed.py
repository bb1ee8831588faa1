"""When traders held opposite sides of a coin, as the venue's fills show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from nof0_core.money import ZERO, exactly
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.coverage import Coverage, Uncovered

TAG = slice(2, 10)
"""Where a client order id says whose it is."""
NOBODY = ""


def opposed(account: Account, now_ms: int) -> list[Uncovered]:
    """Return when the coins of an account were held on both sides, until `now_ms` at most.

    No reduce-only stop says what a trader wants then: what is left of both sides may be less than
    what the trader holds. The engine watches such positions itself.
    """
    held: dict[str, dict[str, Decimal]] = {}
    since: dict[str, int] = {}
    found: list[Uncovered] = []
    for fill in account.fills:
        coin, time = fill["coin"], int(fill["time"])
        signed = Decimal(fill["sz"]) * (1 if fill["side"] == "B" else -1)
        of_coin = held.setdefault(coin, {})
        _book(of_coin, (fill.get("cloid") or "")[TAG], signed)
        sides = {quantity > 0 for quantity in of_coin.values() if quantity}
        if len(sides) > 1:
            since.setdefault(coin, time)
        elif coin in since:
            found.append(Uncovered(account.address, coin, since.pop(coin), time))
    return [*found, *(Uncovered(account.address, coin, at, now_ms) for coin, at in since.items())]


@exactly
def _book(held: dict[str, Decimal], who: str, signed: Decimal) -> None:
    """Book a fill; what nobody here ordered takes from those it closes, each a like part."""
    if who == NOBODY:
        closed = {name: q for name, q in held.items() if q * signed < 0}
        whole = sum(closed.values(), ZERO)
        part = min(abs(signed), abs(whole)) * (1 if signed > 0 else -1)
        for name, quantity in closed.items():
            held[name] = quantity * (1 + part / whole)
        signed -= part
    held[who] = held.get(who, ZERO) + signed


def bare(accounts: Sequence[Account], coverage: Coverage, now_ms: int) -> list[Uncovered]:
    """Return when positions had no stop, though their traders were all on one side."""
    both = [each for account in accounts for each in opposed(account, now_ms)]
    return [
        part
        for each in uncovered(accounts, coverage, now_ms)
        for part in _without(each, [b for b in both if (b.user, b.coin) == (each.user, each.coin)])
    ]


def uncovered(accounts: Iterable[Account], coverage: Coverage, now_ms: int) -> Iterator[Uncovered]:
    """Yield all stretches without a stop, those that go on until `now_ms`."""
    yield from coverage.stretches
    for account in accounts:
        for coin in account.positions:
            if (since := coverage.bare_since(account.address, coin)) is not None:
                yield Uncovered(account.address, coin, since, now_ms)


def _without(whole: Uncovered, parts: Sequence[Uncovered]) -> Iterator[Uncovered]:
    begin = whole.since_ms
    for part in sorted(parts, key=lambda each: each.since_ms):
        if part.until_ms <= begin or part.since_ms >= whole.until_ms:
            continue
        if part.since_ms > begin:
            yield Uncovered(whole.user, whole.coin, begin, part.since_ms)
        begin = part.until_ms
    if begin < whole.until_ms:
        yield Uncovered(whole.user, whole.coin, begin, whole.until_ms)
