"""A tape on disk survives crashes, and the order of its lines means nothing."""

from __future__ import annotations

import itertools
import json
import resource
import subprocess
import sys

import attrs
import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion
from nof0_core.errors import (
    BudgetExceededError,
    DataError,
    InvalidOutputError,
    LLMError,
    ModelTimeoutError,
    UsageError,
)
from nof0_llm.tape.entry import Failure, decode, encode, failure_of
from nof0_llm.tape.file import reading, recording

FAILED = Failure(kind="error", message="no")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "run.jsonl"


def write(path, *entries):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(encode(entry) for entry in entries))


def text_of(path, letter):
    with reading(path) as tape:
        found = tape.find(letter * 64)
        return found and found.completion and found.completion.text


def test_what_was_added_is_found_at_once_and_after_opening_again(path, entry):
    with recording(path) as tape:
        for letter in "abc":
            tape.add(entry(letter))
            assert tape.find(letter * 64) == entry(letter)
        assert tape.find("d" * 64) is None
    with reading(path) as tape:
        assert list(tape.entries()) == [entry("a"), entry("b"), entry("c")]
        assert len(tape) == 3


def test_what_is_played_back_is_what_was_added_without_its_prompt(path, entry):
    failed = attrs.evolve(entry("b"), completion=None, failure=FAILED, trader="one", cycle=3)
    write(path, entry("a"), failed)
    with reading(path) as tape:
        for whole in (entry("a"), failed):
            reply = tape.reply(whole.digest)
            assert reply.digest == whole.digest
            assert (reply.completion, reply.failure) == (whole.completion, whole.failure)
            assert reply.calls == whole.calls
        turn = ("one", 3, failed.model["name"])
        assert tape.reply_in(turn) == tape.reply(failed.digest)
        assert tape.reply("d" * 64) is None
        assert tape.reply_in(("two", 3, failed.model["name"])) is None


def test_cut_short_at_any_byte_it_keeps_all_whole_entries_and_takes_new_ones(path, entry):
    whole, last = encode(entry("a")) + encode(entry("b")), encode(entry("c"))
    path.parent.mkdir()
    for length in range(len(last) + 1):
        path.write_bytes(whole + last[:length])
        is_whole = length >= len(last) - 1
        with reading(path) as tape:
            assert tape.find("b" * 64) == entry("b")
            assert (tape.find("c" * 64) is not None) is is_whole
        with recording(path) as tape:
            tape.add(entry("d"))
        wanted = "abcd" if is_whole else "abd"
        with reading(path) as tape:
            assert list(tape.entries()) == [entry(letter) for letter in wanted]
        assert path.read_bytes().count(b"\n") == len(wanted)


def test_a_first_line_cut_short_at_any_byte_is_none(path, entry):
    path.parent.mkdir()
    first = encode(entry("a"))
    for length in (*range(25), *range(25, len(first) - 1, 60), len(first) - 2):
        path.write_bytes(first[:length])
        with reading(path) as tape:
            assert len(tape) == 0
        with recording(path) as tape:
            tape.add(entry("b"))
        with reading(path) as tape:
            assert list(tape.entries()) == [entry("b")]


def test_a_file_that_never_was_a_tape_is_left_alone(path):
    path.parent.mkdir()
    for text in (b"my diary", b'{"name": "me"}', b"{}"):
        path.write_bytes(text)
        with pytest.raises(DataError, match="not an entry of a tape"), recording(path):
            pass
        assert path.read_bytes() == text


