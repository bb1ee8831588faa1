"""`nof0 tape` on real tapes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion, Message, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import DataError, UsageError
from nof0_llm.tape.commands import tape as command
from nof0_llm.tape.entry import Failure, decode, encode


def run(*words):
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture
def tape(tmp_path):
    """Write a tape of some entries."""

    def write(*entries, name="run.jsonl"):
        path = tmp_path / name
        path.write_bytes(b"".join(encode(each) for each in entries))
        return path

    return write


@pytest.fixture
def paid(entry):
    usage = Usage(prompt_tokens=1200, completion_tokens=34, cost_usd=Decimal("0.0125"))
    call = ModelCall(model="gpt", outcome=CallOutcome.ANSWERED, usage=usage)
    return entry("a", calls=(call, call), latency_s=1.5)


@pytest.fixture
def failed(entry):
    return entry("b", failure=Failure(kind="timeout", message="no answer within 30 s"), calls=())


def test_list_says_what_each_question_took_and_came_to(tape, paid, failed):
    done = run("list", tape(paid, failed))
    assert done.exit_code == 0, done.output
    first, second, total = done.stdout.splitlines()
    assert " ".join(first.split()) == "aaaaaaaaaaaa 2468 tokens 0.0250 USD 1.50 s completion gpt"
    assert " ".join(second.split()) == "bbbbbbbbbbbb 0 tokens 0 USD 0.00 s timeout gpt"
    assert total == "2 questions, 1 of them without a completion"


def test_list_as_json_has_whole_digests(tape, paid, failed):
    rows = json.loads(run("list", tape(paid, failed), "--json").stdout)
    assert [row["digest"] for row in rows] == ["a" * 64, "b" * 64]
    assert rows[0]["cost_usd"] == "0.0250"


def test_an_empty_tape_has_no_questions(tape):
    assert run("list", tape()).stdout == "0 questions, 0 of them without a completion\n"


def test_show_prints_question_answer_and_thought(tape, entry, paid):
    said = Completion(model="gpt", text="BUY!", chain_of_thought="it goes up")
    messages = (Message(role="system", content="Trade."), Message(role="user", content="BTC?"))
    path = tape(paid, entry("c", completion=said, messages=messages, parameters={"top_p": 0.5}))
    done = run("show", path, "CCC")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == f"question  {'c' * 64}"
    assert lines[1] == 'model     gpt  {"top_p": 0.5}'
    assert lines[2:6] == ["--- system", "Trade.", "--- user", "BTC?"]
    assert lines[6:10] == ["--- completion", "BUY!", "--- chain of thought", "it goes up"]


def test_show_prints_typed_decisions_and_failures(tape, entry, failed):
    typed = (Decision(signal=Signal.CLOSE, symbol="BTC"),)
    path = tape(entry("c", completion=Completion(model="gpt", decisions=typed)), failed)
    assert '"signal": "close"' in run("show", path, "c").stdout
    assert "--- timeout\nno answer within 30 s\n" in run("show", path, "b").stdout


def test_show_as_json_is_the_line_of_the_tape(tape, paid):
    path = tape(paid)
    shown = run("show", path, "a", "--json").stdout
    assert json.loads(shown) == json.loads(path.read_bytes())
    assert decode(shown.encode()) == paid


@pytest.mark.parametrize(
    ("digest", "message"), [("d", "there is no question d"), ("", "fits 2 questions")]
)
def test_show_needs_exactly_one_question(tape, paid, failed, digest, message):
    done = run("show", tape(paid, failed), digest)
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)
    assert "nof0 tape list" in done.exception.hints[0]


def test_merge_names_what_was_answered_differently(tape, entry, answered, failed, tmp_path):
    first = tape(entry("a"), failed, name="one.jsonl")
    second = tape(answered(entry("a"), "another"), entry("b"), entry("c"), name="two.jsonl")
    done = run("merge", first, second, "-o", tmp_path / "both.jsonl")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"3 questions written to {tmp_path / 'both.jsonl'}, 2 repeated\n"
    assert done.stderr == "note: aaaaaaaaaaaa was answered differently; the first was taken\n"
    rows = json.loads(run("list", tmp_path / "both.jsonl", "--json").stdout)
    assert {row["digest"][0]: row["outcome"] for row in rows} == dict.fromkeys("abc", "completion")
    assert "answer to a\n" in run("show", tmp_path / "both.jsonl", "a").stdout
    again = run("merge", first, second, "-o", tmp_path / "three.jsonl", "--json")
    assert json.loads(again.stdout) == {"entries": 3, "repeated": 2, "conflicts": ["a" * 64]}


def test_merge_never_writes_over_a_tape(tape, entry):
    first, second = tape(entry("a")), tape(entry("b"), name="kept.jsonl")
    kept = second.read_bytes()
    done = run("merge", first, "-o", second)
    assert isinstance(done.exception, UsageError)
    assert "is there already: nothing was written" in str(done.exception)
    assert second.read_bytes() == kept


@pytest.mark.parametrize("name", ["list", "show", "merge"])
def test_a_missing_tape_is_named(tmp_path, name):
    words = ("merge", "-o", tmp_path / "new.jsonl") if name == "merge" else (name,)
    done = run(*words, tmp_path / "nowhere.jsonl", *(["a"] if name == "show" else []))
    assert isinstance(done.exception, UsageError)
    assert "nowhere.jsonl cannot be read: No such file or directory" in str(done.exception)


@pytest.mark.parametrize("name", ["list", "show", "merge"])
@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"{}\n", id="no digest"),
        pytest.param(b'{"tape": 1, "digest"\n', id="no JSON"),
        pytest.param(b'{"tape": 1, "digest": "a", "failure": null}\n', id="no question"),
        pytest.param(b"\xff\xfe\n", id="no text"),
        pytest.param(b'{"tape": 2, "digest": "a"}\n', id="a later version"),
    ],
)
def test_a_broken_line_is_named(tape, entry, tmp_path, name, line):
    path = tape(entry("c"), entry("d"))
    path.write_bytes(path.read_bytes() + line + encode(entry("e")))
    target = tmp_path / "new.jsonl"
    words = ("merge", "-o", target) if name == "merge" else (name,)
    done = run(*words, path, *(["a"] if name == "show" else []))
    assert isinstance(done.exception, DataError), done.output
    assert "run.jsonl:3: " in str(done.exception)
    assert not target.exists()
