"""The data source that reads the engine's JSON files.

A file is read when somebody asks for it and it is not the one that was read before (time of change
in ns, size, inode). One that is missing, half written or damaged leaves the last good data
standing. Pieces that a main file names (`nof0_core.documents.pieces`) are read once, and looked for
again only when the main file has changed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

import anyio
import anyio.to_thread
import attrs
import msgspec

from nof0_api.reading import read_regular
from nof0_api.source import (
    Document,
    DocumentHealth,
    SourceDownError,
    SourceHealth,
    State,
    Stretch,
    UnknownModelError,
)
from nof0_core.clock import wall_time
from nof0_core.documents.pieces import Part
from nof0_core.documents.whole import PieceError, Whole, take_layout
from nof0_core.plugins.env import Logger

_SAFE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""What the exporter allows in a file name."""

_EMPTY: Mapping[str, tuple[str, bytes, dict[str, bytes]]] = {
    "account-totals": ("accountTotals", b"[]", {"lastHourlyMarkerRead": b"0"}),
    "analytics": ("analytics", b"[]", {}),
    "crypto-prices": ("prices", b"{}", {}),
    "leaderboard": ("leaderboard", b"[]", {}),
    "since-inception-values": ("sinceInceptionValues", b"[]", {}),
    "trades": ("trades", b"[]", {}),
    "positions": ("accountTotals", b"[]", {}),
    "conversations": ("conversations", b"[]", {}),
    "candles": ("candles", b"[]", {}),
}
"""Name of each file with its collection, and what stands for one that was never written."""

_LOOKS = 20
"""How often a main file is read anew because a piece is gone and it was replaced meanwhile."""

Signature = tuple[int, int, int]
_ABSENT = (errno.ENOENT,)


@attrs.frozen(eq=False)
class Main:
    """What a main file says: the rows in it, further members, how rows and pieces follow."""

    data: bytes
    members: dict[str, bytes]
    layout: tuple[Part, ...]
    version: str
    made_at: float


@attrs.define(eq=False)
class _File:
    """One file and what is known of it.

    `seen` is the signature last read, good or not. `document` is made of `whole_of` and its pieces.
    """

    name: str
    key: str
    pieces: Whole[Stretch]
    main: Main | None = None
    seen: Signature | None = None
    fault: str = ""
    document: Document | None = None
    whole_of: Main | None = None
    piece_fault: str = ""
    lock: anyio.Lock = attrs.field(factory=anyio.Lock)


