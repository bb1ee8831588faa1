from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from nof0_core.plugins.env import MarketRef
from nof0_core.testing import START, HandMarket, Lines, env

pytestmark = pytest.mark.anyio


async def test_same_seed_and_section_give_the_same_numbers():
    drawn = []
    for seed, section in ((1, "a"), (1, "a"), (2, "a"), (1, "b")):
        async with env(seed=seed, section=section) as made:
            drawn.append(made.rng.random())
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3


async def test_clock_stands_until_somebody_waits():
    async with env() as made:
        assert made.clock.now() == START
        await made.clock.sleep_until(START + timedelta(days=1))
        assert made.clock.now() == START + timedelta(days=1)


async def test_equal_keys_share_one_resource_that_is_closed_at_the_end():
    log = []

    @asynccontextmanager
    async def limiter():
        log.append("open")
        yield object()
        log.append("close")

    async with env() as made:
        first = await made.shared(("limiter", 1), limiter)
        assert await made.shared(("limiter", 1), limiter) is first
        assert await made.shared(("limiter", 2), limiter) is not first
        assert log == ["open", "open"]
    assert log == ["open", "open", "close", "close"]


async def test_directory_is_there_and_removed_unless_it_was_given(tmp_path):
    async with env() as made:
        made.data_dir.mkdir()
        (made.data_dir / "file").write_text("x")
    assert not made.data_dir.exists()
    async with env(data_dir=tmp_path) as given:
        assert given.data_dir == tmp_path
    assert tmp_path.exists()


async def test_named_markets_are_found_and_others_refused():
    async with env() as plain:
        only = HandMarket(plain.clock)
        async with env(markets={"main": only}) as made:
            assert made.market(MarketRef("")) is only
            assert made.market(MarketRef("main")) is only
            with pytest.raises(KeyError):
                made.market(MarketRef("other"))


async def test_log_lines_are_kept():
    lines = Lines()
    async with env(log=lines) as made:
        made.log.warning("slow", seconds=3)
    assert lines.lines == [("warning", "slow", {"seconds": 3})]


async def test_the_directory_is_not_there_before_a_service_makes_it_as_in_a_first_run():
    async with env(section="paper") as made:
        assert made.data_dir.name == "paper"
        assert not made.data_dir.exists()
