"""The whole server over real sockets."""

from __future__ import annotations

import gzip
import json
import os
import re
import threading

import pytest

from nof0_api.answer_cache import RENEWED_EVERY
from nof0_core.clock import wall_time

ROUTES = {
    "account-totals": "account-totals",
    "analytics": "analytics",
    "analytics/gpt-5": "analytics-gpt-5",
    "crypto-prices": "crypto-prices",
    "leaderboard": "leaderboard",
    "since-inception-values": "since-inception-values",
    "trades": "trades",
    "positions": "positions",
    "conversations": "conversations",
}


def settle():
    """Wait until answers that lie ready are looked at again."""
    threading.Event().wait(2 * RENEWED_EVERY)


@pytest.mark.parametrize(("route", "file"), ROUTES.items())
def test_the_recorded_answers_are_served_as_they_are(site, route, file):
    recorded = json.loads((site.directory / f"{file}.json").read_text())
    got = site.ask(f"/api/{route}").json
    now = got.pop("serverTime", None)
    recorded.pop("serverTime", None)
    assert got == recorded
    assert (now is None) is (route == "leaderboard")
    if now is not None:
        assert abs(now / 1000 - wall_time().timestamp()) < 5


@pytest.mark.parametrize("route", ROUTES)
def test_an_answer_is_zipped_conditional_and_headed(site, route):
    plain = site.ask(f"/api/{route}")
    assert plain.headers["content-type"] == "application/json"
    assert int(plain.headers["content-length"]) == len(plain.body)
    assert plain.headers["vary"] == "Accept-Encoding"
    assert int(plain.headers["x-data-age"]) >= 0
    zipped = site.ask(f"/api/{route}", accept_encoding="br, gzip")
    assert zipped.headers["etag"] == plain.headers["etag"]
    if zipped.headers.get("content-encoding") == "gzip":
        assert len(zipped.body) < len(plain.body)
        body = json.loads(gzip.decompress(zipped.body))
    else:
        assert len(plain.body) < 700
        body = zipped.json
    same = plain.json
    body.pop("serverTime", None)
    same.pop("serverTime", None)
    assert body == same
    unchanged = site.ask(f"/api/{route}", if_none_match=plain.headers["etag"])
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged.headers["etag"] == plain.headers["etag"]
    head = site.ask(f"/api/{route}", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["etag"] == plain.headers["etag"]
    assert head.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("route", "control"),
    [
        ("crypto-prices", "public, max-age=7"),
        ("positions", "public, max-age=7"),
        ("account-totals", "public, max-age=7"),
        ("trades", "public, max-age=70"),
        ("conversations", "public, max-age=70"),
        ("leaderboard", "no-cache"),
        ("analytics", "no-cache"),
        ("since-inception-values", "no-cache"),
    ],
)
def test_how_long_an_answer_may_be_kept_is_configured(site, route, control):
    assert site.ask(f"/api/{route}").headers["cache-control"] == control


def test_a_new_file_is_a_new_answer(site):
    before = site.ask("/api/trades")
    site.write("trades", {"trades": [], "serverTime": 1})
    settle()
    after = site.ask("/api/trades", if_none_match=before.headers["etag"])
    assert after.status == 200
    assert after.json["trades"] == []


def test_while_a_file_is_broken_or_gone_the_last_good_answer_stands(site):
    before = site.ask("/api/trades")
    path = site.directory / "trades.json"
    path.write_bytes(path.read_bytes()[:5000])
    settle()
    assert site.ask("/api/trades").json["trades"] == before.json["trades"]
    path.unlink()
    settle()
    got = site.ask("/api/trades")
    assert got.json["trades"] == before.json["trades"]
    assert "x-data-age" in got.headers
    health = site.ask("/api/health")
    assert health.status == 200
    assert health.json["status"] == "stale"
    assert health.json["documents"]["trades"]["state"] == "stale"


