"""A Redis that is flushed, filled by others, paused or stopped while an engine runs.

It changes no record, no answer and no cycle.
"""

from __future__ import annotations

import json
import os

import anyio
import pytest
from journal_lines import content_of, day_files
from opened import open_engine
from redis_server import RedisServer

from nof0_core.project import load_config
from nof0_core.testing.environment import Lines

# How long it takes is up to who asks for how many cycles, and to the machine.
pytestmark = pytest.mark.timeout(0)
LAST = int(os.environ.get("NOF0_FLUSHES", "16"))
"""After how many cycles it is over."""


@pytest.fixture
def server():
    started = RedisServer()
    try:
        yield started
    finally:
        started.close()


@pytest.fixture(scope="module")
def configured(project):
    """Load the shipped configuration, with a Redis beside it."""

    text = (project / "etc" / "nof0.yaml").read_text()
    assert text.count("Short: 10 ") == 1
    # However long a machine takes from the last export to the look at its keys.
    lasting = project / "etc" / "lasting.yaml"
    lasting.write_text(text.replace("Short: 10 ", "Short: 86400 "))

    def load(host, place, config=project / "etc" / "nof0.yaml"):
        return load_config(config, data_dir=place, environ={"Cache__0__Host": host})

    load.lasting = lasting

    return load


def live(config, at=lambda cycles: None):
    """Run; `at` is called after each round of the engine with the cycles that are done."""
    log = Lines()

    async def go():
        async with open_engine(config, full_speed=True, log=lambda _: log) as engine:

            def after(_):
                cycles = max(trader.cycles for trader in engine.manager.traders.values())
                at(cycles)
                if cycles >= LAST:
                    engine.manager.stop("enough")

            await engine.run(after)

    anyio.run(go)


def journal(place):
    """Return the journal without what the machine has added to it."""
    return {
        str(path.relative_to(place)).removesuffix(".gz"): [
            line.partition(b',"wall"')[0] for line in content_of(path).splitlines()
        ]
        for path in day_files(place)
    }


def answers(place):
    """Return what the files of the API say, without what depends on the machine."""
    found = {}
    for path in (place / "api").glob("*.json"):
        if path.name not in ("export.json", "status.json"):
            found[path.name] = json.loads(path.read_bytes())
            if isinstance(found[path.name], dict):
                found[path.name].pop("serverTime", None)
    return found


@pytest.fixture(scope="module")
def undisturbed(configured, tmp_path_factory):
    place = tmp_path_factory.mktemp("alone")
    live(configured("", place))
    return place


def flushing(server):
    with server.client() as keys:
        yield lambda cycles: keys.flushall()


def meddling(server):
    """Another program that takes the keys of this one again and again."""
    with server.client() as keys:

        def put(cycles):
            keys.delete("market:prices", "trader:trend:equity")
            keys.rpush("market:prices", "theirs")
            if not keys.exists("api:trades"):
                keys.rpush("api:trades", "theirs")

        yield put


def stopping(server):
    """Gone after the first cycles, for good."""
    done = []

    def stop(cycles):
        if cycles >= 4 and not done:
            done.append(True)
            server.stop()

    yield stop


def starting_late(server):
    server.stop()
    done = []

    def start(cycles):
        if cycles >= 8 and not done:
            done.append(True)
            server.start()

    yield start


@pytest.mark.parametrize("trouble", [flushing, meddling, stopping, starting_late])
def test_no_record_and_no_answer_differs(server, configured, undisturbed, tmp_path, trouble):
    config = configured(server.host, tmp_path)
    for at in trouble(server):
        live(config, at)
    assert journal(tmp_path) == journal(undisturbed)
    assert answers(tmp_path) == answers(undisturbed)


def test_what_is_in_it_at_the_end_is_what_the_files_say(server, configured, tmp_path):
    live(configured(server.host, tmp_path, configured.lasting))
    with server.client() as keys:
        held = json.loads((tmp_path / "api" / "positions.json").read_bytes())["accountTotals"]
        assert held
        for row in held:
            found = keys.hgetall(f"trader:{row['model_id']}:positions")
            assert {coin: json.loads(text) for coin, text in found.items()} == row["positions"]
        assert keys.exists("market:prices", "market:assets", "api:trades") == 3
        assert [*keys.scan_iter("exchange:*:account")]
        coin = next(iter(keys.hgetall("market:prices")))
        assert json.loads(keys.hget(f"market:snapshot:{coin}", "indicators"))
