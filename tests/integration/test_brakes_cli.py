"""Halt, brakes and requests as a user meets them: through the command, across kills."""

from __future__ import annotations

import json
import shutil
import time
from collections import defaultdict
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from failing_check import FAILING_CHECK
from journal_lines import content_of

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path, run_in):
    """A copy of the shipped configuration; `limit` adds lines to every trader."""
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    run = run_in(tmp_path / "data", tmp_path / "etc" / "nof0.yaml")

    def limit(*lines):
        path = tmp_path / "etc" / "manager.yaml"
        key = "    allocation_pct: 15\n"
        text = path.read_text()
        assert text.count(key) == 6
        path.write_text(text.replace(key, key + "".join(f"    {line}\n" for line in lines)))

    def guard(text):
        path = tmp_path / "etc" / "manager.yaml"
        # The last trader has guards of its own: one block is enough.
        own = "    exec_guards:\n      max_new_positions_per_cycle: 1\n"
        path.write_text(path.read_text().replace(own, ""))
        limit(f"exec_guards: {text}")

    def command(*words):
        head = ["traders", *words[1:2]] if words[0] == "traders" else [words[0]]
        rest = words[len(head) :]
        outcome = run.nof0(*head, str(run.config), *rest, "--data-dir", str(run.data))
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    run.limit = limit
    run.guard = guard
    run.command = command
    return run


@contextmanager
def engine(run):
    process = run.start()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition, seconds=150.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


def records(run, *types):
    """Complete records only: the engine may be writing the last one."""
    found = []
    for path in run.journal_files:
        for line in content_of(path).split(b"\n")[:-1]:
            record = json.loads(line)
            if record["type"] in types:
                found.append(record)
    return sorted(found, key=lambda r: r["seq"])


def held(run):
    """What each trader holds, by the fills and offsets in the journal."""
    sizes = defaultdict(Decimal)
    for record in records(run, "filled"):
        fill = record["data"]["fill"]
        sign = 1 if fill["side"] == "buy" else -1
        sizes[record["data"]["trader"], fill["symbol"]] += sign * Decimal(fill["size"])
    for record in records(run, "offset"):
        for trader, quantity in record["data"]["quantities"].items():
            sizes[trader, record["data"]["symbol"]] += Decimal(quantity)
    return {key: size for key, size in sizes.items() if size}


def opens(run, after=0):
    return [
        r
        for r in records(run, "order_intended")
        if r["data"]["purpose"] == "open" and r["seq"] > after
    ]


def test_tripped_brakes_hold_through_a_kill_and_until_what_ends_them(project):
    project.limit("daily_loss_limit_pct: 0.05", "max_drawdown_pct: 0.05")
    project.guard("{sharpe_pause_threshold: 99, sharpe_pause_duration: 30h}")
    kinds = {"daily_loss", "max_drawdown", "sharpe_pause"}

    def tripped():
        return [r["data"] for r in records(project, "brake_tripped")]

    def tripped_and_holding():
        # These two hardly ever ask for anything again: they would prove nothing.
        holders = {trader for trader, _ in held(project)} - {"holder", "cross_patient"}
        fallen = {t["trader"] for t in tripped() if t["brake"] == "max_drawdown"}
        return kinds == {t["brake"] for t in tripped()} and holders & fallen

    with engine(project) as process:
        victims = wait_for(tripped_and_holding)
        process.kill()  # SIGKILL
        process.communicate()
    last = max(r["seq"] for r in records(project, "brake_tripped", "filled", "cycle"))
    before = tripped()
    outcome = project.run("--cycles", "200")
    assert outcome.returncode == 0, outcome.stderr

    trips = records(project, "brake_tripped")
    for trip in trips:
        data = trip["data"]
        end = data["until"] or "9"
        if data["brake"] == "sharpe_pause":
            assert Decimal(data["numbers"]["sharpe"]) < Decimal(data["numbers"]["threshold"])
        else:
            assert Decimal(data["numbers"]["lost_pct"]) >= Decimal("0.05")
        assert end.endswith("T00:00:00Z") is (data["brake"] == "daily_loss")
        assert (data["until"] is None) is (data["brake"] == "max_drawdown")
        late = [
            r
            for r in opens(project, after=trip["seq"])
            if r["data"]["trader"] == data["trader"] and r["time"] < end
        ]
        assert late == [], "an entry while the brake was on"
    # The brakes are not told twice: they were found on.
    told = [(t["trader"], t["brake"], t["until"]) for t in tripped()]
    assert len(set(told)) == len(told)
    assert set(told) >= {(t["trader"], t["brake"], t["until"]) for t in before}
    alerts = {(r["data"]["code"], r["data"]["trader"]) for r in records(project, "alert")}
    assert alerts >= {(brake, trader) for trader, brake, _ in told}

    verdicts = {
        v["code"]
        for r in records(project, "cycle")
        if r["seq"] > last
        for j in r["data"]["judgements"]
        for v in j["verdicts"]
    }
    assert verdicts >= {"daily_loss_limit", "max_drawdown", "sharpe_pause"}
    filled = {r["data"]["trader"] for r in records(project, "filled") if r["seq"] > last}
    assert filled & victims, "nobody could close"

    # A person ends the drawdown brake, whatever became of the others.
    document = json.loads(project.command("traders", "status", "--json"))
    trader, *_ = (
        trader for trader, row in document["traders"].items() if "the drawdown is" in row["reason"]
    )
    text = project.command("traders", "status", trader)
    assert "the drawdown is" in text
    assert "until `nof0 traders resume`" in text
    project.command("traders", "resume", trader)
    assert project.run("--cycles", "1").returncode == 0
    released = [r["data"] for r in records(project, "brake_released")]
    lifted = [r for r in released if r["brake"] == "max_drawdown"]
    assert [(r["trader"], r["reason"]) for r in lifted] == [
        (trader, "resumed; measured from here on")
    ]
    [answer] = [r["data"] for r in records(project, "control")]
    assert answer["message"].startswith("lifted: max_drawdown")


