"""Run the `nof0` command over configuration files a test wrote."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import attrs


@attrs.frozen(kw_only=True)
class Outcome:
    """How a command ended: exit code and all it wrote."""

    exit_code: int
    stdout: str
    stderr: str

    def check(self) -> Outcome:
        """Return itself if the command succeeded.

        Raises:
            AssertionError: with everything the command wrote.
        """
        if self.exit_code:
            message = f"exit code {self.exit_code}\n{self.stdout}\n{self.stderr}"
            raise AssertionError(message)
        return self


@attrs.frozen(kw_only=True)
class Project:
    """A directory with configuration files.

    `directory` is the working directory of commands. `environment` is added to that of the tests;
    variables that select plugins (`NOF0_*`) are taken out first. `path` are directories in which
    modules and installed plugins are looked for before all others.
    """

    directory: Path
    environment: Mapping[str, str] = attrs.field(factory=dict)
    path: tuple[Path, ...] = ()

    def write(self, name: str, text: str) -> Path:
        """Write a file, with common indentation removed; makes directories as needed."""
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return file

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a text in a file; it must be there exactly once."""
        file = self.directory / name
        text = file.read_text(encoding="utf-8")
        if text.count(old) != 1:
            message = f"{old!r} is {text.count(old)} times in {name}, not once"
            raise ValueError(message)
        file.write_text(text.replace(old, new), encoding="utf-8")

    def nof0(self, *arguments: str, within: timedelta = timedelta(minutes=2)) -> Outcome:
        """Run `nof0` with arguments, as a process of its own.

        Raises:
            subprocess.TimeoutExpired: if it did not end in time; it was killed then.
        """
        return self._run([sys.executable, "-m", "nof0_core", *arguments], within)

    def python(self, code: str, *, within: timedelta = timedelta(minutes=2)) -> Outcome:
        """Run Python code in the same surroundings."""
        return self._run([sys.executable, "-c", textwrap.dedent(code)], within)

    def _run(self, command: Sequence[str], within: timedelta) -> Outcome:
        variables = {k: v for k, v in os.environ.items() if not k.startswith("NOF0_")}
        if self.path:
            places = [*map(str, self.path), variables.get("PYTHONPATH", "")]
            variables["PYTHONPATH"] = os.pathsep.join(filter(None, places))
        # A fixed width keeps lines whole whatever terminal the tests run in.
        variables |= {"COLUMNS": "200", "NO_COLOR": "1", **self.environment}
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=within.total_seconds(),
        )
        return Outcome(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)
