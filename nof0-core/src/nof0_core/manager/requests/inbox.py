"""Requests to single traders or venue accounts: each a file, done once, answered in the journal."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import attrs
import msgspec

from nof0_core.domain.vocabulary import ControlCommand
from nof0_core.errors import UsageError
from nof0_core.files import TEXT_LIMIT, in_words, read_bytes
from nof0_core.ids import Symbol, TraderId
from nof0_core.manager.requests.listing import Listing
from nof0_core.manager.requests.place import put, remove

SOMEBODY = "somebody"
"""Who asked for something where it is not known."""
LONGEST_NAME = 64


@attrs.frozen(kw_only=True)
class Request:
    """One request; `id` is the name of its file.

    It is meant for a trader; `symbol` narrows a close to one coin. A `settle` is meant for a coin
    of a venue account, and `by` says who asked for it. A `reload` is meant for the engine.
    """

    id: str
    command: ControlCommand
    trader: TraderId | None
    symbol: Symbol | None = None
    venue_account: str | None = None
    by: str = SOMEBODY


class Requests:
    """The requests waiting in one data directory.

    A request goes through these states: renamed into the directory; carried out and answered in the
    journal under its id; removed. An engine that dies in between finds it again: one whose answer
    is in the journal is only removed, any other is done again, and doing it twice is harmless.
    """

    def __init__(self, state_dir: Path) -> None:
        self.directory = state_dir / "control" / "requests"
        self._numbers = count(1)
        self._listing = Listing(self.directory)

    def add(
        self,
        command: ControlCommand,
        trader: TraderId | None,
        symbol: Symbol | None,
        now: datetime,
        *,
        venue_account: str | None = None,
        by: str = SOMEBODY,
    ) -> Request:
        """Put a request into the directory; it is on disk when this returns.

        Args:
            command: what to do.
            trader: with whom; None for a settlement and a reload.
            symbol: for a close: this coin only; for a settlement: the coin.
            now: the machine's time, which orders requests.
            venue_account: for a settlement: where.
            by: for a settlement: who asks for it.

        Raises:
            UsageError: if the file cannot be written.
        """
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        request = Request(
            id=f"{stamp}-{os.getpid()}-{next(self._numbers):03d}",
            command=command,
            trader=trader,
            symbol=symbol,
            venue_account=venue_account,
            by=_name(by),
        )
        document = msgspec.to_builtins(_Request.of(request))
        put(self.directory / f"{request.id}.json", document)
        return request

    def read(self) -> list[Request]:
        """Return the waiting requests, oldest first; what is no request is set aside.

        It keeps its content under a name that ends in `.bad`.

        Raises:
            UsageError: if the directory cannot be read, or what is no request not be set aside.
        """
        return self._read(_set_aside)

    def look(self) -> list[Request]:
        """Return the waiting requests, oldest first, and change nothing.

        Raises:
            UsageError: if the directory cannot be read.
        """
        return self._read(lambda _: None)

    def _read(self, refuse: Callable[[Path], None]) -> list[Request]:
        if self._listing.is_empty():
            return []
        try:
            paths = sorted(p for p in self.directory.iterdir() if _is_request(p.name))
        except FileNotFoundError:
            return []
        except OSError as error:
            message = f"{self.directory} cannot be read: {in_words(error)}"
            raise UsageError(message) from error
        if not paths:
            self._listing.found_empty()
        found = []
        for path in paths:
            try:
                raw = msgspec.json.decode(read_bytes(path, limit=TEXT_LIMIT), type=_Request)
            except FileNotFoundError:
                continue
            except (OSError, ValueError, RecursionError):
                refuse(path)
                continue
            if not raw.is_whole:
                refuse(path)
                continue
            found.append(
                Request(
                    id=path.stem,
                    command=raw.command,
                    trader=TraderId(raw.trader) if raw.trader is not None else None,
                    symbol=Symbol(raw.symbol) if raw.symbol is not None else None,
                    venue_account=raw.venue_account,
                    by=_name(raw.by),
                )
            )
        return found

    def drop(self, request: Request) -> None:
        """Take an answered request away.

        Raises:
            UsageError: if the file cannot be removed.
        """
        remove(self.directory / f"{request.id}.json")


class _Request(msgspec.Struct, omit_defaults=True):
    command: ControlCommand
    trader: str | None = None
    symbol: str | None = None
    venue_account: str | None = None
    by: str = SOMEBODY

    @classmethod
    def of(cls, request: Request) -> _Request:
        return cls(
            command=request.command,
            trader=request.trader,
            symbol=request.symbol,
            venue_account=request.venue_account,
            by=request.by,
        )

    @property
    def is_whole(self) -> bool:
        """Tell whether it says all that its command needs, and nothing that belongs to another."""
        if self.command is ControlCommand.SETTLE:
            return bool(self.venue_account and self.symbol) and self.trader is None
        if self.command is ControlCommand.RELOAD:
            return self.trader is None and self.symbol is None and self.venue_account is None
        return self.trader is not None and self.venue_account is None


def _name(text: str) -> str:
    """Return a name as it may stand in an alert: short, and nothing but letters one can see."""
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_NAME] or SOMEBODY


def _set_aside(path: Path) -> None:
    try:
        path.replace(path.with_suffix(".bad"))
    except OSError as error:
        message = f"{path} is no request and cannot be set aside: {in_words(error)}"
        raise UsageError(message) from error


def _is_request(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".")
