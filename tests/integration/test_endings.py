"""However a run ends, nothing is lost and everything left behind can be read."""

from __future__ import annotations

import json
import random
import signal
import time

import pytest

pytestmark = pytest.mark.integration


def _wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_ctrl_c_ends_in_good_order(run_in, tmp_path):
    run = run_in(tmp_path / "data")
    process = run.start()
    _wait_for(lambda: any(p.parent.name != "@engine" for p in run.journal_files))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "stopped: interrupted" in out
    assert run.records()[-1]["type"] == "engine_stopped"
    assert run.nof0("journal", "verify", str(run.data)).returncode == 0


def test_killed_at_any_moment_it_loses_no_fill_and_goes_on(run_in, tmp_path):
    run = run_in(tmp_path / "data")
    moments = random.Random(5)
    for _ in range(6):
        process = run.start("--cycles", "4000")
        time.sleep(1.0 + 1.5 * moments.random())
        process.kill()
        process.communicate()
        for content in run.exports().values():
            json.loads(content)
    outcome = run.run("--cycles", "20")
    assert outcome.returncode == 0, outcome.stderr
    assert run.nof0("journal", "verify", str(run.data)).returncode == 0
    assert [r["data"] for r in run.records("reconciled") if r["data"]["drift"]] == []
    # Where traders hold opposite sides, the engine watches; when it ends, it says so.
    assert {r["data"]["code"] for r in run.records("alert")} <= {"unprotected_at_end"}
    venue = (run.data / "exchange" / "paper_trading").rglob("*.jsonl")
    executed = [line for path in venue for line in path.read_text().splitlines() if '"fill' in line]
    assert executed
    ids = [int(r["data"]["fill"]["trade_id"]) for r in run.records("filled")]
    assert len(ids) == len(set(ids))
    assert sorted(ids) == list(range(1, max(ids) + 1))


def test_a_second_engine_on_the_same_data_is_refused(run_in, tmp_path):
    run = run_in(tmp_path / "data")
    process = run.start()
    try:
        _wait_for(lambda: bool(run.journal_files))
        second = run.run("--cycles", "1")
        assert second.returncode == 2
        assert "another engine is running" in second.stderr
        assert str(process.pid) in second.stderr
    finally:
        process.kill()
        process.communicate()


def test_for_stops_after_real_time(run_in, tmp_path):
    run = run_in(tmp_path / "data")
    outcome = run.run("--for", "2s")
    assert outcome.returncode == 0, outcome.stderr
    assert "2" in outcome.stdout
    assert run.records("cycle")


def test_the_end_of_the_recording_ends_the_run(run_in, tmp_path):
    run = run_in(tmp_path / "data")
    outcome = run.run("--cycles", "100000")
    assert outcome.returncode == 0, outcome.stderr
    assert "the recorded market ends here" in outcome.stdout
    again = run.run()
    assert again.returncode == 0, again.stderr
    assert "the recorded market end" in again.stdout
    assert "Leaderboard" in again.stdout
