"""`nof0` called in this process: what it prints and ends with, without the start of another one."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from unittest import mock

import attrs

from nof0_core.cli import main
from nof0_core.testing import Project
from nof0_core.testing.project import Outcome


@attrs.frozen(kw_only=True)
class Called(Project):
    """A project whose commands run in this process, one at a time, as they would in another.

    What needs a process of its own, because it kills it or is about its start, asks `apart`.
    """

    def nof0(self, *arguments: str, **_: object) -> Outcome:
        """Run `nof0` with arguments."""
        variables = {k: v for k, v in os.environ.items() if not k.startswith("NOF0_")}
        variables |= {"COLUMNS": "200", "NO_COLOR": "1", **self.environment}
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.directory),
            mock.patch.dict(os.environ, variables, clear=True),
            mock.patch.object(sys, "path", [*map(str, self.path), *sys.path]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main(list(arguments))
                code: object = 0
            except SystemExit as end:
                code = end.code
        number = code if isinstance(code, int) else int(code is not None)
        return Outcome(exit_code=number, stdout=out.getvalue(), stderr=err.getvalue())

    def apart(self, *arguments: str) -> Outcome:
        """Run `nof0` as a process of its own."""
        return Project(directory=self.directory, environment=self.environment, path=self.path).nof0(
            *arguments
        )


def started(folder: Path, **more: object) -> Called:
    """Return a fresh project in a folder that does not exist yet."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    Called(directory=folder.parent).nof0("init", folder.name).check()
    return Called(directory=folder, **more)
