"""`nof0 replay` on the journal of a run of models on a tape and of rules, and on spoiled ones."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import attrs
import pytest
from called import started
from forging import forge
from llm_server import LlmServer, Say

from nof0_core.config.effective import digest_of

pytestmark = pytest.mark.integration
HOLD = '{"chain_of_thought": "", "decisions": [{"signal": "hold", "symbol": "BTC"}]}'


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A project whose two language models and three rules have decided, and been on a disk."""
    project = started(tmp_path_factory.mktemp("replay") / "demo")
    project.nof0("run", "etc/thinking.yaml", "--cycles", "8", "--data-dir", "data/run").check()
    return project


@pytest.fixture
def copy(ran, tmp_path):
    """A copy of it that a test may spoil."""
    folder = tmp_path / "demo"
    shutil.copytree(ran.directory, folder)
    return attrs.evolve(ran, directory=folder)


def journal(project):
    return project.directory / "data" / "run" / "journal"


def replayed(project, *words):
    outcome = project.nof0("replay", "data/run", "--json", *words)
    return outcome.exit_code, json.loads(outcome.stdout)


def parts(found):
    """What differs, by trader and number of the cycle."""
    return {
        (one["trader"], one["number"]): [each["part"] for each in one["differences"]]
        for one in found["cycles_that_differ"]
    }


def reasons(found):
    return {
        reason
        for one in found["cycles_that_differ"]
        for each in one["differences"]
        for reason in each["reasons"]
    }


def test_all_cycles_come_out_the_same_without_any_file_of_the_configuration(copy):
    for part in ("etc", "prompts"):
        shutil.rmtree(copy.directory / part)
    code, found = replayed(copy)
    assert (code, found["different"], found["not_done"]) == (0, 0, 0)
    assert found["cycles"] == found["same"] > 20
    counts = found["traders"]
    assert counts["claude_balanced"]["prompts"] == counts["claude_balanced"]["cycles"] > 0
    assert counts["cross"]["rules"] == counts["cross"]["cycles"] == 8
    assert sum(one["orders"] for one in counts.values()) > 3


def test_a_terminal_is_told_so_in_a_table_and_a_sentence(ran):
    outcome = ran.nof0("replay", "data/run").check()
    head, *_, last = outcome.stdout.splitlines()
    assert head.split() == ["trader", "cycles", "same", "differ", "prompts", "rules", "orders"]
    assert re.fullmatch(r"\d+ cycles came out the same to the last byte", last)


def test_it_changes_nothing_on_the_disk(copy):
    def state():
        files = filter(Path.is_file, copy.directory.rglob("*"))
        return {path: path.read_bytes() for path in files}

    before = state()
    replayed(copy)
    assert state() == before


@pytest.mark.parametrize("is_chained", [False, True])
def test_one_changed_letter_of_a_template_is_found_and_named(copy, is_chained):
    def change(record):
        if record["type"] != "config_loaded":
            return False
        for template in record["data"]["templates"]:
            if template["name"].endswith("as_asked.tmpl"):
                assert "# Account" in template["text"]
                template["text"] = template["text"].replace("# Account", "# Accuont")
                return True
        raise AssertionError

    assert forge(journal(copy), change, is_chained=is_chained) == 1
    code, found = replayed(copy)
    assert code == 1
    assert {trader for trader, _ in parts(found)} == {"claude_balanced", "claude_bear"}
    assert set(map(tuple, parts(found).values())) == {("prompt",)}
    [first, *_] = found["cycles_that_differ"]
    assert "-# Account\n+# Accuont" in first["differences"][0]["diff"]
    told = "\n".join(reasons(found))
    assert "as_asked.tmpl in record 2 has another text than it had" in told
    assert ("was changed after it was written" in told) is not is_chained
    shown = copy.nof0("replay", "data/run")
    assert shown.exit_code == 1
    assert "the prompt is not as it was" in shown.stdout


@pytest.mark.parametrize("is_chained", [False, True])
def test_one_changed_limit_is_found_and_named(copy, is_chained):
    def change(record):
        if record["type"] != "config_loaded":
            return False
        for trader in record["data"]["config"]["Manager"]["traders"]:
            if trader["id"] == "cross":
                trader["limits"]["min_confidence"] = 99.0
        return True

    assert forge(journal(copy), change, is_chained=is_chained) == 1
    code, found = replayed(copy)
    assert code == 1
    assert {trader for trader, _ in parts(found)} == {"cross"}
    entered = [each for each in parts(found).values() if "verdict" in each]
    assert entered
    assert "order" in entered[0]
    diffs = [each["diff"] for one in found["cycles_that_differ"] for each in one["differences"]]
    assert any("confidence_below_minimum" in diff for diff in diffs)
    assert any("the configuration in record 2 was changed" in one for one in reasons(found))
    # Where its files are there, the limit has its name.
    _, found = json_of(copy, "etc/thinking.yaml", "--data-dir", "data/run")
    named = "Manager.traders.cross.limits.min_confidence 99.0 there, "
    assert any(named in one for one in reasons(found)), reasons(found)


