"""The linter, the type checker and the layer contracts find nothing.

They are tests so that the one test command guards them too; leave them out with
`-m "not static"`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.static


def run(*command):
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"\n{done.stdout}\n{done.stderr}"


def test_ruff_finds_nothing():
    run("-m", "ruff", "check", "--output-format=concise", ".")


def test_everything_is_formatted():
    run("-m", "ruff", "format", "--check", "--quiet", "--diff", ".")


@pytest.mark.timeout(300)
def test_types_are_sound():
    run("-m", "mypy")


def test_nobody_imports_upwards():
    run("-c", "from importlinter.cli import lint_imports_command as c; c()")
