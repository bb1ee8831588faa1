"""What a day of twenty traders takes: on disk, in an export round, in memory.

`NOF0_SPAN=week` (month, year) takes longer. How long a start takes is printed, not judged: that
depends on the machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

# How long the run takes is up to who asks for it, and to the machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "long_run.py"
SPAN = os.environ.get("NOF0_SPAN", "day")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long") / "run"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), "--span", SPAN],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sys.stdout.write(done.stdout)
    return done.stdout


def figure(table, pattern):
    found = re.search(pattern, table)
    assert found, f"{pattern} is not in\n{table}"
    return float(found[1])


def test_a_year_of_such_days_has_room_on_a_small_disk(table):
    assert figure(table, r"on disk; a year ([\d.]+) GB") <= 6


def test_an_export_round_writes_what_changed(table):
    assert figure(table, r"and the next one .* ([\d.]+) MB written") <= 1


def test_a_start_takes_little_memory(table):
    assert figure(table, r"memory .*, (-?\d+) above an empty engine") <= 150