def test_what_cannot_be_read_at_all_is_503_and_says_nothing_of_files(serve, arena):
    (arena / "trades.json").write_text('{"trades": [')
    site = serve(arena)
    for path in ("/api/trades", "/api/trades?limit=3"):
        got = site.ask(path)
        assert got.status == 503
        assert got.headers["content-type"] == "application/problem+json"
        assert got.headers["retry-after"]
        assert got.json["status"] == 503
        assert str(arena) not in got.body.decode()
        assert ".json" not in got.body.decode()
    assert site.ask("/api/positions").status == 200
    assert site.ask("/api/health").status == 503
    assert site.ask("/api/health").json["status"] == "down"


def test_before_a_run_everything_is_empty(serve, tmp_path):
    site = serve(tmp_path / "nothing")
    for route, key in (
        ("account-totals", "accountTotals"),
        ("analytics", "analytics"),
        ("crypto-prices", "prices"),
        ("leaderboard", "leaderboard"),
        ("since-inception-values", "sinceInceptionValues"),
        ("trades", "trades"),
        ("positions", "accountTotals"),
        ("conversations", "conversations"),
    ):
        got = site.ask(f"/api/{route}")
        assert got.status == 200
        assert not got.json[key]
    assert site.ask("/api/analytics/gpt-5").status == 404
    assert site.ask("/api/health").json["status"] == "empty"


def test_rows_can_be_counted_off(site):
    every = site.ask("/api/trades").json["trades"]
    two = site.ask("/api/trades?limit=2").json["trades"]
    assert len(two) == 2 * len({t["model_id"] for t in every})
    assert [t for t in every if t in two] == two
    assert len(site.ask("/api/positions?limit=1").json["accountTotals"]) == 1


def test_a_model_shows_at_most_a_hundred_trades_unless_more_are_asked_for(site):
    rows = [{"model_id": "a", "n": n} for n in range(150)]
    site.write("trades", {"trades": rows})
    settle()
    assert len(site.ask("/api/trades").json["trades"]) == 100
    assert len(site.ask("/api/trades?limit=1000").json["trades"]) == 150


def test_hours_can_be_fetched_as_they_grow(site):
    rows = [{"model_id": "a", "since_inception_hourly_marker": n} for n in range(10)]
    site.write("account-totals", {"accountTotals": rows, "lastHourlyMarkerRead": 9})
    settle()
    got = site.ask("/api/account-totals?lastHourlyMarker=8").json
    assert [r["since_inception_hourly_marker"] for r in got["accountTotals"]] == [8, 9]
    assert got["lastHourlyMarkerRead"] == 9
    tag = site.ask("/api/account-totals?lastHourlyMarker=8").headers["etag"]
    same = site.ask("/api/account-totals?lastHourlyMarker=8", if_none_match=tag)
    assert same.status == 304


def test_long_curves_can_be_thinned_out(site):
    rows = [{"model_id": "a", "since_inception_hourly_marker": n} for n in range(1000)]
    site.write("account-totals", {"accountTotals": rows, "lastHourlyMarkerRead": 999})
    settle()
    for query, expected in (
        ("points=10", [*range(0, 1000, 100), 999]),
        ("points=2&lastHourlyMarker=980", [980, 990, 999]),
        ("points=1000", list(range(1000))),
    ):
        got = site.ask(f"/api/account-totals?{query}").json["accountTotals"]
        assert [r["since_inception_hourly_marker"] for r in got] == expected
    assert site.ask("/api/account-totals?points=0").status == 400


def test_parameters_nobody_knows_are_tolerated(site):
    got = site.ask("/api/positions?path=positions&limit=1")
    assert got.status == 200
    assert len(got.json["accountTotals"]) == 1
    assert site.ask("/api/leaderboard?path=leaderboard").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/api/trades", "/api/health", "/", "/schema", "/nowhere"])
def test_there_is_nothing_but_reading(site, method, path):
    got = site.ask(path, method=method)
    assert got.status == 405
    assert got.headers["allow"] == "GET, HEAD"
    assert got.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/api/analytics/..%2f..%2fetc%2fpasswd",
        "/api/analytics/../../etc/passwd",
        "/api/analytics/%2e%2e",
        "/api/analytics/%00",
        "/api/analytics/%ff%fe",
        "/api/analytics/" + "a" * 3000,
        "/api/analytics/nobody",
        "/api/trades?limit=0",
        "/api/trades?limit=-1",
        "/api/trades?limit=10001",
        "/api/trades?limit=99999999999999999999999999",
        "/api/trades?limit=%00",
        "/api/account-totals?lastHourlyMarker=x",
        "/api/account-totals?lastHourlyMarker=-1",
        "/api/%ff",
        "/api",
        "/nowhere",
        "/static/../app.py",
        "/schema/elements",
        "/schema/x.html",
        "/api/account-totals?points=0",
        "/api/account-totals?points=10001",
    ],
)
def test_hostile_requests_are_the_clients_fault(site, path):
    got = site.ask(path)
    assert 400 <= got.status < 500
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json["status"] == got.status
    assert str(site.directory) not in got.body.decode()
    assert site.log.lines == []


