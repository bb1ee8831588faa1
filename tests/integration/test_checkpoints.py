"""A run that goes on from a checkpoint is the run that goes on from the whole journal."""

from __future__ import annotations

import json
import shutil

import pytest

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def begun(run_in, tmp_path_factory):
    """The shipped configuration after its first 40 cycles."""
    first = run_in(tmp_path_factory.mktemp("begun") / "data")
    assert first.run("--cycles", "40").returncode == 0
    return first


@pytest.fixture(scope="module")
def gone_on(run_in, begun, tmp_path_factory):
    """Let a copy of it go on for 20 cycles, after something was done to its checkpoints."""

    def go_on(prepare):
        again = run_in(tmp_path_factory.mktemp("again") / "data")
        shutil.copytree(begun.data, again.data, symlinks=True)
        prepare(again.data / "checkpoints")
        outcome = again.run("--cycles", "20")
        assert outcome.returncode == 0, outcome.stderr
        return again

    return go_on


@pytest.fixture(scope="module")
def whole(gone_on):
    """Without a checkpoint, so that all of the journal was read."""
    return gone_on(shutil.rmtree)


def same(one, other):
    """Tell whether two runs left the same, whatever the machine's clock said."""
    assert one.journal_without_wall() == other.journal_without_wall()
    exports, others = one.exports(), other.exports()
    assert exports.keys() == others.keys()
    for name, text in exports.items():
        assert text == others[name], name


def test_from_a_checkpoint_a_run_goes_on_as_from_the_whole_journal(gone_on, whole):
    same(gone_on(lambda _: None), whole)


def test_an_orderly_end_leaves_one_of_the_newest_record(begun, whole):
    for run in (begun, whole):
        newest = max(int(path.stem) for path in (run.data / "checkpoints").iterdir())
        assert newest == run.records()[-1]["seq"]


def test_one_that_is_damaged_is_told_and_changes_nothing(gone_on, whole):
    def tear(directory):
        for path in directory.iterdir():
            path.write_bytes(path.read_bytes()[:-1])

    run = gone_on(tear)
    same(run, whole)
    lines = [json.loads(line) for line in (run.data / "nof0.log").read_text().splitlines()]
    told = [line for line in lines if "checkpoint is not used" in line["event"]]
    assert len(told) == 1
    assert "it is not whole" in told[0]["reason"]


def test_where_an_exporters_files_are_gone_it_is_told_everything_again(gone_on, whole):
    """What it remembers goes by files that are not there any more."""

    def lose(directory):
        shutil.rmtree(directory.parent / "api")

    same(gone_on(lose), whole)
