"""The shipped configuration, run as a user runs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from called import Called
from journal_lines import content_of, day_files, lines_below
from page_fixtures import api, browser, chromium, finished, open_page, serve_files  # noqa: F401

from nof0_core.documents.collection import read_collection

ROOT = Path(__file__).parents[2]
WALL = re.compile(rb',"wall":\{[^}]*\}\}$')

MACHINE = {"export.json", "status.json"}


class Run:
    """One data directory of the shipped configuration and what is in it.

    Commands are processes of their own, unless `is_apart` is false: then they are called in this
    one. What is started is a process always.
    """

    def __init__(
        self, data: Path, config: Path = ROOT / "etc" / "nof0.yaml", *, is_apart: bool = True
    ) -> None:
        self.data = data
        self.config = config
        self.is_apart = is_apart

    def nof0(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        if not self.is_apart:
            done = Called(directory=ROOT).nof0(*words)
            return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)
        return subprocess.run(
            [sys.executable, "-m", "nof0_core", *words],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd=ROOT,
        )

    def run(self, *options: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return self.nof0(
            "run", str(self.config), "--data-dir", str(self.data), *options, timeout=timeout
        )

    def start(self, *options: str) -> subprocess.Popen[str]:
        command = ["run", str(self.config), "--data-dir", str(self.data), *options]
        return subprocess.Popen(
            [sys.executable, "-m", "nof0_core", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    @property
    def journal_files(self) -> list[Path]:
        return day_files(self.data / "journal")

    def journal_without_wall(self) -> dict[str, list[bytes]]:
        """Every record without the machine's time, by file."""
        return {
            str(path.relative_to(self.data)).removesuffix(".gz"): [
                WALL.sub(b"}", line) for line in content_of(path).splitlines()
            ]
            for path in self.journal_files
        }

    def records(self, *types: str) -> list[dict]:
        """Records in the order they happened, of some types or all."""
        found = lines_below(self.data / "journal")
        return sorted((r for r in found if not types or r["type"] in types), key=lambda r: r["seq"])

    def exports(self) -> dict[str, bytes]:
        """What was exported, but for what tells of the machine's time and of how often it was."""
        files = sorted((self.data / "api").glob("*.json"))
        return {p.name: p.read_bytes() for p in files if p.name not in MACHINE}

    def export(self, name: str):
        """One of the API's files, with all rows of its collection."""
        document = json.loads((self.data / "api" / f"{name}.json").read_bytes())
        document.pop("layout", None)
        key = next(iter(document))
        rows = read_collection(self.data / "api", f"{name}.json", key)
        return {**document, key: rows}


@pytest.fixture(scope="session")
def run_in():
    return Run


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The shipped configuration after 400 cycles at full speed."""
    done = Run(tmp_path_factory.mktemp("demo") / "data")
    outcome = done.run("--cycles", "400")
    assert outcome.returncode == 0, outcome.stderr
    done.outcome = outcome
    return done
