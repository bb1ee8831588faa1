"""Nonces of one signer."""

from __future__ import annotations

from bisect import bisect_left, insort

from attrs import define, field

from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import RefusedError

KEPT = 100
DAY_MS = 86_400_000


@define
class Nonces:
    """The 100 highest nonces that a signer used, ascending."""

    _used: list[int] = field(factory=list)

    def use(self, nonce: int, now_ms: int) -> None:
        """Mark a nonce as used.

        It must lie in (now - 2 days, now + 1 day), be new, and exceed the smallest that is kept
        once 100 are.

        Raises:
            RefusedError: otherwise; nothing is marked.
        """
        least = now_ms - 2 * DAY_MS + 1
        at = bisect_left(self._used, nonce)
        if at < len(self._used) and self._used[at] == nonce:
            raise RefusedError(refusals.duplicate_nonce(nonce))
        if len(self._used) >= KEPT:
            least = max(least, self._used[0] + 1)
        if nonce < least:
            raise RefusedError(refusals.nonce_low(nonce, least))
        most = now_ms + DAY_MS - 1
        if nonce > most:
            raise RefusedError(refusals.nonce_high(nonce, most))
        insort(self._used, nonce)
        del self._used[:-KEPT]