def test_halt_takes_effect_before_the_next_order_and_flattens(project):
    with engine(project):
        wait_for(lambda: len(held(project)) >= 2)
        said = project.command("halt", "--flatten", "--reason", "enough")
        assert "no entry leaves any more" in said
        newest = max((r["seq"] for r in opens(project)), default=0)
        wait_for(lambda: not held(project))
        seen = len(records(project, "cycle"))
        wait_for(lambda: len(records(project, "cycle")) > seen + 60)
        assert opens(project, after=newest) == []
        assert not held(project)
        halts = [r["data"] for r in records(project, "brake_tripped")]
        assert [(h["brake"], h["trader"]) for h in halts] == [("halt", None)]
        assert "enough" in halts[0]["message"]
        picture = json.loads(project.command("traders", "status", "--json"))
        assert picture["halt"]["flatten"] is True
        assert picture["engine"] is not None
        assert "the halt is over" in project.command("resume")
        wait_for(lambda: opens(project, after=newest))
        assert [r["data"]["brake"] for r in records(project, "brake_released")] == ["halt"]
    assert "there was no halt" in project.command("resume")
    assert records(project, "alert")[0]["data"]["code"] == "halted"


def test_a_halt_without_an_engine_waits_for_the_next_one(project):
    assert project.run("--cycles", "40").returncode == 0
    assert held(project)
    newest = opens(project)[-1]["seq"]
    said = project.command("halt", "--flatten")
    assert "no engine is running" in said
    assert project.run("--cycles", "20").returncode == 0
    assert not held(project)
    assert opens(project, after=newest) == []
    purposes = {r["data"]["purpose"] for r in records(project, "order_intended")}
    assert "flatten" in purposes
    assert not [r for r in records(project, "reconciled") if r["data"]["drift"]]


def test_a_halt_marker_nobody_can_read_is_a_halt(project):
    marker = project.data / "control" / "halt.json"
    marker.parent.mkdir(parents=True)
    marker.write_text("stop!")
    assert project.run("--cycles", "60").returncode == 0
    assert records(project, "cycle")
    assert opens(project) == []


def test_closing_pausing_and_resuming_single_traders(project):
    assert project.run("--cycles", "40").returncode == 0
    before = held(project)
    holder = {symbol for trader, symbol in before if trader == "holder"}
    assert len(holder) >= 2
    project.command("traders", "pause", "holder")
    project.command("traders", "close", "holder", "--symbol", "BTC")
    project.command("traders", "pause", "coin_flip")
    waiting = json.loads(project.command("traders", "status", "--json"))["waiting"]
    assert [(w["command"], w["trader"]) for w in waiting] == [
        ("pause", "holder"), ("close", "holder"), ("pause", "coin_flip")
    ]  # fmt: skip
    done = {t: len([r for r in records(project, "cycle") if r["data"]["trader"] == t])
            for t in ("holder", "coin_flip")}  # fmt: skip
    assert project.run("--cycles", "20").returncode == 0
    after = held(project)
    assert ("holder", "BTC") not in after
    assert {s for t, s in after if t == "holder"} == holder - {"BTC"}
    for trader, count in done.items():
        now = [r for r in records(project, "cycle") if r["data"]["trader"] == trader]
        assert len(now) == count, f"{trader} decided although it was paused"
    answers = [(r["data"]["command"], r["data"]["outcome"]) for r in records(project, "control")]
    assert sorted(answers) == [("close", "done"), ("pause", "done"), ("pause", "done")]
    picture = json.loads(project.command("traders", "status", "--json"))
    assert picture["waiting"] == []
    assert picture["traders"]["holder"]["status"] == "paused"
    assert picture["traders"]["holder"]["reason"] == "paused, until `nof0 traders resume`"
    assert "BTC" not in picture["traders"]["holder"]["positions"]
    assert "paused" in project.command("traders", "status", "holder")

    project.command("traders", "resume", "holder")
    # As if the engine had died between answering the first pause and removing it.
    answered = records(project, "control")[0]["data"]
    assert (answered["command"], answered["trader"]) == ("pause", "holder")
    left_over = project.data / "control" / "requests" / f"{answered['request']}.json"
    left_over.write_text('{"command": "pause", "trader": "holder"}')
    assert project.run("--cycles", "20").returncode == 0
    assert not left_over.exists()
    again = [r for r in records(project, "cycle") if r["data"]["trader"] == "holder"]
    assert len(again) > done["holder"]
    assert json.loads(project.command("traders", "status", "--json"))["traders"]["coin_flip"][
        "status"
    ] == "paused"  # fmt: skip


