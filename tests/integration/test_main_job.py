"""`nof0 run etc/nof0.yaml`: what a newcomer does first."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal as D

import pytest
from journal_lines import whole

pytestmark = pytest.mark.integration


def test_the_run_prints_a_leaderboard_with_all_six_traders(demo):
    rows = demo.export("leaderboard")["leaderboard"]
    assert len(rows) == 6
    for row in rows:
        assert row["name"] in demo.outcome.stdout


def test_the_same_seed_gives_the_same_journal_and_the_same_exports(demo, run_in, tmp_path):
    again = run_in(tmp_path / "data")
    outcome = again.run("--cycles", "400")
    assert outcome.returncode == 0, outcome.stderr
    assert again.journal_without_wall() == demo.journal_without_wall()
    assert again.exports() == demo.exports()


def test_neither_zone_nor_hash_seed_of_the_machine_changes_a_byte(run_in, tmp_path, monkeypatch):
    runs = []
    for number, (zone, seed) in enumerate((("UTC", "0"), ("Asia/Kathmandu", "4711"))):
        monkeypatch.setenv("TZ", zone)
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        run = run_in(tmp_path / str(number))
        assert run.run("--cycles", "60").returncode == 0
        runs.append(run)
    one, other = runs
    assert one.records("filled"), "nothing was traded: the test shows nothing"
    assert one.journal_without_wall() == other.journal_without_wall()
    assert one.exports() == other.exports()


def test_at_least_three_traders_trade_and_stops_and_targets_are_among_the_exits(demo):
    purposes = {
        r["data"]["request"]["client_id"]: r["data"]["purpose"]
        for r in demo.records("order_intended")
    }
    fills = demo.records("filled")
    assert len({f["data"]["trader"] for f in fills}) >= 3
    reasons = {purposes[f["data"]["fill"]["client_id"]] for f in fills}
    assert {"open", "stop", "target"} <= reasons


def test_the_journal_verifies_and_a_flipped_byte_is_named(demo, run_in, tmp_path):
    assert demo.nof0("journal", "verify", str(demo.data)).returncode == 0
    copy = run_in(tmp_path / "data")
    for path in demo.journal_files:
        target = copy.data / path.relative_to(demo.data)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    victim = max(copy.journal_files, key=lambda p: p.stat().st_size)
    data = bytearray(victim.read_bytes())
    middle = len(data) // 2
    data[middle] ^= 1
    victim.write_bytes(data)
    line = bytes(data[:middle]).count(b"\n") + 1
    outcome = demo.nof0("journal", "verify", str(copy.data))
    assert outcome.returncode == 1
    assert f"{victim.name}:{line}" in outcome.stdout + outcome.stderr


def test_every_cycle_has_one_record_and_each_trader_its_own_pace(demo):
    cycles = demo.records("cycle")
    ids = [c["data"]["cycle"] for c in cycles]
    assert len(ids) == len(set(ids))
    counts = {}
    for cycle in cycles:
        counts[cycle["stream"]] = counts.get(cycle["stream"], 0) + 1
    assert max(counts.values()) == 400
    assert {c["data"]["status"] for c in cycles} == {"ok"}


def test_no_alert_and_no_drift_in_quiet_weather(demo):
    assert [r["data"] for r in demo.records("alert")] == []
    assert [r["data"] for r in demo.records("reconciled") if r["data"]["drift"]] == []


def test_accounts_add_up(demo):
    totals = demo.export("account-totals")["accountTotals"]
    newest = {}
    for row in totals:
        newest[row["model_id"]] = row
    del newest["buynhold_btc"]
    initial = Counter()
    for record in demo.records("transferred"):
        for trader, amount in record["data"]["amounts"].items():
            initial[trader] += D(amount)
    for trader, row in newest.items():
        expected = float(initial[trader]) + row["realized_pnl"] + row["total_unrealized_pnl"]
        assert row["dollar_equity"] == pytest.approx(expected, abs=1e-6)


def test_the_state_file_has_allocations_and_the_end_of_the_journal(demo):
    state = json.loads((demo.data / "manager_state.json").read_text())
    last = demo.records()[-1]
    noted = state["journal"]
    assert (noted["last_seq"], noted["hash"]) == (last["seq"], last["hash"])
    ends = {record["stream"]: (record["seq"], record["hash"]) for record in demo.records()}
    assert {s: (end["last_seq"], end["hash"]) for s, end in noted["streams"].items()} == ends
    assert len(state["traders"]) == 6
    assert state["rebalances"], "20 hours hold several rebalances"


def test_a_second_start_goes_on_where_the_first_stopped(demo, run_in, tmp_path):
    half = run_in(tmp_path / "data")
    assert half.run("--cycles", "200").returncode == 0
    assert half.run("--cycles", "200").returncode == 0

    def trading(run):
        return [
            (r["time"], r["type"], r["data"])
            for r in whole(run.records())
            if r["type"] in ("cycle", "filled", "order_intended", "funding", "hour")
        ]

    assert trading(half) == trading(demo)
