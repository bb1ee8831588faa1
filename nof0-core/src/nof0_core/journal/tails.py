"""The growing ends of all streams: which have something new, and what the disk has not yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from anyio.lowlevel import cancel_shielded_checkpoint

from nof0_core.disk import Unsynced
from nof0_core.errors import JournalFullError
from nof0_core.ids import TraderId
from nof0_core.journal.tail import DayFile

AT_ONCE = 32
"""How many files are written before other tasks have their turn; takes about 1 ms."""


class Tails:
    """The file that each stream grows in.

    `unsynced` are the files that were written to and may not be on disk yet. For one thread, that
    of the event loop.
    """

    def __init__(self) -> None:
        self.unsynced = Unsynced()
        self._files: dict[TraderId, DayFile] = {}
        self._new: dict[Path, DayFile] = {}

    def get(self, stream: TraderId) -> DayFile | None:
        """Return the file a stream grows in, None if nothing was added since the start."""
        return self._files.get(stream)

    def begin(self, stream: TraderId, path: Path) -> DayFile:
        """Let a stream go on in another file; the one before is closed once it is written."""
        if before := self._files.get(stream):
            before.finish()
        good = path.stat().st_size if path.exists() else 0
        file = self._files[stream] = DayFile(path, good)
        return file

    def add(self, file: DayFile, line: bytes | bytearray) -> None:
        """Put a line behind what waits for a file."""
        file.waiting += line
        self._new[file.path] = file

    def write(self) -> None:
        """Write all that waits: one write for each file that has something new.

        Where one has no room, the others are tried all the same.

        Raises:
            JournalFullError: there is no room for all of it. The rest still waits.
            JournalError: a file cannot be written for another reason. Likewise.
        """
        for _ in self._writing():
            pass

    async def write_beside(self) -> None:
        """Do as `write` for what waits now, but let other tasks have their turns in between.

        They may add and write: that is no more than a little work done already.

        Raises:
            JournalError: as `write`.
        """
        for number in self._writing():
            if number % AT_ONCE == 0:
                await cancel_shielded_checkpoint()

    def close(self) -> None:
        """Close all files; what waits is written when they are asked to write again."""
        for file in self._files.values():
            file.close()

    def _writing(self) -> Iterator[int]:
        full: JournalFullError | None = None
        for number, (path, file) in enumerate(list(self._new.items()), start=1):
            if path not in self._new:
                continue  # somebody else has written it meanwhile
            is_new = not file.good
            try:
                file.write()
            except JournalFullError as error:
                full = full or error
            else:
                del self._new[path]
                self.unsynced.add(path)
                if is_new:
                    self.unsynced.add(path.parent, path.parent.parent)
            yield number
        if full is not None:
            raise full
