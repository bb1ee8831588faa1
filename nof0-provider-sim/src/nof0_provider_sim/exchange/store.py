"""The file a paper account lives in: what it was at some time, and what happened since.

A line holds everything one call did, so a process killed while writing leaves a torn last line and
the account as if the call had never come. Lines go to the operating system before the call
returns: they survive the process, not a power failure. When they have become many, the file is
written anew with the account as it is now; until that is on disk and has taken its place, the old
one stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from nof0_core.errors import ProviderError
from nof0_core.files import in_words, open_regular, opened
from nof0_core.plugins.env import Logger
from nof0_provider_sim.exchange.draft import draft_of, replaced
from nof0_provider_sim.exchange.records import Record, from_plain, to_plain
from nof0_provider_sim.exchange.rows import line_of, value_of
from nof0_provider_sim.exchange.snapshot import Restoring, first_line, pieces
from nof0_provider_sim.exchange.state import VenueState

FILE_NAME = "paper_account.jsonl"
TAIL = 2000
"""How many records make the file be written anew."""
AGAIN = 500
"""After how many more that is tried again when it failed."""
_ROOM = ("make room on the disk and start again",)


class Store:
    """Appends to one account file. Open it with `open_store`."""

    def __init__(
        self, *, path: Path, file: BinaryIO, state: VenueState, tail: int, log: Logger
    ) -> None:
        self._path = path
        self._file = file
        self._state = state
        self._tail = tail
        self._due = TAIL
        self._log = log
        self._failed = False
        self._is_told = False

    def append(self, records: Sequence[Record]) -> None:
        """Write what one call did; returns when the operating system has it.

        Raises:
            ProviderError: it cannot be written. Memory is then ahead of the file, so every later
                call raises too, until the account is opened again.
        """
        if self._failed:
            msg = f"{self._path}: an earlier change could not be written"
            raise ProviderError(
                msg,
                hints=("make room on the disk and start again; the change is not in the account",),
            )
        self.write(line_of([to_plain(record) for record in records]) + b"\n")
        self._tail += len(records)
        self.shorten()

    def write(self, line: bytes) -> None:
        """Write one line.

        Raises:
            ProviderError: it cannot be written.
        """
        self._failed = True
        try:
            written = self._file.write(line)
        except OSError as error:
            msg = f"{self._path}: cannot be written: {error.strerror}"
            raise ProviderError(msg, hints=_ROOM) from error
        if written != len(line):
            msg = f"{self._path}: the disk took only part of a line"
            raise ProviderError(msg, hints=_ROOM)
        self._failed = False

    def shorten(self) -> None:
        """Write the file anew if it is due; where that fails the old one stays in use."""
        if self._tail < self._due or not self._state.is_whole:
            return
        try:
            fresh = replaced(_real(self._path), pieces(self._state))
        except OSError as error:
            self._due = self._tail + AGAIN
            if not self._is_told:
                self._is_told = True
                self._log.warning(
                    "the file of the paper account could not be shortened, it goes on growing",
                    file=str(self._path),
                    error=in_words(error),
                )
            return
        self._file.close()
        self._file = fresh
        self._tail, self._due, self._is_told = 0, TAIL, False
        try:
            _keep_name(_real(self._path))
        except OSError as error:
            # The new file is in use; a power failure may bring the old one back, also whole.
            self._log.warning(
                "the disk did not confirm the file of the paper account",
                file=str(self._path),
                error=in_words(error),
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class NoStore:
    """Keeps nothing: for a run that no later one goes on with."""

    def append(self, records: Sequence[Record]) -> None:
        """Let go of what one call did."""

    def close(self) -> None:
        """Close nothing."""


def open_store(folder: Path, initial: Decimal, log: Logger) -> tuple[Store, VenueState]:
    """Open the account in `folder`, or make one with `initial` USD.

    A torn last line is dropped.

    Raises:
        ProviderError: the file cannot be used; says which line, or which setting contradicts it.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            draft_of(_real(path)).unlink()
        state, size, tail = _read(path, initial)
        # Unbuffered: a line is one write, and nothing waits in the process.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        file = os.fdopen(open_regular(path, flags), "ab", buffering=0)
        file.truncate(size)
    except OSError as error:
        msg = f"{path}: cannot be opened: {in_words(error)}"
        raise ProviderError(msg, hints=("check the data directory",)) from error
    store = Store(path=path, file=file, state=state, tail=tail, log=log)
    try:
        if not size:
            store.write(first_line(initial))
        store.shorten()
    except BaseException:
        store.close()
        raise
    return store, state


def _real(path: Path) -> Path:
    """Follow links: what they lead to is replaced, never a link."""
    return Path(os.path.realpath(path))


def _read(path: Path, initial: Decimal) -> tuple[VenueState, int, int]:
    """Return the account, how many bytes of its file hold it and how many records are in them."""
    restoring, number, size, tail = Restoring(initial), 0, 0, 0
    state, line = restoring.state, b""
    try:
        with opened(path) as file:
            for line in file:
                number += 1
                if not line.endswith(b"\n"):
                    break
                if not restoring.is_complete:
                    restoring.take(line, path)
                else:
                    content = value_of(line[:-1])
                    for item in content:
                        state.apply(from_plain(item))
                    state.end_call()
                    tail += len(content)
                size += len(line)
        # A new account's first line may be torn as any other: nothing happened so far.
        if not restoring.is_complete and not first_line(initial).startswith(line):
            msg = "the file ends within it"
            raise ValueError(msg)  # noqa: TRY301 - told like what else is wrong with a line
    except FileNotFoundError:
        return state, 0, 0
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        what, why = "a line", repr(error)
        if not restoring.is_complete:
            what, why = "a line of the snapshot", str(error)
        msg = f"{path}:{number}: this is not {what} of a paper account: {why}"
        raise ProviderError(
            msg,
            hints=("restore the file from a copy, or move it away to start a new account",),
        ) from error
    return state, size, tail


def _keep_name(path: Path) -> None:
    """Make the disk keep that a file has its name.

    Raises:
        OSError: the disk says no.
    """
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