class FileSource:
    """Reads the files of the `json` exporter from one directory; writes nothing."""

    def __init__(self, directory: Path, *, log: Logger) -> None:
        self._directory = str(directory)
        self._log = log
        self._shelves = {name: self._shelf(name, key) for name, (key, _, _) in _EMPTY.items()}
        self._models: dict[str, _File] = {}
        self._empty = {
            name: Document(
                key=key, stretches=(Stretch(data),), members=more, version="empty", made_at=None
            )
            for name, (key, data, more) in _EMPTY.items()
        }

    async def account_totals(self) -> Document:
        """Load `account-totals.json`."""
        return await self._load("account-totals")

    async def analytics(self) -> Document:
        """Load `analytics.json`."""
        return await self._load("analytics")

    async def model_analytics(self, model: str) -> Document:
        """Load `analytics-<model>.json`; an id that cannot be part of a file name is unknown."""
        if not _SAFE_ID.fullmatch(model):
            raise UnknownModelError
        shelf = self._models.get(model) or self._shelf(f"analytics-{model}", "analytics")
        document = await self._renewed(shelf)
        if document is None:
            raise UnknownModelError
        # Only models that exist are kept, so asking for many names fills nothing.
        self._models[model] = shelf
        return document

    async def crypto_prices(self) -> Document:
        """Load `crypto-prices.json`."""
        return await self._load("crypto-prices")

    async def leaderboard(self) -> Document:
        """Load `leaderboard.json`."""
        return await self._load("leaderboard")

    async def since_inception_values(self) -> Document:
        """Load `since-inception-values.json`."""
        return await self._load("since-inception-values")

    async def trades(self) -> Document:
        """Load `trades.json`."""
        return await self._load("trades")

    async def positions(self) -> Document:
        """Load `positions.json`."""
        return await self._load("positions")

    async def conversations(self) -> Document:
        """Load `conversations.json`."""
        return await self._load("conversations")

    async def candles(self) -> Document:
        """Load `candles.json`."""
        return await self._load("candles")

    async def health(self) -> SourceHealth:
        """Look at every file; reads those that changed."""
        documents: dict[str, DocumentHealth] = {}
        now = wall_time().timestamp()
        for name, shelf in self._shelves.items():
            state: State = "ok"
            try:
                document = await self._load(name)
            except SourceDownError:
                made_at, state = None, "down"
            else:
                made_at = document.made_at
                if made_at is None:
                    state = "empty"
                elif shelf.fault or shelf.piece_fault:
                    state = "stale"
            age = None if made_at is None else max(0.0, now - made_at)
            documents[name] = DocumentHealth(state=state, age_seconds=age)
        return SourceHealth(source="files", documents=documents)

    async def _load(self, name: str) -> Document:
        return await self._renewed(self._shelves[name]) or self._empty[name]

    def _shelf(self, name: str, key: str) -> _File:
        def read(piece: str) -> bytes:
            return read_regular(f"{self._directory}/{piece}")[0]

        return _File(name, key, Whole(key, read=read, make=Stretch))

    async def _renewed(self, shelf: _File) -> Document | None:
        """Return the newest good data of a file and its pieces; None if it was never there.

        Raises:
            SourceDownError: it is there, or ought to be, and cannot be read.
        """
        if self._signature(shelf) not in (None, shelf.seen) or shelf.main is not shelf.whole_of:
            async with shelf.lock:
                await anyio.to_thread.run_sync(self._read_anew, shelf)
        if shelf.document is None and (shelf.fault or shelf.piece_fault):
            message = f"{shelf.key} cannot be read"
            raise SourceDownError(message)
        return shelf.document

    def _read_anew(self, shelf: _File) -> None:
        """Read a file that changed, and those of its pieces that are not known."""
        for _ in range(_LOOKS):
            if self._signature(shelf) not in (None, shelf.seen):
                self._read(shelf)
            if shelf.main is None or shelf.main is shelf.whole_of:
                return
            name, fault = self._join(shelf, shelf.main)
            # A piece that is gone may be one that the main file has just ceased to name.
            if not fault or self._signature(shelf) == shelf.seen:
                break
        self._note_piece(shelf, name, fault)

    def _join(self, shelf: _File, main: Main) -> tuple[str, str]:
        """Put a main file and its pieces together; returns which file is at fault, and why."""
        gone = ""
        stretches = [Stretch(main.data)]
        if main.layout:
            try:
                stretches = shelf.pieces.stretches(main.data, main.layout)
                there = os.listdir(self._directory)  # noqa: PTH208 - names are enough
                gone = min(shelf.pieces.names.difference(there), default="")
            except PieceError as error:
                return error.name, f"a piece that {shelf.name}.json names: {error}"
            except (ValueError, OSError) as error:
                return f"{shelf.name}.json", str(error)
        shelf.whole_of = main
        shelf.document = Document(
            key=shelf.key,
            stretches=stretches,
            members=main.members,
            version=main.version,
            made_at=main.made_at,
        )
        return gone, gone and f"a piece that {shelf.name}.json names: it is gone"

    def _signature(self, shelf: _File) -> Signature | None:
        """Look whether the file is there; None, with the fault noted, if not."""
        try:
            found = os.stat(f"{self._directory}/{shelf.name}.json")  # noqa: PTH116 - once per answer
        except OSError as error:
            # A file that was never there is no fault: the engine has not written it yet.
            if error.errno not in _ABSENT or shelf.main is not None:
                self._note(shelf, error.strerror or "unreadable")
            shelf.seen = None
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self, shelf: _File) -> None:
        try:
            content, about = read_regular(f"{self._directory}/{shelf.name}.json")
        except OSError as error:
            self._note(shelf, error.strerror or "unreadable")
            return
        # What was read belongs to what was opened, even if the file was replaced meanwhile.
        shelf.seen = (about.st_mtime_ns, about.st_size, about.st_ino)
        try:
            shelf.main = parse(content, key=shelf.key, made_at=about.st_mtime)
        except ValueError as error:
            self._note(shelf, str(error))
            return
        if shelf.fault:
            self._log.info("readable again", file=f"{shelf.name}.json")
        shelf.fault = ""

    def _note(self, shelf: _File, fault: str) -> None:
        if shelf.fault != fault:
            self._warn(shelf, f"{shelf.name}.json", fault)
        shelf.fault = fault

    def _note_piece(self, shelf: _File, name: str, fault: str) -> None:
        if fault and shelf.piece_fault != fault:
            self._warn(shelf, name, fault)
        elif shelf.piece_fault and not fault:
            self._log.info("its pieces are readable again", file=f"{shelf.name}.json")
        shelf.piece_fault = fault

    def _warn(self, shelf: _File, name: str, reason: str) -> None:
        stands = "the last good data stands" if shelf.document else "there is nothing to show"
        self._log.warning(f"a data file cannot be used; {stands}", file=name, reason=reason)


def parse(content: bytes, *, key: str, made_at: float) -> Main:
    """Check the text of a file and take it apart at the top level.

    Raises:
        ValueError: it is not whole, or not an object with a collection under `key`.
    """
    content.decode()
    members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    members.pop("serverTime", None)
    layout = take_layout(members)
    texts = {name: bytes(text) for name, text in members.items()}
    data = texts.pop(key, None)
    if data is None or data[:1] != (b"{" if key == "prices" else b"["):
        message = f"there is no collection {key}"
        raise ValueError(message)
    digest = hashlib.blake2b(data, digest_size=9)
    for name, text in texts.items():
        digest.update(b"\0" + name.encode() + b"\0" + text)
    # A piece is named by its content: the layout stands for all rows in pieces.
    digest.update(msgspec.json.encode(layout))
    return Main(data, texts, layout, digest.hexdigest(), made_at)
