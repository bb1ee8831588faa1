"""The API over a real run: shapes, the whole document under fire, beside an engine, after one."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from nof0_api.schemas import answers

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
ARENA = ROOT / "tests" / "data" / "arena"
SHAPES = {
    "account-totals": ("account-totals.excerpt", answers.AccountTotals),
    "analytics": ("analytics", answers.AnalyticsList),
    "analytics/cross_fast": ("analytics-gpt-5", answers.AnalyticsList),
    "crypto-prices": ("crypto-prices", answers.CryptoPrices),
    "leaderboard": ("leaderboard", answers.Leaderboard),
    "since-inception-values": ("since-inception-values", answers.SinceInceptionValues),
    "trades": ("trades", answers.Trades),
    "positions": ("positions", answers.Positions),
    "conversations": ("conversations", answers.Conversations),
}
OURS = {
    "[].margin_used_pct",
    "[].return_pct",
    "[].is_baseline",
    "[].beats_baseline_p",
    "[].return_pct_ci",
    "[].sharpe_ci",
    *(
        f"[].{k}"
        for k in ("name", "color", "status", "usable_answers", "cycles", "unranked_reason")
    ),
    "[].is_settled",
    "[].exit_reason",
    "[].status",
    *(f"[].{k}" for k in ("timestamp", "inserted_at", "cot_trace", "cot_trace_summary")),
    *(f"[].{k}" for k in ("summary", "user_prompt", "llm_response", "verdicts")),
    "serverTime",
}
"""What the contract adds to the recorded shape, or a hand-made recording lacks."""


@contextmanager
def started(*words):
    """Run the command until the block is left; gives the process and the address it tells."""
    command = [sys.executable, "-m", "nof0_core", *map(str, words)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    )
    patience = threading.Timer(60, process.kill)
    patience.start()
    try:
        for line in process.stdout:
            if found := re.search(r"at (http://\S+) ", line):
                break
        else:
            pytest.fail("the server said no address")
        # From here on it may live for as long as the tests of a slow machine take.
        patience.cancel()
        # Nobody else reads what it has to say; a full pipe would stop it.
        process.rest = []
        drain = threading.Thread(target=lambda: process.rest.extend(process.stdout), daemon=True)
        drain.start()
        yield process, found[1]
        drain.join(20)
    finally:
        patience.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def ask(url, path, **headers):
    place = urlsplit(url)
    line = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    try:
        line.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = line.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        line.close()


def paths(value, at=""):
    """Give the path of every key with the type of what stands there; coins and hours are names."""
    if isinstance(value, dict):
        for key, inner in value.items():
            name = "*" if re.fullmatch(r"[A-Z]{2,6}", key) else key
            yield from paths(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{at}[]")
    else:
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        yield at, "number" if numeric else type(value).__name__


def shape(value):
    found = {}
    for path, kind in paths(value):
        found.setdefault(path, set()).add(kind)
    return found


@pytest.fixture(scope="module")
def url(demo):
    with started("serve", ROOT / "etc" / "nof0.yaml", "--data-dir", demo.data, "--port", "0") as (
        process,
        address,
    ):
        yield address
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


@pytest.mark.parametrize("route", SHAPES)
def test_every_answer_has_the_shape_of_the_recording(url, route):
    file, schema = SHAPES[route]
    status, headers, body = ask(url, f"/api/{route}")
    assert (status, headers["content-type"]) == (200, "application/json")
    ours = shape(json.loads(body))
    recorded = shape(json.loads((ARENA / f"{file}.json").read_text()))
    # Explicit, so that nobody has to believe the comparison below.
    msgspec.json.decode(body, type=schema)
    collection = next(iter(json.loads(body)))
    added = {name.replace("[]", f"{collection}[]") for name in OURS}
    for path, kinds in recorded.items():
        assert path in ours or path == "llm_response", path
        assert kinds - {"NoneType"} <= ours[path] | {"NoneType"}, path
    if route == "positions":
        return  # made by hand, with fewer keys than a position of account totals has
    extra = {p for p in ours if p not in recorded and not any(p.startswith(a) for a in added)}
    assert not {p for p in extra if "exit_plan" not in p and ".llm_response" not in p}


def test_answers_are_what_the_run_exported(url, demo):
    for route in SHAPES:
        exported = demo.export(route.replace("/", "-"))
        got = json.loads(ask(url, f"/api/{route}")[2])
        exported.pop("serverTime", None)
        got.pop("serverTime", None)
        assert got == exported, route


def test_metrics_hold_the_engines_numbers(url):
    text = ask(url, "/metrics")[2].decode()
    assert 'nof0_equity_usd{model="ema-cross",trader="cross_fast"}' in text
    assert "process_cpu_seconds_total" in text


def test_no_request_of_the_document_gets_an_undocumented_answer(url):
    """Every operation with what fits its parameters and what does not."""
    document = schemathesis.openapi.from_url(f"{url}/schema/openapi.json")
    # A stream has no end to wait for; tests/unit/api/test_exports.py listens to it.
    document = document.exclude(path="/api/events")
    asked = 0
    for result in document.get_all_operations():
        operation = result.ok()
        for mode in schemathesis.GenerationMode:
            asked += _fire(operation.as_strategy(generation_mode=mode))
    assert asked > 100


def _fire(cases):
    count = 0

    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def fire(case):
        nonlocal count
        count += 1
        answer = case.call_and_validate(timeout=10)
        assert answer.status_code < 500

    # What takes no parameter cannot be asked wrongly.
    with suppress(Unsatisfiable):
        fire()
    return count


@pytest.fixture
def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def listening(tmp_path, free_port):
    """The shipped configuration with a port of its own."""
    for top in ("etc", "prompts"):
        (tmp_path / top).symlink_to(ROOT / top)
    main = (ROOT / "etc" / "nof0.yaml").read_text()
    main = re.sub(r"Port: 8888", f"Port: {free_port}", main)
    main = re.sub(r"File: (\w+\.yaml)", rf"File: {ROOT}/etc/\1", main)
    file = tmp_path / "nof0.yaml"
    file.write_text(main)
    return file


def test_one_process_trades_and_serves_and_ends_both(listening, tmp_path, free_port):
    data = tmp_path / "data"
    with started("run", listening, "--data-dir", data, "--serve") as (process, url):
        assert url.endswith(f":{free_port}")
        end = time.monotonic() + 40
        while not json.loads(ask(url, "/api/positions")[2])["accountTotals"]:
            assert time.monotonic() < end
            time.sleep(0.1)
        health = json.loads(ask(url, "/api/health")[2])
        assert set(health["exporters"]) == {"json", "prometheus"}
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert "stopped: interrupted" in "".join(process.rest)
    with pytest.raises(OSError, match=r"."):
        ask(url, "/api/health")


def test_serving_changes_nothing_a_run_does(listening, tmp_path, demo, run_in):
    served = run_in(tmp_path / "data", listening)
    outcome = served.run("--cycles", "60", "--serve")
    assert outcome.returncode == 0, outcome.stderr
    alone = run_in(tmp_path / "alone", listening)
    assert alone.run("--cycles", "60").returncode == 0
    assert served.journal_without_wall() == alone.journal_without_wall()
    assert served.exports() == alone.exports()


def test_a_taken_port_is_said_before_anything_starts(listening, tmp_path, free_port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        outcome = subprocess.run(
            [
                *(sys.executable, "-m", "nof0_core", "run", listening, "--serve"),
                *("--data-dir", tmp_path / "data", "--cycles", "1"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert outcome.returncode == 2
    assert f"cannot listen on 127.0.0.1:{free_port}" in outcome.stderr
    assert not list((tmp_path / "data").rglob("*.jsonl"))


def test_after_the_engine_was_killed_the_last_good_data_stands_and_has_an_age(
    listening, tmp_path, run_in
):
    run = run_in(tmp_path / "data", listening)
    engine = run.start()
    try:
        end = time.monotonic() + 40
        while not run.data.is_dir():  # one that is not there is refused
            assert time.monotonic() < end
            time.sleep(0.05)
        with started("serve", listening, "--data-dir", run.data) as (process, url):
            while not json.loads(ask(url, "/api/account-totals")[2])["accountTotals"]:
                assert time.monotonic() < end
                time.sleep(0.1)
            engine.kill()
            engine.communicate()
            time.sleep(0.2)
            before = json.loads(ask(url, "/api/account-totals")[2])
            file = run.data / "api" / "account-totals.json"
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
            time.sleep(0.2)
            status, headers, body = ask(url, "/api/account-totals")
            assert status == 200
            assert json.loads(body)["accountTotals"] == before["accountTotals"]
            assert int(headers["x-data-age"]) >= 0
            health = json.loads(ask(url, "/api/health")[2])
            assert health["documents"]["account-totals"]["state"] == "stale"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 130
    finally:
        engine.kill()
        engine.communicate()


def test_serving_the_live_configuration_needs_no_key(tmp_path):
    with started("serve", ROOT / "etc" / "live.yaml", "--data-dir", tmp_path, "--port", "0") as (
        process,
        url,
    ):
        assert json.loads(ask(url, "/api/health")[2])["status"] == "empty"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