def test_a_wrong_parameter_is_named(site):
    assert "lastHourlyMarker" in site.ask("/api/account-totals?lastHourlyMarker=x").json["detail"]
    assert "limit" in site.ask("/api/trades?limit=0").json["detail"]


def test_asking_for_many_names_fills_nothing(site):
    for number in range(700):
        assert site.ask(f"/api/analytics/nobody-{number}").status == 404
    assert site.ask("/api/analytics/gpt-5").status == 200


def test_without_cors_no_site_may_read(site):
    got = site.ask("/api/trades", origin="https://example.org")
    assert "access-control-allow-origin" not in got.headers


def test_an_allowed_site_may_read_and_another_may_not(serve, arena):
    site = serve(arena, allow_origins=("https://example.org",))
    for path in ("/api/trades", "/api/health", "/api/analytics/nobody"):
        got = site.ask(path, origin="https://example.org")
        assert got.headers["access-control-allow-origin"] == "https://example.org"
        other = site.ask(path, origin="https://evil.example")
        assert "access-control-allow-origin" not in other.headers
        assert "Origin" in other.headers["vary"]
    asked = {"origin": "https://example.org", "access_control_request_method": "GET"}
    got = site.ask("/api/trades", method="OPTIONS", **asked)
    assert got.status == 204
    assert got.headers["access-control-allow-methods"] == "GET, HEAD"
    asked["origin"] = "https://evil.example"
    assert site.ask("/api/trades", method="OPTIONS", **asked).status == 405


def test_every_site_may_read_where_that_is_configured(serve, arena):
    site = serve(arena, allow_origins=("*",))
    got = site.ask("/api/trades", origin="https://example.org")
    assert got.headers["access-control-allow-origin"] == "*"
    assert "ETag" in got.headers["access-control-expose-headers"]


def test_candles_are_those_of_all_coins_or_of_one(serve, arena):
    rows = [
        {"market": "hl", "symbol": coin, "interval": i, "bars": [[60.0, 1, 3, 0.5, 2, 9]]}
        for coin in ("BTC", "@107")
        for i in ("3m", "4h")
    ]
    site = serve(arena)
    assert site.ask("/api/candles").json["candles"] == []
    site.write("candles", {"candles": rows, "serverTime": 1})
    settle()
    assert site.ask("/api/candles").json["candles"] == rows
    one = site.ask("/api/candles?symbol=%40107")
    assert one.json["candles"] == rows[2:]
    assert one.headers["etag"] != site.ask("/api/candles?symbol=BTC").headers["etag"]
    assert site.ask("/api/candles?symbol=NONE").json["candles"] == []
    assert site.ask("/api/candles?symbol=" + 101 * "x").status == 400


EVERYWHERE = (
    "/",
    "/static/js/app.js",
    "/api/trades",
    "/api/trades?limit=1",
    "/api/health",
    "/metrics",
)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8888",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "[::1].evil.example",
        "nof0.example.org.evil.example",
        "",
        ":8888",
        "[]",
        "127.1",
    ],
)
def test_a_name_that_is_not_the_servers_reads_nothing(serve, arena, host):
    """A page whose name was made to lead here (DNS rebinding) sends that name."""
    site = serve(arena, allow_hosts=("nof0.example.org",))
    for path in EVERYWHERE:
        got = site.ask(path, host=host)
        assert got.status == 421, path
        assert got.headers["content-type"] == "application/problem+json"
        assert "AllowHosts" in got.json["detail"]
    assert site.ask("/api/trades", method="HEAD", host=host).body == b""
    assert site.ask("/api/trades", method="POST", host=host).status == 421


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8888",
        "localhost.",
        "nof0.localhost:8888",
        "127.0.0.1",
        "[::1]:8888",
        "192.168.1.20:80",
        "nof0.example.org",
        "Nof0.Example.org.:443",
    ],
)
def test_addresses_localhost_and_allowed_names_are_answered(serve, arena, host):
    site = serve(arena, allow_hosts=("nof0.example.org",))
    for path in EVERYWHERE:
        assert site.ask(path, host=host).status == 200, path


