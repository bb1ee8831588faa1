"""A report is the same to the byte in whatever process, and on whatever Python, it is made.

`NOF0_OTHER_PYTHON` names a second interpreter that has the packages: it makes the report as well.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import random_projects

from nof0_core.project import Window, run_backtest

MAKE = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})"
MAKE += f"; sys.path.insert(0, {str(Path(random_projects.__file__).parent)!r})"
MAKE += "; import test_report_bytes as made; made.make(sys.argv[1], sys.argv[2])"
LENGTH = timedelta(hours=3)


def make(config, data):
    """Run a backtest into a data directory and print the SHA-256 of what it reports."""
    from nof0_core.project import load_config

    window = Window(random_projects.START, random_projects.START + LENGTH)
    result = run_backtest(load_config(Path(config), data_dir=Path(data)), window, moments=1)
    for name in ("report.json", "report.html"):
        print("SHA", hashlib.sha256((result.folder / name).read_bytes()).hexdigest())  # noqa: T201


def begin(python, config, data, seed):
    """Begin a process of an interpreter, in which sets have an order of their own."""
    command = [python, "-c", MAKE, str(config), str(data)]
    environment = os.environ | {"PYTHONHASHSEED": str(seed)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_processes_side_by_side_make_the_same_report(tmp_path):
    config, _ = random_projects.make_project(3, tmp_path / "project")
    pythons = [sys.executable, sys.executable]
    if os.environ.get("NOF0_OTHER_PYTHON"):
        pythons.append(os.environ["NOF0_OTHER_PYTHON"])

    processes = [
        begin(python, config, tmp_path / f"data{seed}", seed)
        for seed, python in enumerate(pythons, start=1)
    ]
    printed = [process.communicate()[0] for process in processes]

    assert [process.returncode for process in processes] == [0] * len(pythons)
    told = [[line for line in text.splitlines() if line.startswith("SHA ")] for text in printed]
    assert len(told[0]) == 2
    assert all(each == told[0] for each in told)
