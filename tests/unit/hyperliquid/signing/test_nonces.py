"""No nonce comes twice (HYPERLIQUID, ccxt issue 30348: 13 to 15 unique ones of 20)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread

import anyio
import pytest

from nof0_core.domain.candles import to_ms
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid.rehearsal.stepped import SteppedClock
from nof0_provider_hyperliquid.signing.nonces import Nonces, shared_nonces

NOW = datetime(2026, 5, 1, tzinfo=UTC)
pytestmark = pytest.mark.anyio


def test_nonces_of_one_millisecond_differ_in_all_threads():
    nonces, given = Nonces(SteppedClock(NOW)), []

    def take():
        given.extend(nonces.next() for _ in range(500))

    threads = [Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(given)) == len(given) == 4_000
    assert min(given) == to_ms(NOW)


def test_nonces_follow_the_time_and_never_fall():
    clock = SteppedClock(NOW)
    nonces = Nonces(clock)
    first = nonces.next()
    clock.move(timedelta(seconds=1))
    assert nonces.next() == first + 1_000
    clock.move(timedelta(minutes=-5))
    assert nonces.next() == first + 1_001


def test_nonces_of_an_earlier_run_are_not_used_again():
    nonces = Nonces(SteppedClock(NOW))
    nonces.seen(to_ms(NOW) + 7)
    nonces.seen(3)
    assert nonces.next() == to_ms(NOW) + 8


async def test_sections_with_one_key_share_nonces_and_others_do_not():
    async with make_env() as env:
        one = await shared_nonces(env, "net", "0xa")
        assert await shared_nonces(env, "net", "0xa") is one
        assert await shared_nonces(env, "net", "0xb") is not one
        assert await shared_nonces(env, "other", "0xa") is not one
        await anyio.lowlevel.checkpoint()
