"""A Redis that is away, slow, full, locked, in a cluster or another's: nobody waits for it."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import anyio
import attrs
import pytest
import redis
from redis_server import RedisServer

from nof0_core.clock import pause
from nof0_core.domain.health import Health
from nof0_core.errors import ProviderError, TransientError
from nof0_core.execution.limits import LIMITS
from nof0_core.exporters.json_files import JsonConfig, open_json
from nof0_core.exporters.redis.config import RedisConfig
from nof0_core.exporters.redis.exporter import open_redis
from nof0_core.journal import Journal
from nof0_core.runtime import exporting
from nof0_core.runtime.export_loop import Exports
from nof0_core.runtime.exporting import Output
from nof0_core.testing.environment import Lines, env

pytestmark = pytest.mark.anyio


@pytest.fixture
def start():
    """Start servers that end with the test."""
    servers = []

    def started(*options):
        servers.append(RedisServer(*options))
        return servers[-1]

    yield started
    for server in servers:
        server.close()


@asynccontextmanager
async def opened(server, log=None, **settings):
    config = RedisConfig(**{"host": server.host, **settings})
    surroundings = SimpleNamespace(section="redis", log=log or Lines())
    async with open_redis(config, surroundings) as exporter:
        yield exporter


@pytest.fixture
def picture(story):
    told = story(3)
    return told.events, attrs.evolve(told.view(), seq=told.events[-1].seq)


async def test_a_server_that_is_away_at_the_start_and_comes_is_written_to(start, picture):
    events, view = picture
    server = start()
    server.stop()
    async with opened(server) as exporter:
        with pytest.raises(TransientError, match=f"Redis at {server.host} cannot be reached"):
            await exporter.export(events, view)
        server.start()
        await exporter.export(events, view)
    with server.client() as keys:
        assert keys.exists("trader:alpha:equity")


async def test_a_server_that_is_started_anew_midway_has_all_keys_again(start, picture, tmp_path):
    events, view = picture
    async with env(data_dir=tmp_path) as e, open_json(JsonConfig(path=tmp_path), e) as files:
        await files.export(events, view)
    server = start()
    async with opened(server, documents=tmp_path) as exporter:
        await exporter.export(events, view)
        with server.client() as keys:
            before = sorted(keys.keys())
        server.stop()
        with pytest.raises(TransientError):
            await exporter.export([], view)
        server.start()
        await exporter.export([], view)
        with server.client() as keys:
            assert sorted(keys.keys()) == before
            assert len(before) > 10


async def test_flushall_between_any_two_rounds_is_made_good_by_the_next(start, picture, tmp_path):
    events, view = picture
    async with env(data_dir=tmp_path) as e, open_json(JsonConfig(path=tmp_path), e) as files:
        await files.export(events, view)
    server = start()
    async with opened(server, documents=tmp_path) as exporter:
        await exporter.export(events, view)
        with server.client() as keys:
            before = contents(keys)
            for _ in range(3):
                keys.flushall()
                keys.script_flush()
                await exporter.export([], view)
                assert contents(keys) == before


def contents(keys):
    read = {"string": keys.get, "hash": keys.hgetall}
    return {key: read[keys.type(key)](key) for key in sorted(keys.keys())}


async def test_documents_that_stay_the_same_are_not_sent_again(start, picture, tmp_path):
    events, view = picture
    async with env(data_dir=tmp_path) as e, open_json(JsonConfig(path=tmp_path), e) as files:
        await files.export(events, view)
    server = start()
    async with opened(server, documents=tmp_path, medium=60) as exporter:
        await exporter.export(events, view)
        with server.client() as keys:
            keys.expire("api:trades", 5)
            before = keys.info("stats")["total_net_input_bytes"]
            await exporter.export([], view)
            sent = keys.info("stats")["total_net_input_bytes"] - before
            assert sent < len(keys.get("api:account-totals"))
            # It lives on all the same.
            assert keys.ttl("api:trades") > 5


async def test_one_that_is_silent_is_given_up_and_told_as_slow(start, picture):
    events, view = picture
    server, log = start(), Lines()
    async with opened(server, log, timeout=timedelta(milliseconds=200)) as exporter:
        await exporter.export(events, view)
        server.pause()
        with pytest.raises(TransientError, match=r"has not answered within 0\.2 s"):
            await exporter.export([], view)
        server.resume()
        await exporter.export([], view)
    slow = [line for line in log.lines if line[1] == "slow Redis operation"]
    assert slow
    assert slow[0][2]["operation"] == "write"


async def test_slow_operations_are_logged_from_the_threshold_on(start, picture):
    events, view = picture
    log = Lines()
    async with opened(start(), log, slow_threshold=0) as exporter:
        await exporter.export(events, view)
    assert {line[2]["operation"] for line in log.lines} >= {"write"}


@pytest.mark.parametrize("password", ["", "wrong-canary"])
async def test_a_wrong_password_is_named_and_not_shown(start, picture, password):
    events, view = picture
    server = start("--requirepass", "right-canary")
    async with opened(server, password=password) as exporter:
        with pytest.raises(ProviderError, match="refuses the password; see Pass of Cache") as told:
            await exporter.export(events, view)
    assert "canary" not in str(told.value)
    assert not isinstance(told.value, TransientError)


async def test_a_server_in_a_cluster_is_refused_with_what_to_do(start, picture):
    events, view = picture
    server = start("--cluster-enabled", "yes")
    async with opened(server) as exporter:
        with pytest.raises(ProviderError, match=r"part of a cluster.*single server .Type: node"):
            await exporter.export(events, view)


async def test_one_that_is_full_and_evicts_nothing_says_so(start, picture):
    events, view = picture
    server = start()
    async with opened(server) as exporter:
        with server.client() as keys:
            keys.config_set("maxmemory", "1")
            with pytest.raises(TransientError, match="is full: .*allkeys-lru"):
                await exporter.export(events, view)
            # No group was written half.
            assert not keys.exists("trader:alpha:equity", "trader:alpha:positions")
            assert keys.exists("market:prices", "market:snapshot:BTC") in (0, 2)
            keys.config_set("maxmemory", "0")
            await exporter.export([], view)
            assert keys.exists("trader:alpha:equity", "trader:alpha:positions") == 2


async def test_one_that_evicts_is_filled_again(start, picture):
    events, view = picture
    server = start("--maxmemory-policy", "allkeys-random")
    async with opened(server) as exporter:
        await exporter.export(events, view)
        with server.client() as keys:
            keys.config_set("maxmemory", "1")
            with suppress(redis.OutOfMemoryError):  # after all was thrown out to make room
                keys.set("x", "y")
            assert not keys.exists("trader:alpha:equity")
            keys.config_set("maxmemory", "0")
            await exporter.export([], view)
            assert keys.exists("trader:alpha:equity")


async def test_a_key_of_another_type_or_without_end_is_left_and_told(start, picture):
    events, view = picture
    server, log = start(), Lines()
    with server.client() as keys:
        keys.rpush("market:prices", "theirs")
        keys.set("trader:alpha:equity", "theirs")  # of our type, but no key of ours lives forever
        keys.hset("unrelated", "a", "b")
        async with opened(server, log) as exporter:
            for _ in range(2):
                await exporter.export(events, view)
            health, sentence = exporter.health()
            assert health is Health.DEGRADED
            assert "market:prices, trader:alpha:equity; set a Prefix" in sentence
            assert keys.lrange("market:prices", 0, -1) == ["theirs"]
            assert keys.get("trader:alpha:equity") == "theirs"
            assert keys.hgetall("unrelated") == {"a": "b"}
            # All others are there.
            assert keys.exists("trader:alpha:positions", "trader:beta:equity") == 2
            told = [line for line in log.lines if "another program's" in line[1]]
            assert len(told) == 2  # once each, not every round
            keys.delete("market:prices", "trader:alpha:equity")
            await exporter.export([], view)
            assert exporter.health() == (Health.OK, "")
            assert keys.exists("market:prices", "trader:alpha:equity") == 2


async def test_a_document_that_is_too_large_is_left_out_and_told(start, picture, tmp_path):
    events, view = picture
    async with env(data_dir=tmp_path) as e, open_json(JsonConfig(path=tmp_path), e) as files:
        await files.export(events, view)
    server, log = start(), Lines()
    async with opened(server, log, documents=tmp_path, largest_document=1) as exporter:
        exporter._files.largest = 300  # a key counts in MB
        await exporter.export(events, view)
        await exporter.export([], view)
        health, sentence = exporter.health()
    assert health is Health.DEGRADED
    assert "account-totals" in sentence
    told = [line for line in log.lines if "too large" in line[1]]
    assert len(told) == len({line[2]["document"] for line in told}) >= 1
    with server.client() as keys:
        assert not keys.exists("api:account-totals")
        assert keys.exists("api:crypto-prices")


class Run:
    """An engine's exports of a journal that grows, with the real `redis` exporter."""

    def __init__(self, folder, server, told):
        self.log, self.server, self.told = Lines(), server, told
        self.journal = Journal.open(folder / "journal")
        self.exports = Exports(journal=self.journal, log=self.log, last_within=LIMITS.export)
        self.exports.add(Output(name="redis", plugin="", open=self.open))
        self.stack = AsyncExitStack()

    async def open(self):
        return await self.stack.enter_async_context(opened(self.server, self.log))

    def live(self, first, last):
        for event in self.told.events[first:last]:
            known = self.journal.append(event.time, event.stream, event.body)
            self.exports.notice(known)
        view = self.told.view()
        self.exports.offer(attrs.evolve(view, seq=self.journal.last_seq))

    @property
    def state(self):
        return self.exports.states[0]

    async def until(self, is_so):
        while not is_so(self.state):
            await pause(0.01)


