"""Whatever a plugin returns or raises, another trader's journal is what it is without that.

Every fault of every verb, on a lockstep clock, with sections of its own for the other trader and
fixed capital. A seeded sample is done in an ordinary run, all of them with `NOF0_BAD=all`.

What is not among them: a call that never returns, which on such a clock nothing limits (it is named
after a minute, and `test_calls_that_hang` has it on others); a market that is asked for each bar,
which such a clock has none of (`market/test_bad_answers` has it); and what goes wrong while a
section opens, which ends such a run with a sentence (below).
"""

from __future__ import annotations

import os
import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from bad_plugin import faults, project

from nof0_core.errors import Nof0Error
from nof0_core.testing import Project

pytestmark = pytest.mark.integration
MOMENTS = 25
VERBS = (
    "quotes", "report", "place", "cancel", "place:timeout+order", "fills", "set_leverage",
    "funding", "accept_marks", "complete", "check", "cursor", "export", "allocate",
)  # fmt: skip
CALLS = [
    *(f"{verb}:{how}" for verb in VERBS for how in faults.EVERY),
    "check:mutate", "export:mutate", "cursor:far", "cursor:negative",
    "close:error market", "close:exit exchange", "close:group model", "close:odd exporter",
]  # fmt: skip
BESIDE = [
    f"{verb}:{how} {part}"
    for verb, hows in {
        "health": (*faults.EVERY, "slow"),
        "task": (*faults.RAISED, "stays", "floods"),
        # Nobody awaits what is told, which Python warns of.
        "alert": (*(how for how in faults.ANSWERED if how != "awaitable"), "flood"),
    }.items()
    for how in hows
    for part in faults.PARTS
]
ALWAYS = ["health:exit market", "task:exit exchange", "task:stays model", "alert:flood market"]
SAMPLE = (
    [*CALLS, *BESIDE]
    if os.environ.get("NOF0_BAD") == "all"
    else [
        *ALWAYS,
        *random.Random(11).sample(CALLS, 36),
        *random.Random(11).sample([each for each in BESIDE if each not in ALWAYS], 10),
    ]
)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> list[dict]:
    """What the good trader's journal has where nothing is wrong."""
    main = project.write(tmp_path_factory.mktemp("untouched"))
    project.run(main, MOMENTS)
    records = project.records(main, "good")
    assert len([r for r in records if r["type"] == "filled"]) > 10
    return records


@pytest.mark.parametrize("fault", SAMPLE)
def test_the_other_trader_does_what_it_does_without_the_fault(tmp_path, untouched, fault):
    faults.STRUCK.clear()
    main = project.write(tmp_path, fault)
    project.run(main, MOMENTS)
    assert faults.STRUCK
    assert project.records(main, "good") == untouched
    # And the directory can be started again, the fault gone.
    project.write(tmp_path)
    project.run(main, 3)
    assert len(project.records(main, "good")) > len(untouched)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("open:error market", "open raised RuntimeError: out of order"),
        ("open:exit exchange", "open raised SystemExit: 3"),
        ("open:groups model", "open raised SystemExit: 3; ValueError: b"),
        ("open:odd market", "open raised Odd: odd"),
        ("yield:none market", "yields a NoneType, which has no "),
        ("yield:object exchange", "yields an object, which has no "),
        ("yield:text model", "yields a str, which has no "),
        ("instruments:group", "instruments raised KeyError: 'a'; ValueError: b"),
        ("instruments:none", "what instruments returned is None, not a mapping"),
        ("history:error", "history raised RuntimeError: out of order"),
        ("history:nans", "no array of int64"),
    ],
)
def test_what_goes_wrong_at_the_start_is_said_with_section_and_plugin(tmp_path, fault, said):
    main = project.write(tmp_path, fault)
    with pytest.raises(Nof0Error) as told:
        project.run(main, MOMENTS)
    words = " ".join((str(told.value), *told.value.hints))
    assert said in words
    assert "bad.py" in words
    assert ".yaml:" in words


def test_a_plugin_that_ends_the_process_leaves_a_directory_that_goes_on(tmp_path):
    main = project.write(tmp_path, "complete:leave")
    here = Project(directory=tmp_path, path=(Path(__file__).parent.parent,))
    ended = here.nof0("run", "etc/nof0.yaml", "--cycles", "20", within=timedelta(minutes=4))
    assert ended.exit_code == faults.LEFT
    shutil.rmtree(tmp_path / "etc")
    project.write(tmp_path)
    here.nof0("run", "etc/nof0.yaml", "--cycles", "5", within=timedelta(minutes=4)).check()
    here.nof0("journal", "verify", "etc/nof0.yaml", within=timedelta(minutes=2)).check()
    assert len(project.records(main, "good")) > 5
