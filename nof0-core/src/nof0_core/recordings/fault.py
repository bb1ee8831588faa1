"""One thing that is wrong with recorded data, and where it stands."""

from __future__ import annotations

from pathlib import Path

import attrs

from nof0_core.errors import DataError


@attrs.frozen(kw_only=True)
class Fault:
    """One thing that is wrong with a file of a recording.

    `line` counts from 1, as an editor does; 0 stands for the file as a whole. In files that have no
    lines (`in_lines` is false) it is the row. `kind` is one word: `file`, `cell`, `market`, `unit`,
    `order`, `duplicate`, `grid`, `gap`, `value`, `rate`, `outlier` or `jump`.
    """

    path: Path
    line: int
    kind: str
    message: str
    hint: str
    in_lines: bool = True

    @property
    def place(self) -> str:
        """Return file and line as they are shown."""
        if not self.line:
            return str(self.path)
        return f"{self.path}:{self.line}" if self.in_lines else f"{self.path}: row {self.line}"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"

    def error(self) -> DataError:
        """Make the error that refuses the file."""
        return DataError(str(self), hints=(self.hint,) if self.hint else ())