async def test_trading_goes_on_while_it_is_away_and_it_catches_up(
    start, story, tmp_path, monkeypatch
):
    monkeypatch.setattr(exporting, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(exporting, "LONGEST_WAIT", 0.05)
    told, server = story(5), start()
    run = Run(tmp_path, server, told)
    async with run.stack, run.exports.running():
        run.live(0, 10)
        await run.until(lambda state: state.behind == 0)
        await anyio.to_thread.run_sync(server.stop)
        run.live(10, 20)
        await run.until(lambda state: state.failures > 1)
        assert (run.journal.last_seq, run.state.behind) == (20, 10)
        assert "cannot be reached" in run.state.trouble
        await anyio.to_thread.run_sync(server.start)
        run.live(20, len(told.events))
        await run.until(lambda state: state.behind == 0 and not state.trouble)
    with server.client() as keys:
        assert keys.exists("trader:alpha:equity")


async def test_the_commands_that_the_page_names_are_all_it_needs(start, picture, tmp_path):
    events, view = picture
    async with env(data_dir=tmp_path) as e, open_json(JsonConfig(path=tmp_path), e) as files:
        await files.export(events, view)
    page = (Path(__file__).parents[4] / "docs" / "storage.md").read_text()
    sentence = page.split("the user needs")[1].split("\n\n")[0]
    allowed = [f"+{word.lower()}" for word in re.findall(r"`([A-Z]+)`", sentence)]
    assert "+eval" in allowed
    server, log = start("--requirepass", "x"), Lines()
    with server.client("x") as keys:
        keys.execute_command("ACL", "SETUSER", "admin", "on", ">y", "~*", "+@all")
        keys.execute_command("ACL", "SETUSER", "default", "-@all", *allowed)
        with redis.Redis(port=server.port, username="admin", password="y") as admin:  # noqa: S106
            async with opened(server, log, password="x", documents=tmp_path) as exporter:  # noqa: S106
                await exporter.export(events, view)
                await exporter.export([], view)
            assert admin.exists("trader:alpha:equity", "api:trades", "market:prices") == 3
    assert log.lines == []
