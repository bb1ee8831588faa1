"""Nonces: every signed action has one that its signer never used before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from threading import Lock
from typing import cast

from nof0_core.clock import Clock
from nof0_core.domain.candles import to_ms
from nof0_core.plugins.env import Env


class Nonces:
    """Gives each nonce once: the time in milliseconds, or one more than the last.

    The venue keeps the 100 highest nonces of a signer and refuses what it has seen. The SDK takes
    the bare time, which two calls in one millisecond share. May be used by several threads.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._lock = Lock()

    def next(self) -> int:
        """Return a nonce above all that were given or seen."""
        with self._lock:
            self._last = max(self._last + 1, to_ms(self._clock.now()))
            return self._last

    def seen(self, nonce: int) -> None:
        """Take note of a nonce of an earlier run; the clock may have been set back since."""
        with self._lock:
            self._last = max(self._last, nonce)


async def shared_nonces(env: Env, network: str, signer: str) -> Nonces:
    """Return the nonces of a signer, the same for all sections of this process it signs for.

    Args:
        env: the section's.
        network: base URL of the venue.
        signer: address of the key, in lower case.
    """

    @asynccontextmanager
    async def open_nonces() -> AsyncIterator[Nonces]:
        yield Nonces(env.clock)

    def opened() -> AbstractAsyncContextManager[object]:
        return open_nonces()

    return cast("Nonces", await env.shared(("hyperliquid.nonces", network, signer), opened))
