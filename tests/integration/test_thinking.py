"""`etc/thinking.yaml` as shipped: a language model thinks, without a key and without a network."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from called import Called
from journal_lines import content_of, day_files, whole

from nof0_core.cli.event_strip import EventStrip
from nof0_core.project.journal import open_journal
from nof0_llm.tape.file import reading

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
THINKING = ("claude_balanced", "claude_bear")
NOTE = "Claude balanced, Claude short side: answers by cycle from the tape answers.jsonl"
TAPE = "etc/thinking/answers.jsonl"


def cycles(project: Called, trader: str) -> list[dict]:
    """Return the data of the cycles of a trader, in order, and of its decisions."""
    lines = [
        json.loads(line)
        for path in day_files(project.directory / "data/thinking/journal" / trader)
        for line in content_of(path).splitlines()
    ]
    return [one["data"] for one in whole(lines) if one["type"] == "cycle"]


def place(folder: Path) -> Called:
    shutil.copytree(ROOT / "etc", folder / "etc")
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    return Called(directory=folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The shipped configuration after its recording has ended, and what the command said."""
    project = place(tmp_path_factory.mktemp("thinking"))
    return project, project.apart("run", "etc/thinking.yaml", "--cycles", "1000").check()


def test_every_decision_of_the_model_comes_from_the_tape(ran):
    project, _ = ran
    with reading(project.directory / TAPE) as tape:
        recorded = Counter(entry.trader for entry in tape.entries())
        assert tape.about.startswith(
            "model: Claude (Anthropic), answering through a local endpoint"
        )
    for trader in THINKING:
        done = cycles(project, trader)
        assert {one["status"] for one in done} == {"ok"}
        assert len(done) == recorded[trader] >= 10
        assert all(one["chain_of_thought"] for one in done)
        assert all(float(one["usage"]["cost_usd"]) > 0 for one in done)


def test_there_are_entries_refusals_and_trades_to_look_at(ran):
    project, _ = ran
    verdicts = [
        judged["decision"]["signal"] + (":" if judged["is_approved"] else ": refused")
        for trader in THINKING
        for one in cycles(project, trader)
        for judged in one["judgements"]
    ]
    assert {"hold:", "close:", "buy_to_enter:", "sell_to_enter:", "sell_to_enter: refused"} <= set(
        verdicts
    )
    trades = project.nof0("trades", "etc/thinking.yaml", "--trader", "claude_bear").check().stdout
    assert "BTC" in trades


def test_results_say_that_answers_go_by_cycle(ran):
    project, run = ran
    said = f"note: {NOTE}, not from these prompts"
    assert run.stderr.splitlines()[0] == said
    assert said in run.stdout, "under the ranking"
    assert said in project.nof0("check", "etc/thinking.yaml").check().stdout
    assert NOTE in project.nof0("leaderboard", "etc/thinking.yaml").check().stdout
    assert NOTE in project.nof0("traders", "status", "etc/thinking.yaml").check().stdout
    status = json.loads((project.directory / "data/thinking/api/status.json").read_bytes())
    assert status["engine"]["notes"] == [f"{NOTE}, not from these prompts"], "for the page"
    assert NOTE not in project.nof0("check", "etc/nof0.yaml").check().stdout


def test_as_shipped_each_answer_was_given_to_the_very_prompt_it_is_played_for(ran):
    project, _ = ran
    log = (project.directory / "data/thinking/nof0.log").read_text().splitlines()
    (closed,) = [json.loads(line) for line in log if "tape closed" in line]
    assert (closed["played"], closed["other_prompts"]) == (26, 0)


def test_each_trader_keeps_what_it_earned_and_is_ranked(ran):
    project, _ = ran
    said = project.nof0("leaderboard", "etc/thinking.yaml", "--json").check().stdout
    rows = json.loads(said)
    assert len({row["equity"] for row in rows}) == 5
    assert all(row["unranked_reason"] is None for row in rows)


@pytest.mark.parametrize("width", [200, 120, 80, 60])
def test_what_each_model_thought_last_fits_below_the_live_table(ran, width):
    project, _ = ran
    journal = open_journal(project.directory / "etc/thinking.yaml")
    strip = EventStrip({"claude_bear": "Claude short side"})
    for event in journal.joined([each.event() for each in journal.records(types=("cycle",))]):
        strip(event)
    assert not strip.thoughts(width, 0)
    (_, why), (head, last) = strip.thoughts(width, 2)
    assert head.startswith("07-26 00:00  Claude short side, 0.01")
    assert " ".join(last).startswith("The market took back two days of falling")
    assert len(why) == len(last) == 2
    assert all(len(line) <= width for line in (head, *why, *last))
    assert " ".join(last).endswith(" …") is (width < 200)


def test_a_tape_that_is_over_ends_its_traders_cycles_and_nothing_else(tmp_path):
    project = place(tmp_path)
    path = project.directory / TAPE
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:5]))
    # Another prompt than was recorded: the answers are played all the same.
    project.replace("prompts/executor/as_asked.tmpl", "# Market\n", "# Markets\n")
    project.nof0("run", "etc/thinking.yaml", "--cycles", "80").check()
    for trader in THINKING:
        done = cycles(project, trader)
        assert [one["status"] for one in done] == ["ok", "ok", "replay_miss", "replay_miss"]
        assert f"for cycle 3 of {trader}, 2 are on the tape" in done[2]["error"]
    assert {one["status"] for one in cycles(project, "cross")} == {"ok"}
    assert len(cycles(project, "cross")) == 80
    log = (project.directory / "data/thinking/nof0.log").read_text()
    assert "tape closed" in log
    assert "other_prompts=4" in log or '"other_prompts": 4' in log
    project.nof0("journal", "verify", "data/thinking").check()