def test_the_configured_name_is_allowed_and_a_star_allows_all(serve, arena):
    assert serve(arena, host="localhost").ask("/api/trades", host="localhost").status == 200
    assert serve(arena, allow_hosts=("*",)).ask("/api/trades", host="any.example").status == 200


def test_on_all_addresses_it_is_read_by_address_and_not_by_a_foreign_name(serve, arena):
    site = serve(arena, host="0.0.0.0")  # noqa: S104 - what the test is about
    site.url = site.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - to reach it
    assert site.ask("/api/trades", host="192.168.1.20:8888").status == 200
    assert site.ask("/api/trades", host="evil.example:8888").status == 421


def test_metrics_are_the_engines_and_the_servers(serve, arena, tmp_path):
    file = tmp_path / "nof0.prom"
    file.write_text("nof0_equity_usd 5.0")
    site = serve(
        arena,
        metrics_file=file,
        lag=lambda: {"sql": 12},
        quarantine=lambda: {"sql": "export: away"},
    )
    site.ask("/api/trades")
    site.ask("/api/nothing")
    text = site.ask("/metrics").body.decode()
    assert "nof0_equity_usd 5.0\n" in text
    assert re.search(r'nof0_api_answers_total\{status="200"\} [1-9]', text)
    assert 'nof0_api_answers_total{status="404"} 1.0' in text
    assert "process_cpu_seconds_total" in text
    assert 'nof0_exporter_lag_events{exporter="sql"} 12.0' in text
    health = site.ask("/api/health").json
    assert (health["exporters"], health["quarantine"]) == ({"sql": 12}, {"sql": "export: away"})
    file.unlink()
    os.mkfifo(file)
    assert "process_cpu_seconds_total" in site.ask("/metrics").body.decode()
    file.unlink()
    assert "process_cpu_seconds_total" in site.ask("/metrics").body.decode()


def test_a_server_without_an_engine_does_not_know_the_lag(site):
    health = site.ask("/api/health").json
    assert (health["exporters"], health["quarantine"]) == (None, None)


def test_the_dashboard_is_at_the_root_and_asks_nobody_else(site):
    got = site.ask("/")
    assert got.headers["content-type"].startswith("text/html")
    assert not re.search(rb"<(?:script|link|img)[^>]+=[\"']?(?:https?:)?//", got.body)


def test_the_schema_is_openapi_3_1_with_all_routes(site):
    for path in ("/schema", "/schema/openapi.json"):
        found = site.ask(path).json
        assert found["openapi"].startswith("3.1")
        assert {f"/api/{r}" for r in ROUTES if "gpt-5" not in r} < set(found["paths"])
        assert "/api/analytics/{model_id}" in found["paths"]
        assert {"/api/health", "/metrics"} < set(found["paths"])


def test_a_reader_never_sees_a_part_while_files_change(site):
    """Many clients against a writer: every answer is whole and of one version."""
    faults = []
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            site.write("trades", {"trades": [{"model_id": "m", "n": number}] * 90})

    def read():
        newest = 0
        while not stop.is_set():
            got = site.ask("/api/trades", accept_encoding="gzip")
            rows = json.loads(gzip.decompress(got.body))["trades"]
            numbers = {row["n"] for row in rows}
            if len(numbers) != 1 or len(rows) != 90 or min(numbers) < newest:
                faults.append(numbers)
            newest = max(numbers)

    site.write("trades", {"trades": [{"model_id": "m", "n": 0}] * 90})
    settle()
    threads = [threading.Thread(target=write), *(threading.Thread(target=read) for _ in range(4))]
    for thread in threads:
        thread.start()
    threading.Event().wait(1.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert not faults
