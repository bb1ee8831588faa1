"""Months beside a database, a Redis and metrics: memory stays flat, and exporters keep up.

`NOF0_WEEKS=24` runs so long with 20 traders, `NOF0_EVERY` minutes from one decision to the next;
without it four days of two. How long that takes is printed, not judged: the machine decides it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from redis_server import RedisServer

from generated.soak import CHECKED, SEED
from nof0_core.clock import stopwatch

# How long the run takes is up to who asks for it, and to the machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

ROOT = Path(__file__).parents[2]
WEEKS = os.environ.get("NOF0_WEEKS", "")
LONG = (
    "--days",
    str(7 * int(WEEKS or 0)),
    "--traders",
    "20",
    "--every",
    os.environ.get("NOF0_EVERY", "60"),
)
SHORT = ("--days", "4", "--traders", "2", "--every", "120")
GROWTH = 0.1
"""By what part memory of the last quarter may be above that of the one before the middle."""
START = 8.0
"""MB that a short run may still grow by: its caches fill."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("soak") / "run"


@pytest.fixture(scope="module")
def days(folder):
    """The line of each day, see `generated.soak`."""
    server, began = RedisServer(), stopwatch()
    command = [sys.executable, "-m", "generated.soak", folder, server.host]
    places = (os.environ.get("PYTHONPATH"), str(ROOT / "tests"))
    try:
        done = subprocess.run(
            [*command, "--seed", str(SEED), *(LONG if WEEKS else SHORT)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        server.close()
    assert done.returncode == 0, done.stderr[-4000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    first, last = found[0], found[-1]
    sys.stdout.write(
        f"{len(found)} days in {stopwatch() - began:.0f} s, {last['records']} records, "
        f"{first['rss']:.0f} to {last['rss']:.0f} MB, {last['failures']} calls failed\n"
    )
    return found


def quarters(days, name):
    """Return the medians of a figure in the four quarters of the run."""
    size = len(days) // 4
    return [median(day[name] for day in days[at * size : (at + 1) * size]) for at in range(4)]


def test_memory_is_flat_in_the_second_half(days):
    _, before, _, last = quarters(days, "rss")
    assert last - before <= max(START, before * GROWTH), [day["rss"] for day in days]


def made(days):
    """Return how many records each day has."""
    later = (after["records"] - before["records"] for before, after in pairwise(days))
    return [days[0]["records"], *later]


def test_exporters_lack_at_most_a_day_and_catch_up_each_night(days):
    """At each midnight the run waits until none lacks anything, and is told of no other end."""
    for day, count in zip(days, made(days), strict=True):
        assert 0 < day["behind"] <= count, day


def test_what_is_written_for_a_record_does_not_grow_with_the_age_of_the_run(days):
    each = [{"each": day["wrote"] / count} for day, count in zip(days, made(days), strict=True)]
    _, before, _, last = quarters(each, "each")
    assert last <= before * 1.25, each


def test_the_database_equals_the_journal(days, folder):
    command = [sys.executable, "-m", "nof0_core", "db", "check", CHECKED, "--data-dir", "data"]
    done = subprocess.run(
        [*command, "--json"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["differences"] == 0
    assert found["cursor"] == found["journal"] >= days[-1]["records"]
    assert found["rows"]["decision_cycles"] > len(days)


def test_metrics_are_those_of_the_whole_run(days, folder):
    [path] = (folder / "data").rglob("*.prom")
    text = path.read_text()
    [newest] = [line for line in text.splitlines() if line.startswith("nof0_journal_seq ")]
    assert float(newest.split()[1]) >= days[-1]["records"]
