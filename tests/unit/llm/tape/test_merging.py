"""Tapes are put together without losing an answer."""

from __future__ import annotations

import pytest

from nof0_core.errors import UsageError
from nof0_llm.tape.entry import Failure
from nof0_llm.tape.file import reading, recording
from nof0_llm.tape.merging import merge

FAILED = Failure(kind="error", message="no")


@pytest.fixture
def tape(tmp_path):
    def make(name, *entries):
        with recording(tmp_path / name) as opened:
            for entry in entries:
                opened.add(entry)
        return tmp_path / name

    return make


def entries(path):
    with reading(path) as opened:
        return {entry.digest[0]: entry for entry in opened.entries()}


def test_all_questions_are_on_the_new_tape_once(tape, entry, tmp_path):
    one, two = tape("1", entry("a"), entry("b")), tape("2", entry("b"), entry("c"))
    merged = merge([one, two], tmp_path / "m")
    assert (merged.entries, merged.repeated, merged.conflicts) == (3, 1, ())
    assert entries(tmp_path / "m") == {letter: entry(letter) for letter in "abc"}
    merge([two, one], tmp_path / "n")
    assert entries(tmp_path / "n") == entries(tmp_path / "m")


def test_the_first_of_different_answers_is_taken_and_said(tape, entry, answered, tmp_path):
    one, two = tape("1", entry("a")), tape("2", answered(entry("a"), "else"))
    merged = merge([one, two], tmp_path / "m")
    assert merged.conflicts == ("a" * 64,)
    assert entries(tmp_path / "m")["a"] == entry("a")


def test_an_answer_takes_the_place_of_a_failure(tape, entry, tmp_path):
    one, two = tape("1", entry("a", failure=FAILED)), tape("2", entry("a"))
    for number, order in enumerate(((one, two), (two, one))):
        merged = merge(order, tmp_path / f"m{number}")
        assert merged.conflicts == ()
        assert entries(tmp_path / f"m{number}")["a"] == entry("a")


def test_a_file_that_is_there_is_not_replaced(tape, entry, tmp_path):
    one, two = tape("1", entry("a")), tape("2", entry("b"))
    before = two.read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        merge([one], two)
    assert two.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]
