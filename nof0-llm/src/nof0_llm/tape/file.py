"""A tape on disk: JSON lines, found by the digest of the question."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import attrs

from nof0_core.errors import DataError, UsageError
from nof0_core.files import in_words, open_regular
from nof0_llm.tape.entry import (
    FORMAT,
    Entry,
    Head,
    Reply,
    Turn,
    decode,
    decode_reply,
    encode,
    encode_about,
    head_of,
    is_begun,
)

_Key = TypeVar("_Key", str, Turn)
_Read = TypeVar("_Read", Entry, Reply)
_ALONE = "leave the file alone while it is played, or play a copy of it"


@attrs.frozen(kw_only=True)
class _Line:
    """Where an entry stands: byte offset and length, and its number in the file from 1."""

    number: int
    offset: int
    length: int
    is_failure: bool
    digest: str


class TapeFile:
    """An open tape. The order of its lines means nothing.

    Of several entries for one question the first completion counts, and a failure only where there
    is no completion; the same holds of a turn. `about` is what its head says. The prompts stay on
    disk; what is kept is where each entry stands.
    """

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle
        self._lines: dict[str, _Line] = {}
        self._turns: dict[Turn, _Line] = {}
        self.about = ""
        self._end = 0
        self._count = 0
        self._is_closed_line = True
        self._scan()

    def __len__(self) -> int:
        return len(self._lines)

    def find(self, digest: str) -> Entry | None:
        """Return what was recorded for a question, None if nothing was.

        Raises:
            DataError: the entry is damaged; the message has file and line.
        """
        line = self._lines.get(digest)
        return None if line is None else self._read(line, decode)

    def reply(self, digest: str) -> Reply | None:
        """Return what is played back for a question, None if nothing was recorded.

        Raises:
            DataError: the entry is damaged; the message has file and line.
        """
        line = self._lines.get(digest)
        return None if line is None else self._read(line, decode_reply)

    def reply_in(self, turn: Turn) -> Reply | None:
        """Return what is played back when it is somebody's turn, None if nothing was recorded.

        Raises:
            DataError: the entry is damaged; the message has file and line.
        """
        line = self._turns.get(turn)
        return None if line is None else self._read(line, decode_reply)

    def turns_of(self, trader: str) -> int:
        """Return the number of the last cycle of a trader that is on the tape, 0 for none."""
        return max((cycle for name, cycle, _ in self._turns if name == trader), default=0)

    def entries(self) -> Iterator[Entry]:
        """Yield the entry that counts for each question, in the order of the file.

        Raises:
            DataError: an entry is damaged; the message has file and line.
        """
        for line in sorted(self._lines.values(), key=lambda each: each.offset):
            yield self._read(line, decode)

    def head(self, text: str) -> None:
        """Write what the whole tape is about, where nothing stands on it yet.

        Raises:
            DataError: the file cannot be written.
        """
        if text and not self._end:
            self._append(encode_about(text))
            self.about = text

    def add(self, entry: Entry) -> None:
        """Append an entry; a crash of the process does not lose it after that.

        Raises:
            DataError: the file cannot be written; nothing of the entry stays in it.
        """
        data = encode(entry)
        offset = self._append(data)
        self._note(head_of(data), self._count, offset, self._end - offset)

    def _append(self, data: bytes) -> int:
        """Write a line and return where it begins."""
        if not self._is_closed_line:
            data = b"\n" + data
        offset = self._end + len(data) - len(data.lstrip(b"\n"))
        try:
            _write(self._handle, data)
        except OSError as error:
            # What follows would be glued to it, and the whole tape be unreadable.
            self.cut()
            message = f"the tape {self.path} cannot be written: {error.strerror}"
            raise DataError(message) from error
        self._end += len(data)
        self._is_closed_line = True
        self._count += 1
        return offset

    def _read(self, line: _Line, decoded: Callable[[bytes], _Read]) -> _Read:
        data = os.pread(self._handle, line.length, line.offset)
        try:
            entry = decoded(data)
        except ValueError as error:
            message = f"{self.path}:{line.number}: not an entry of a tape: {error}"
            raise DataError(message, hints=(_ALONE,)) from error
        if entry.digest != line.digest:
            # Somebody may write to the file while it is played: no other answer may come of that.
            message = f"{self.path}:{line.number}: the tape was changed while it is in use"
            raise DataError(message, hints=(_ALONE,))
        return entry

    def _note(self, head: Head, number: int, offset: int, length: int) -> None:
        line = _Line(
            number=number,
            offset=offset,
            length=length,
            is_failure=head.is_failure,
            digest=head.digest,
        )
        _keep(self._lines, head.digest, line)
        if head.cycle:
            _keep(self._turns, head.turn, line)

    def _scan(self) -> None:
        with os.fdopen(os.dup(self._handle), "rb") as file:
            file.seek(0)
            for number, data in enumerate(file, start=1):
                offset, self._end = self._end, self._end + len(data)
                self._count = number
                if not data.strip():
                    continue
                head = self._head(number, data)
                if head is None:
                    # A crash cut the last line short: as if it had never been begun.
                    self._end, self._count = offset, number - 1
                    return
                self._is_closed_line = data.endswith(b"\n")
                if head.digest:
                    self._note(head, number, offset, len(data))
                else:
                    self.about = self.about or head.about

    def _head(self, number: int, data: bytes) -> Head | None:
        try:
            head = head_of(data)
        except ValueError as error:
            if not data.endswith(b"\n") and (number > 1 or is_begun(data)):
                return None
            message = f"{self.path}:{number}: not an entry of a tape: {error}"
            raise DataError(message) from error
        if head.tape > FORMAT:
            message = f"{self.path}:{number}: written by a later version of nof0"
            raise DataError(message)
        return head

    def cut(self) -> None:
        """Take away what follows the last whole entry."""
        if os.fstat(self._handle).st_size > self._end:
            os.ftruncate(self._handle, self._end)


@contextmanager
def reading(path: Path) -> Iterator[TapeFile]:
    """Open a tape to play it back.

    Raises:
        UsageError: there is no such file, or it cannot be read.
        DataError: it is not a tape.
    """
    try:
        handle = open_regular(path)
    except OSError as error:
        message = f"the tape {path} cannot be read: {in_words(error)}"
        raise UsageError(message, hints=("record one first, with mode: record",)) from error
    try:
        yield TapeFile(path, handle)
    finally:
        os.close(handle)


@contextmanager
def recording(path: Path) -> Iterator[TapeFile]:
    """Open a tape to add to it; made if missing, and on disk for good when this ends.

    Raises:
        UsageError: the file cannot be written, another process records on it, or the system has no
            locks that would tell.
        DataError: what is there is not a tape.
    """
    try:
        import fcntl
    except ImportError:
        message = f"nothing here can keep a second run off the tape {path}: no file locks (fcntl)"
        raise UsageError(message, hints=("run it on Linux or macOS; on Windows, in WSL",)) from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        message = f"the tape {path} cannot be written: {in_words(error)}"
        raise UsageError(message) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"another process records on the tape {path}"
            raise UsageError(message, hints=("give this run a file of its own",)) from error
        tape = TapeFile(path, handle)
        tape.cut()
        yield tape
        os.fsync(handle)
    finally:
        os.close(handle)


def _keep(lines: dict[_Key, _Line], key: _Key, line: _Line) -> None:
    """Note where an entry stands, unless one is known that counts more."""
    known = lines.get(key)
    if known is None or (known.is_failure and not line.is_failure):
        lines[key] = line


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
