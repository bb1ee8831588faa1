"""Every key in a real Redis: its type, its unit, how long it lives."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from anyio import create_task_group
from redis_server import RedisServer, behind_tls

from nof0_core.clock import pause
from nof0_core.documents.export_note import digest_of
from nof0_core.domain.engine_status import EngineState, EngineStatus
from nof0_core.domain.event import AccountReported, InstrumentsListed, MarketSeen
from nof0_core.errors import TransientError
from nof0_core.exporters.json_files import JsonConfig, open_json
from nof0_core.exporters.redis import exporter as exporter_module
from nof0_core.exporters.redis.config import RedisConfig
from nof0_core.exporters.redis.exporter import open_redis
from nof0_core.testing.environment import env
from nof0_core.testing.events import sample_events

pytestmark = pytest.mark.anyio

TLS = Path(__file__).parents[3] / "data" / "tls"
BARS = {
    "columns": ["open_time", "open", "high", "low", "close", "volume", "ema20", "rsi7"],
    "bars": [[0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, None], [1, 1.0, 1.0, 1.0, 1.0, 1.0, 3.5, 60.0]],
}


@pytest.fixture
def server():
    started = RedisServer()
    try:
        yield started
    finally:
        started.close()


@pytest.fixture
def keys(server):
    with server.client() as client:
        yield client


@pytest.fixture
def told(story):
    """A story with a report of the venue account, instruments and a bar with indicators."""
    found = story(3)
    found.samples = {type(one.body): one.body for one in sample_events()}
    report = found.samples[AccountReported]
    found.samples[AccountReported] = attrs.evolve(report, venue_account="paper")
    time = found.events[-1].time
    found._say(time, "@engine", attrs.evolve(report, venue_account="of-an-earlier-run"))
    for kind in (AccountReported, InstrumentsListed):
        found._say(time, "@engine", found.samples[kind])
    seen = {"BTC": {"series": {"3m": BARS}}}
    found._say(time, "@engine", MarketSeen(section="hl", digest="x", snapshots=seen))
    return found


@asynccontextmanager
async def exporting(server, **settings):
    config = RedisConfig(**{"host": server.host, **settings})
    async with env() as surroundings, open_redis(config, surroundings) as exporter:
        yield exporter


def shown(told, every=None):
    """The picture after the whole story."""
    view = attrs.evolve(told.view(), seq=told.events[-1].seq)
    if every is None:
        return view
    status = EngineStatus(
        state=EngineState.RUNNING, since=view.time, clock="wall", heartbeat=view.time, every=every
    )
    return attrs.evolve(view, engine=status)


async def files_of(told, folder):
    async with (
        env(data_dir=folder) as surroundings,
        open_json(JsonConfig(path=folder), surroundings) as exporter,
    ):
        await exporter.export(told.events, shown(told))


async def test_a_traders_keys(server, keys, told):
    async with exporting(server) as exporter:
        await exporter.export(told.events, shown(told))
        assert await exporter.cursor() == told.events[-1].seq
    account = told.account("alpha", 30)
    assert keys.type("trader:alpha:equity") == "string"
    assert Decimal(keys.get("trader:alpha:equity")) == account.equity
    assert Decimal(keys.get("trader:alpha:margin_used")) == account.margin_used
    held = keys.hgetall("trader:alpha:positions")
    assert list(held) == ["BTC"]
    assert json.loads(held["BTC"])["quantity"] == 0.1
    assert keys.get("trader:beta:margin_used") == "0"
    # Nothing held is no key: Redis knows no empty hash.
    assert not keys.exists("trader:beta:positions")


async def test_keys_of_the_venue_account(server, keys, told):
    async with exporting(server) as exporter:
        await exporter.export(told.events, shown(told))
    body = told.samples[AccountReported]
    account = body.report.account
    place = f"exchange:{body.venue_account}"
    assert not keys.exists("exchange:of-an-earlier-run:account")
    assert keys.hgetall(f"{place}:account") == {
        "equity": str(account.equity),
        "cash": str(account.raw_usd),
        "margin_used": str(account.margin_used),
        "withdrawable": str(account.available),
        "time": account.time.isoformat(),
    }
    held = json.loads(keys.get(f"{place}:positions"))
    assert [row["symbol"] for row in held] == [one.symbol for one in body.report.positions]
    assert [Decimal(row["quantity"]) for row in held] == [
        one.quantity for one in body.report.positions
    ]


async def test_keys_of_the_market(server, keys, told):
    async with exporting(server) as exporter:
        await exporter.export(told.events, shown(told))
    [quote] = told.view().quotes.values()
    assert keys.hgetall("market:prices") == {"BTC": str(quote.mark)}
    snapshot = keys.hgetall("market:snapshot:BTC")
    assert json.loads(snapshot.pop("indicators")) == {"3m": {"ema20": 3.5, "rsi7": 60.0}}
    # What the venue does not tell has no field.
    assert snapshot == {
        "mark": str(quote.mark),
        "mid": str(quote.mid),
        "oracle": str(quote.oracle),
        "time": quote.time.isoformat(),
    }
    listed = told.samples[InstrumentsListed]
    assets = json.loads(keys.get("market:assets"))
    assert [(row["provider_id"], row["symbol"]) for row in assets] == [
        (listed.section, symbol) for symbol in listed.instruments
    ]


async def test_documents_are_those_of_the_files_with_all_their_rows(server, keys, story, tmp_path):
    told = story(60)  # so many hours that some lie in pieces
    await files_of(told, tmp_path)
    async with exporting(server, documents=tmp_path) as exporter:
        await exporter.export(told.events, shown(told))
    found = {key.removeprefix("api:"): json.loads(keys.get(key)) for key in keys.scan_iter("api:*")}
    assert set(found) == {
        "crypto-prices", "trades", "positions", "account-totals", "conversations", "analytics",
        "leaderboard", "since-inception-values",
    }  # fmt: skip
    assert (tmp_path / "account-totals.json").read_bytes() != keys.get("api:account-totals")
    hours = {
        row["since_inception_hourly_marker"] for row in found["account-totals"]["accountTotals"]
    }
    assert len(hours) > 55
    assert "layout" not in found["account-totals"]
    assert keys.get("api:positions").encode() == (tmp_path / "positions.json").read_bytes()


async def test_documents_of_an_export_that_is_being_finished_come_as_they_are_then(
    server, keys, story, tmp_path, monkeypatch
):
    monkeypatch.setattr(exporter_module, "_LOOKS", 1_000_000)  # however slow this test is
    told = story(3)
    await files_of(told, tmp_path)
    main, note = tmp_path / "trades.json", tmp_path / "export.json"
    before, after = main.read_bytes(), b'{"trades":[],"serverTime":1}'
    finished = json.loads(note.read_bytes())
    finished["documents"]["trades.json"] = digest_of(after)
    async with exporting(server, documents=tmp_path) as exporter, create_task_group() as tasks:
        main.write_bytes(after)  # in place, and its note is not
        tasks.start_soon(exporter.export, told.events, shown(told))
        while not keys.exists("api:leaderboard"):
            await pause(0.001)
        assert not keys.exists("api:trades")
        note.write_bytes(json.dumps(finished).encode())
    assert keys.get("api:trades").encode() == after != before


async def test_how_long_keys_live(server, keys, told, tmp_path):
    await files_of(told, tmp_path)
    lives = {"short": 100, "medium": 200, "long": 300}
    async with exporting(server, documents=tmp_path, **lives) as exporter:
        await exporter.export(told.events, shown(told, timedelta(seconds=15)))
    body = told.samples[AccountReported]
    expected = {
        "market:prices": 100, "market:snapshot:BTC": 100, "api:crypto-prices": 100,
        "trader:alpha:equity": 200, "trader:alpha:positions": 200, "trader:alpha:margin_used": 200,
        f"exchange:{body.venue_account}:account": 200, "api:trades": 200, "api:positions": 200,
        f"exchange:{body.venue_account}:positions": 200, "api:account-totals": 200,
        "api:conversations": 200, "market:assets": 300, "api:analytics": 300,
        "api:leaderboard": 300, "api:since-inception-values": 300,
    }  # fmt: skip
    for key, seconds in expected.items():
        assert seconds - 60 <= keys.ttl(key) <= seconds, key
    # There is no key that never expires.
    assert all(keys.ttl(key) > 0 for key in keys.scan_iter())


async def test_no_key_expires_between_two_exports(server, keys, told):
    async with exporting(server, short=0, medium=0, long=0) as exporter:
        await exporter.export(told.events, shown(told, timedelta(seconds=200)))
    assert 540 <= keys.ttl("market:prices") <= 600


async def test_a_position_that_is_closed_is_gone(server, keys, told):
    view = shown(told)
    flat = [
        attrs.evolve(one, account=attrs.evolve(one.account, holdings=())) for one in view.traders
    ]
    async with exporting(server) as exporter:
        await exporter.export(told.events, view)
        await exporter.export([], attrs.evolve(view, traders=tuple(flat)))
    assert not keys.exists("trader:alpha:positions")


async def test_a_traders_keys_change_in_one_step(server, keys, told):
    """Another client never sees equity of one moment and positions of another."""
    view = shown(told)
    seen = []
    server_time = []
    with server.client() as watching, watching.monitor() as monitor:
        async with exporting(server) as exporter:
            await exporter.export(told.events, view)
        watching_end = server.client()
        watching_end.echo("end")
        for command in monitor.listen():
            if "echo" in command["command"].lower():
                break
            server_time.append(command)
            if command["command"].startswith("EVAL") and "trader:alpha" in command["command"]:
                seen.append(command["command"])
        watching_end.close()
    # One script has all three; it is the only thing any client asked about them.
    [one] = seen
    assert all(f"trader:alpha:{name}" in one for name in ("equity", "positions", "margin_used"))
    asked = [each["command"] for each in server_time if each["client_type"] != "lua"]
    assert not [each for each in asked if each.startswith(("FLUSH", "KEYS", "SCAN", "DEL"))]


async def test_a_prefix_keeps_two_engines_apart(server, keys, told):
    for prefix in ("a:", "b:"):
        async with exporting(server, prefix=prefix) as exporter:
            await exporter.export(told.events, shown(told))
    assert keys.exists("a:trader:alpha:equity", "b:trader:alpha:equity") == 2
    assert all(key.startswith(("a:", "b:")) for key in keys.scan_iter())


async def test_while_it_catches_up_nothing_is_written(server, keys, told):
    async with exporting(server) as exporter:
        await exporter.export(told.events[:5], shown(told))
        assert keys.keys() == []
        await exporter.export(told.events[5:], shown(told))
    assert keys.exists("trader:alpha:equity")


async def test_with_tls_and_password(told, monkeypatch):
    locked = RedisServer("--requirepass", "open sesame")
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    try:
        with behind_tls(locked.port, TLS / "good.pem") as port:
            settings = {"host": f"127.0.0.1:{port}", "tls": True, "password": "open sesame"}
            async with exporting(locked, **settings) as exporter:
                await exporter.export(told.events, shown(told))
        with locked.client("open sesame") as client:
            assert client.exists("trader:alpha:equity")
    finally:
        locked.close()


@pytest.mark.parametrize("certificate", ["elsewhere", "expired", "unknown"])
async def test_a_certificate_that_does_not_fit_is_refused(server, told, monkeypatch, certificate):
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    with behind_tls(server.port, TLS / f"{certificate}.pem") as port:
        async with exporting(server, host=f"127.0.0.1:{port}", tls=True) as exporter:
            with pytest.raises(TransientError, match="certificate"):
                await exporter.export(told.events, shown(told))


@pytest.mark.parametrize("host", ["redis://:canary@h:1", "h", "h:0", "h:70000", ":6379", "a b:1"])
def test_an_address_that_is_none_is_refused_and_not_shown(host):
    with pytest.raises(ValueError, match="host:port") as caught:
        RedisConfig(host=host)
    assert "canary" not in str(caught.value)


def test_the_password_is_not_in_the_representation():
    assert "canary" not in repr(RedisConfig(host="h:1", password="canary"))  # noqa: S106


async def test_what_is_remembered_goes_on_after_a_restart(server, keys, told):
    async with exporting(server) as exporter:
        await exporter.export(told.events, shown(told))
        [kept] = exporter.projections()
        data = kept.dump()
    keys.flushall()
    async with exporting(server) as exporter:
        [fresh] = exporter.projections()
        fresh.load(data)
        assert await exporter.cursor() == told.events[-1].seq
        await exporter.export([], shown(told))
    assert keys.exists("market:assets", "market:snapshot:BTC") == 2
    assert json.loads(keys.hget("market:snapshot:BTC", "indicators"))["3m"]["ema20"] == 3.5
