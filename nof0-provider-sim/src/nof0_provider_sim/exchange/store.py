"""The file a paper account lives in: what happened, one line per call, append only.

A line holds everything one call did, so a process killed while writing leaves a torn last line and
the account as if the call had never come. Lines go to the operating system before the call
returns: they survive the process, not a power failure.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from nof0_core.errors import ProviderError
from nof0_core.files import in_words, open_regular, read_bytes
from nof0_core.money import plain
from nof0_provider_sim.exchange.records import Record, from_plain, to_plain
from nof0_provider_sim.exchange.state import VenueState

FILE_NAME = "paper_account.jsonl"
_VERSION = 2


class Store:
    """Appends to one account file. Open it with `open_store`."""

    def __init__(self, path: Path, size: int) -> None:
        # Unbuffered: a line is one write, and nothing waits in the process.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._file = os.fdopen(open_regular(path, flags), "ab", buffering=0)
        self._file.truncate(size)
        self._path = path
        self._failed = False

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
        self.write_line([to_plain(record) for record in records])

    def write_line(self, value: Any) -> None:
        """Write one line of JSON."""
        line = json.dumps(value, separators=(",", ":")).encode() + b"\n"
        self._failed = True
        try:
            written = self._file.write(line)
        except OSError as error:
            msg = f"{self._path}: cannot be written: {error.strerror}"
            raise ProviderError(
                msg,
                hints=("make room on the disk and start again",),
            ) from error
        if written != len(line):
            msg = f"{self._path}: the disk took only part of a line"
            raise ProviderError(
                msg,
                hints=("make room on the disk and start again",),
            )
        self._failed = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_store(folder: Path, initial: Decimal) -> tuple[Store, VenueState]:
    """Open the account in `folder`, or make one with `initial` USD.

    A torn last line is dropped.

    Raises:
        ProviderError: the file cannot be used; says which line, or which setting contradicts it.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = _content(path)
        size = content.rfind(b"\n") + 1
        store = Store(path, size)
    except OSError as error:
        msg = f"{path}: cannot be opened: {in_words(error)}"
        raise ProviderError(msg, hints=("check the data directory",)) from error
    state = VenueState(initial)
    try:
        if size:
            _replay(path, content[:size].split(b"\n")[:-1], initial, state)
        else:
            store.write_line({"paper_account": _VERSION, "initial_balance_usd": plain(initial)})
    except BaseException:
        store.close()
        raise
    return store, state


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except FileNotFoundError:
        return b""


def _replay(path: Path, lines: list[bytes], initial: Decimal, state: VenueState) -> None:
    number = 0
    try:
        for line in lines:
            number += 1
            content = json.loads(line)
            if number == 1:
                opened_with = Decimal(content["initial_balance_usd"])
                _check_header(path, content["paper_account"], opened_with, initial)
            else:
                for item in content:
                    state.apply(from_plain(item))
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        msg = f"{path}:{number}: this is not a line of a paper account: {error!r}"
        raise ProviderError(
            msg,
            hints=("restore the file from a copy, or move it away to start a new account",),
        ) from error


def _check_header(path: Path, version: object, opened_with: Decimal, initial: Decimal) -> None:
    if version != _VERSION:
        msg = f"{path}:1: written by another version of the paper exchange ({version})"
        raise ProviderError(
            msg,
            hints=("use that version, or move the file away to start a new account",),
        )
    if opened_with != initial:
        msg = (
            f"{path}:1: the account was opened with {plain(opened_with)} USD, "
            f"but initial_balance_usd is {plain(initial)}"
        )
        raise ProviderError(
            msg,
            hints=("set it back, or move the file away to start a new account",),
        )