def test_a_trader_without_auto_start_waits_to_be_resumed_and_stays_so(project):
    manager = project.config.parent / "manager.yaml"
    manager.write_text(manager.read_text().replace("auto_start: true", "auto_start: false"))
    assert project.run("--cycles", "20").returncode == 0
    assert {r["data"]["trader"] for r in records(project, "cycle")} == {
        "cross_fast", "cross_patient", "reverter", "coin_flip", "coin_flip_busy"
    }  # fmt: skip
    project.command("traders", "resume", "holder")
    for cycles in ("20", "20"):
        before = len([r for r in records(project, "cycle") if r["data"]["trader"] == "holder"])
        assert project.run("--cycles", cycles).returncode == 0
        now = [r for r in records(project, "cycle") if r["data"]["trader"] == "holder"]
        assert len(now) > before


def test_a_request_to_nobody_is_refused_at_once(project):
    project.data.mkdir()
    outcome = project.nof0(
        "traders", "pause", str(project.config), "nobody", "--data-dir", str(project.data)
    )
    assert outcome.returncode == 2
    assert 'no trader "nobody"' in outcome.stderr
    assert not (project.data / "control").exists()


@pytest.mark.parametrize("command", ["halt", "resume"])
def test_a_data_directory_that_is_not_there_is_no_place_for_a_halt(project, command):
    typo = project.data.with_name("dtaa")
    outcome = project.nof0(command, str(project.config), "--data-dir", str(typo))
    assert outcome.returncode == 2
    assert f"there is no data directory {typo}" in outcome.stderr
    assert not typo.exists()


def test_a_second_halt_takes_nothing_back(project):
    project.data.mkdir()
    project.command("halt", "--flatten", "--reason", "enough")
    second = json.loads(project.command("halt", "--json"))
    assert (second["reason"], second["flatten"]) == ("enough", True)
    third = json.loads(project.command("halt", "--reason", "still", "--json"))
    assert (third["reason"], third["flatten"]) == ("still", True)


def test_cooldown_and_entry_rate_are_kept(project):
    project.guard("{cooldown_after_close: 2h, max_entries_per_day: 3}")
    assert project.run("--cycles", "400").returncode == 0
    made = defaultdict(list)
    for record in opens(project):
        made[record["data"]["trader"], record["time"][:10]].append(record)
    rejected = {
        r["data"]["outcome"]["client_id"]
        for r in records(project, "order_answered")
        if r["data"]["outcome"]["status"] in ("rejected", "canceled")
    }
    counts = {
        key: len([r for r in found if r["data"]["request"]["client_id"] not in rejected])
        for key, found in made.items()
    }
    assert max(counts.values()) == 3
    codes = [
        v["code"]
        for r in records(project, "cycle")
        for j in r["data"]["judgements"]
        for v in j["verdicts"]
    ]
    assert "too_many_entries" in codes
    assert "cooldown" in codes


def test_a_check_that_fails_lets_nothing_through_and_a_person_is_told(project):
    (project.config.parent / "broken.py").write_text(FAILING_CHECK)
    project.config.write_text(project.config.read_text() + "\nPlugins: [./broken.py]\n")
    project.limit("risk_checks: [{type: spread}]")
    assert project.run("--cycles", "30").returncode == 0
    assert opens(project) == []
    failed = {
        r["data"]["trader"]
        for r in records(project, "cycle")
        for j in r["data"]["judgements"]
        for v in j["verdicts"]
        if (v["check"], v["code"]) == ("spread", "check_failed")
    }
    alerts = [r["data"] for r in records(project, "alert")]
    assert len(failed) > 1
    assert sorted((a["code"], a["trader"]) for a in alerts) == [
        ("check_failed", trader) for trader in sorted(failed)
    ]  # fmt: skip
    assert 'the risk check "spread"' in alerts[0]["message"]
    assert "ZeroDivisionError" in alerts[0]["message"]


def test_a_control_directory_that_cannot_be_read_ends_no_engine(project):
    requests = project.data / "control" / "requests"
    (requests / "0.json").mkdir(parents=True)
    (requests / "1.json").write_text('{"command": "pause", "trader": "holder"}')
    assert project.run("--cycles", "10").returncode == 0
    # What can be read is done all the same.
    assert [(r["data"]["command"], r["data"]["outcome"]) for r in records(project, "control")] == [
        ("pause", "done")
    ]
    shutil.rmtree(requests)
    requests.write_text("not a directory")
    outcome = project.run("--cycles", "5")
    assert outcome.returncode == 0, outcome.stderr
    [alert] = [r["data"] for r in records(project, "alert")]
    assert alert["code"] == "control_unreadable"
    assert str(requests) in alert["message"]