@pytest.mark.parametrize("is_chained", [False, True])
def test_one_changed_decision_is_found_and_named(copy, is_chained):
    changed = []

    def change(record):
        judged = record["data"].get("judgements")
        if changed or record["stream"] != "claude_balanced" or not judged:
            return False
        judged[0]["decision"]["reasoning"] += "!"
        changed.append(record["seq"])
        return True

    assert forge(journal(copy), change, is_chained=is_chained) == 1
    code, found = replayed(copy)
    assert code == 1
    assert parts(found) == {("claude_balanced", 1): ["decision"]}
    if not is_chained:
        told = f"record {changed[0]} of claude_balanced was changed after it was written"
        assert reasons(found) == {told}
        assert found["changed_records"] == [told]


def test_a_decision_of_a_rule_is_made_again_and_not_believed(copy):
    def change(record):
        if record["stream"] != "cross" or record["type"] != "decided":
            return False
        for judged in record["data"]["judgements"]:
            judged["decision"]["confidence"] = 81.0
        return True

    assert forge(journal(copy), change, is_chained=True)
    code, found = replayed(copy, "--trader", "cross")
    assert code == 1
    assert all("decision" in each for each in parts(found).values())


def test_a_changed_order_is_found_where_nothing_else_has_changed(copy):
    def change(record):
        data = record["data"]
        if record["type"] != "order_intended" or data["purpose"] != "open":
            return False
        data["leverage"] += 1
        return True

    assert forge(journal(copy), change, is_chained=True)
    code, found = replayed(copy)
    assert code == 1
    assert {tuple(each) for each in parts(found).values()} == {("order",)}


def test_the_text_of_an_answer_decides_not_what_was_read_of_it(copy):
    def change(record):
        data = record["data"]
        if record["stream"] != "claude_bear" or not data.get("answer"):
            return False
        data["answer"] = HOLD
        return True

    assert forge(journal(copy), change, is_chained=True)
    code, found = replayed(copy)
    assert code == 1
    assert "decision" in parts(found)["claude_bear", 1]


def test_cycles_traders_and_a_beginning_can_be_chosen(ran):
    _, found = replayed(ran, "--trader", "cross", "--cycle", "3")
    assert {name: one["cycles"] for name, one in found["traders"].items()} == {"cross": 1}
    _, found = replayed(ran, "--trader", "holder", "--from", "2025-07-23T01:30")
    assert found["traders"]["holder"]["cycles"] == 2
    unknown = ran.nof0("replay", "data/run", "--trader", "crsos")
    assert unknown.exit_code == 2
    assert "cross" in unknown.stderr
    none = ran.nof0("replay", "data/run", "--cycle", "999")
    assert none.exit_code == 2
    assert "there is no such cycle in the journal" in none.stderr
    cycle = next(iter(journal(ran).glob("cross/*.jsonl*")))
    _, found = json_of(ran, str(cycle))
    assert list(found["traders"]) == ["cross"]


def json_of(project, *words):
    outcome = project.nof0("replay", *words, "--json")
    return outcome.exit_code, json.loads(outcome.stdout)