def test_a_full_disk_tears_no_line(path, entry):
    with recording(path) as tape:
        tape.add(entry("a"))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, hard))
        try:
            with pytest.raises(DataError, match=r"run\.jsonl.*cannot be written: File too large"):
                tape.add(entry("b"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        tape.add(entry("c"))
        assert tape.find("c" * 64) == entry("c")
    with reading(path) as tape:
        assert list(tape.entries()) == [entry("a"), entry("c")]


def test_the_order_of_lines_means_nothing(path, entry):
    for order in itertools.permutations("abcd"):
        write(path, *[entry(letter) for letter in order])
        assert [text_of(path, letter) for letter in "abcd"] == [f"answer to {x}" for x in "abcd"]


def test_of_two_answers_the_first_counts(path, entry, answered):
    write(path, entry("a"), answered(entry("a"), "another"))
    assert text_of(path, "a") == "answer to a"


def test_a_failure_counts_only_without_an_answer(path, entry):
    failed = entry("a", failure=FAILED)
    for pair in ((failed, entry("a")), (entry("a"), failed)):
        write(path, *pair)
        assert text_of(path, "a") == "answer to a"
    write(path, failed)
    with reading(path) as tape:
        assert tape.find("a" * 64).failure == FAILED


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidOutputError(["no list", "no object"], output="{"), "invalid_output"),
        (BudgetExceededError("nothing left", scope="all"), "budget"),
        (ModelTimeoutError("too late"), "timeout"),
        (LLMError("status 500"), "error"),
    ],
)
def test_failures_come_back_as_they_were(error, kind, entry):
    failure = decode(encode(entry("a", failure=failure_of(error)))).failure
    assert failure.kind == kind
    again = failure.error()
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_typed_decisions_come_back_as_they_were(entry):
    decision = Decision(signal=Signal.CLOSE, symbol="BTC", reasoning="enough", confidence=80.0)
    typed = entry("a", completion=Completion(model="rule", decisions=(decision,)))
    assert decode(encode(typed)) == typed


def test_text_that_is_no_utf8_does_not_stop_a_recording(path, entry, answered):
    with recording(path) as tape:
        tape.add(answered(entry("a"), "cut \ud83d off"))
    assert text_of(path, "a") == "cut ? off"


def test_a_file_that_is_no_tape_is_left_alone(path, entry):
    path.parent.mkdir()
    path.write_bytes(b"Dear diary")
    with pytest.raises(DataError, match=r"run\.jsonl:1: not an entry"), recording(path):
        pass
    assert path.read_bytes() == b"Dear diary"


def test_a_damaged_line_is_named(path, entry):
    write(path, entry("a"), entry("b"), entry("c"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b'{"digest": 3}\n' + lines[2])
    with pytest.raises(DataError, match=r"run\.jsonl:2: not an entry"), reading(path):
        pass


def test_a_tape_that_is_written_over_while_it_is_played_gives_no_other_answer(path, entry):
    write(path, entry("a"), entry("b"))
    with reading(path) as tape:
        # The same bytes in another order: each line still is an entry, of another question.
        path.write_bytes(encode(entry("b")) + encode(entry("a")))
        for ask in (tape.find, tape.reply):
            with pytest.raises(DataError, match=r"jsonl:1: the tape was changed while it is in"):
                ask("a" * 64)
        path.write_bytes(b"")
        with pytest.raises(DataError, match=r"jsonl:2: not an entry") as caught:
            tape.find("b" * 64)
    assert caught.value.hints == ("leave the file alone while it is played, or play a copy of it",)


def test_what_is_added_while_it_is_played_changes_nothing(path, entry):
    write(path, entry("a"))
    with reading(path) as tape:
        write(path, entry("a"), entry("b"))
        assert tape.find("a" * 64) == entry("a")
        assert tape.find("b" * 64) is None


def test_a_line_without_an_outcome_is_named_when_it_is_read(path, entry):
    write(path, entry("a"))
    raw = json.loads(path.read_bytes())
    raw["completion"] = None
    path.write_text(json.dumps(raw) + "\n")
    with reading(path) as tape, pytest.raises(DataError, match="either a completion or a failure"):
        tape.find("a" * 64)


def test_a_tape_of_a_later_version_is_refused(path, entry):
    write(path, entry("a", tape=2))
    with pytest.raises(DataError, match="later version"), reading(path):
        pass


def test_two_recordings_on_one_tape_are_refused(path):
    with (
        recording(path),
        pytest.raises(UsageError, match="another process records"),
        recording(path),
    ):
        pass


def test_a_tape_is_for_its_owner_alone(path, entry):
    with recording(path) as tape:
        tape.add(entry("a"))
    assert path.stat().st_mode & 0o077 == 0


def test_a_system_without_file_locks_is_told_before_a_tape_is_made(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(UsageError, match="no file locks") as caught, recording(path):
        pass
    assert "Linux" in caught.value.hints[0]
    assert not path.exists()


def test_a_tape_is_read_where_there_are_no_file_locks(path, entry):
    write(path, entry("a"))
    code = (
        "import sys; sys.modules['fcntl'] = None\n"
        "from pathlib import Path\n"
        "from nof0_llm.tape.file import reading\n"
        "with reading(Path(sys.argv[1])) as tape: print(len(tape))"
    )
    words = [sys.executable, "-c", code, str(path)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "1\n"
