"""An exporter that writes what happened as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import attrs

from nof0_core.domain.event import Event
from nof0_core.domain.view import View


@attrs.frozen(kw_only=True)
class LinesConfig:
    """Entry of `Exporters` with `type: lines`; there is nothing to set."""


class Lines:
    """One line for each event: number, time, stream, type.

    Number and line are one write, so the cursor never says more than the file has. A line that was
    not written to its end is taken away when the file is opened.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Take over an unbuffered file that can be read and written."""
        self._file = file
        whole = file.read()
        whole = whole[: whole.rfind(b"\n") + 1]
        file.truncate(len(whole))
        file.seek(len(whole))
        newest = whole.splitlines()[-1:]
        self._cursor = int(newest[0].split()[0]) if newest else 0

    async def cursor(self) -> int:
        """Return the number on the last line."""
        return self._cursor

    async def export(self, events: Sequence[Event], view: View) -> None:
        """Write what is new of these events."""
        del view
        for event in events:
            if event.seq > self._cursor:
                line = f"{event.seq} {event.time.isoformat()} {event.stream} {event.body.type}\n"
                self._file.write(line.encode())
                self._cursor = event.seq