def test_records_that_are_missing_are_named_and_what_is_before_them_is_done(copy):
    [path] = journal(copy).glob("holder/*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    seq = json.loads(lines[middle])["seq"]
    path.write_bytes(b"".join(lines[:middle] + lines[middle + 1 :]))
    outcome = copy.nof0("replay", "data/run")
    assert outcome.exit_code == 2
    assert f"stopped: record {seq} is missing from the journal" in outcome.stdout
    assert "put the journal back from a copy" in outcome.stderr
    assert "came out the same" in outcome.stdout


def test_a_lost_stream_is_told(copy):
    shutil.rmtree(journal(copy) / "@engine")
    outcome = copy.nof0("replay", "data/run")
    assert outcome.exit_code == 2
    assert "missing from the journal" in outcome.stdout


def test_a_journal_without_a_configuration_says_who_wrote_it(copy):
    def change(record):
        if record["type"] == "engine_started":
            record["data"]["version"] = "0.0.3"
            return True
        if record["type"] != "config_loaded":
            return False
        record["type"] = "alert"
        record["data"] = {"code": "x", "message": "y", "trader": None, "symbol": None}
        return True

    forge(journal(copy), change, is_chained=True)
    outcome = copy.nof0("replay", "data/run")
    assert outcome.exit_code == 2
    assert "no configuration stands before it: nof0 0.0.3 did not write one yet" in outcome.stdout


def test_a_difference_to_another_version_says_so(copy):
    def change(record):
        if record["type"] == "engine_started":
            record["data"]["version"] = "0.0.3"
            return True
        if record["stream"] == "claude_bear" and record["type"] == "cycle":
            record["data"]["prompt_digest"] = "0" * 64
            return True
        return False

    forge(journal(copy), change, is_chained=True)
    code, found = replayed(copy)
    assert code == 1
    assert any(one.startswith("nof0 0.0.3 wrote it, this is ") for one in reasons(found))


def test_a_record_of_a_newer_version_says_what_to_install(copy):
    def change(record):
        if record["type"] == "hour":
            record["type"] = "tomorrow"
            return True
        return False

    assert forge(journal(copy), change, is_chained=True)
    outcome = copy.nof0("replay", "data/run")
    assert outcome.exit_code == 2
    assert '"tomorrow" is not known to this version of nof0' in outcome.stdout
    assert "the journal was written by a newer version: install that one" in outcome.stderr


def test_a_template_that_is_not_in_the_journal_is_named_and_another_can_take_its_place(copy):
    def change(record):
        if record["type"] != "config_loaded":
            return False
        kept = record["data"]["templates"]
        record["data"]["templates"] = [t for t in kept if "as_asked" not in t["name"]]
        return True

    forge(journal(copy), change, is_chained=True)
    outcome = copy.nof0("replay", "data/run")
    assert outcome.exit_code == 2
    assert "as_asked.tmpl (digest " in outcome.stdout
    assert "is not in the journal" in outcome.stdout
    assert "--template FILE" in outcome.stderr
    again = copy.nof0(
        "replay", "data/run", "--trader", "claude_bear",
        "--template", "prompts/executor/as_asked.tmpl",
    )  # fmt: skip
    assert again.exit_code == 0, again.stderr
    assert "the prompt is the same" in again.stdout


def test_a_risk_check_that_is_not_installed_is_named_with_its_trader(copy):
    def change(record):
        if record["type"] != "config_loaded":
            return False
        config = record["data"]["config"]
        for trader in config["Manager"]["traders"]:
            if trader["id"] == "cross":
                trader["risk_checks"] = [{"type": "moon_phase", "options": {}}]
        record["data"]["digest"] = digest_of(config)
        return True

    forge(journal(copy), change, is_chained=True)
    outcome = copy.nof0("replay", "data/run")
    assert outcome.exit_code == 2
    told = 'cross: its risk checks cannot be heard again: unknown risk check "moon_phase"'
    assert told in outcome.stdout
    _, found = replayed(copy, "--trader", "holder")
    assert found["same"] == found["cycles"]


def test_what_is_no_journal_is_refused(ran, tmp_path):
    for words in (["nowhere"], [str(tmp_path)], ["etc/thinking/answers.jsonl"]):
        outcome = ran.nof0("replay", *words)
        assert outcome.exit_code == 2, outcome.stdout
        assert outcome.stderr.startswith("error: ")
    for words in (["--as", "user"], ["--yes"], ["--template", "no.tmpl"]):
        assert ran.nof0("replay", "data/run", *words).exit_code == 2


def test_a_template_changed_on_purpose_shows_what_would_have_been_asked(copy):
    file = copy.directory / "prompts" / "executor" / "as_asked.tmpl"
    file.write_text(file.read_text("utf-8").replace("# Account", "# Your account"), "utf-8")
    words = ("--trader", "claude_bear", "--template", str(file))
    shown = copy.nof0("replay", "data/run", *words)
    assert shown.exit_code == 0, shown.stderr
    assert "  -# Account\n  +# Your account\n" in shown.stdout
    code, found = replayed(copy, *words)
    assert code == 0
    [one] = found["cycles"]
    assert one["digest"] != one["recorded_digest"]
    assert "# Your account" in one["messages"][1]["content"]


def test_a_model_is_asked_what_a_trader_was_asked_once_somebody_has_agreed(copy):
    with LlmServer(default=Say(text=HOLD)) as server:
        llm = copy.directory / "etc" / "thinking" / "llm.yaml"
        text = llm.read_text("utf-8")
        backends = f"  local: {{type: openai, base_url: '{server.url}', api_key: local}}\n"
        model = "  other:\n    backend: local\n    provider: local\n    model_name: other\n"
        model += "    price: {input: 3, output: 15}\n    max_completion_tokens: 1000\n"
        text = text.replace("models:\n", f"models:\n{model}", 1)
        text = text.replace("backends:\n", f"backends:\n{backends}", 1)
        llm.write_text(text, "utf-8")
        manager = copy.directory / "etc" / "thinking" / "manager.yaml"
        manager.write_text(re.sub(r"model: claude\b", "model: other", manager.read_text(), count=1))
        words = ("replay", "etc/thinking.yaml", "--data-dir", "data/run", "--model", "other")
        one = (*words, "--trader", "claude_bear")
        refused = copy.nof0(*one)
        assert refused.exit_code == 2
        assert re.search(r"other is asked 1 times, up to 0\.0\d+ USD", refused.stderr)
        assert not server.calls
        asked = copy.nof0(*one, "--yes")
        assert asked.exit_code == 0, asked.stderr
        assert "hold BTC: approved" in asked.stdout
        [call] = server.calls
        _, found = json_of(copy, *one[1:], "--yes")
    [cycle] = found["cycles"]
    sent = {m["role"]: m["content"] for m in call["messages"]}
    assert sent["user"].startswith(cycle["messages"][1]["content"])
    assert cycle["asked"]["status"] == "ok"
    without = copy.nof0("replay", "data/run", "--model", "other")
    assert without.exit_code == 2
