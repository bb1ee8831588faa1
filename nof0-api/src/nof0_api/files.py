"""The data source that reads the engine's JSON files.

A file is read when somebody asks for it and it is not the one that was read before (time of change
in ns, size, inode). One that is missing, half written or damaged leaves the last good data
standing. Account totals may have pages of old hours beside their file, which are read once.
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
    UnknownModelError,
)
from nof0_core.clock import wall_time
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

EARLIER = "earlierPages"
"""Key in `account-totals.json`: how many pages there are, from `account-totals-1.json` on."""
_MOST_PAGES = 100_000

Signature = tuple[int, int, int]
_ABSENT = (errno.ENOENT,)


@attrs.define(eq=False)
class _File:
    """One file and what is known of it. `seen` is the signature last read, good or not."""

    name: str
    key: str
    document: Document | None = None
    seen: Signature | None = None
    fault: str = ""
    lock: anyio.Lock = attrs.field(factory=anyio.Lock)


class FileSource:
    """Reads the files of the `json` exporter from one directory; writes nothing."""

    def __init__(self, directory: Path, *, log: Logger) -> None:
        self._directory = str(directory)
        self._log = log
        self._shelves = {name: _File(name, key) for name, (key, _, _) in _EMPTY.items()}
        self._models: dict[str, _File] = {}
        self._pages: list[_File] = []
        self._paged: tuple[Document, Document] | None = None
        self._empty = {
            name: Document(key=key, data=data, members=more, version="empty", made_at=None)
            for name, (key, data, more) in _EMPTY.items()
        }

    async def account_totals(self) -> Document:
        """Load `account-totals.json` and the pages of old hours that it counts."""
        newest = await self._load("account-totals")
        if EARLIER not in newest.members:
            return newest
        if self._paged is None or self._paged[0] is not newest:
            try:
                self._paged = newest, await self._with_pages(newest)
            except SourceDownError:
                if self._paged is None:
                    raise
        return self._paged[1]

    async def analytics(self) -> Document:
        """Load `analytics.json`."""
        return await self._load("analytics")

    async def model_analytics(self, model: str) -> Document:
        """Load `analytics-<model>.json`; an id that cannot be part of a file name is unknown."""
        if not _SAFE_ID.fullmatch(model):
            raise UnknownModelError
        shelf = self._models.get(model) or _File(f"analytics-{model}", "analytics")
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
                document = await self._whole(name)
            except SourceDownError:
                made_at, state = None, "down"
            else:
                made_at = document.made_at
                if made_at is None:
                    state = "empty"
                elif shelf.fault or (name == "account-totals" and self._has_broken_page()):
                    state = "stale"
            age = None if made_at is None else max(0.0, now - made_at)
            documents[name] = DocumentHealth(state=state, age_seconds=age)
        return SourceHealth(source="files", documents=documents)

    async def _whole(self, name: str) -> Document:
        return await (self.account_totals() if name == "account-totals" else self._load(name))

    def _has_broken_page(self) -> bool:
        return any(page.fault for page in self._pages)

    async def _with_pages(self, newest: Document) -> Document:
        members = dict(newest.members)
        count = int(members.pop(EARLIER))
        key = newest.key
        del self._pages[count:]
        for number in range(len(self._pages) + 1, count + 1):
            self._pages.append(_File(f"account-totals-{number}", key))
        pages = [await self._renewed(shelf) for shelf in self._pages[:count]]
        earlier = [page for page in pages if page is not None]
        if len(earlier) < count:
            missing = self._pages[pages.index(None)]
            self._note(missing, "a page that account-totals.json counts is not there")
            message = f"{key} is not whole"
            raise SourceDownError(message)
        version = hashlib.blake2b(newest.version.encode(), digest_size=9)
        for page in earlier:
            version.update(page.version.encode())
        return attrs.evolve(newest, members=members, earlier=earlier, version=version.hexdigest())

    async def _load(self, name: str) -> Document:
        return await self._renewed(self._shelves[name]) or self._empty[name]

    async def _renewed(self, shelf: _File) -> Document | None:
        """Return the newest good data of a file; None if it was never there.

        Raises:
            SourceDownError: it is there, or ought to be, and cannot be read.
        """
        if self._signature(shelf) != shelf.seen or shelf.seen is None:
            async with shelf.lock:
                if (found := self._signature(shelf)) != shelf.seen and found is not None:
                    await anyio.to_thread.run_sync(self._read, shelf)
        if shelf.document is None and shelf.fault:
            message = f"{shelf.key} cannot be read"
            raise SourceDownError(message)
        return shelf.document

    def _signature(self, shelf: _File) -> Signature | None:
        """Look whether the file is there; None, with the fault noted, if not."""
        try:
            found = os.stat(f"{self._directory}/{shelf.name}.json")  # noqa: PTH116 - once per answer
        except OSError as error:
            # A file that was never there is no fault: the engine has not written it yet.
            if error.errno not in _ABSENT or shelf.document is not None:
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
            shelf.document = parse(content, key=shelf.key, made_at=about.st_mtime)
        except ValueError as error:
            self._note(shelf, str(error))
            return
        if shelf.fault:
            self._log.info("readable again", file=f"{shelf.name}.json")
        shelf.fault = ""

    def _note(self, shelf: _File, fault: str) -> None:
        if shelf.fault != fault:
            stands = "the last good data stands" if shelf.document else "there is nothing to show"
            self._log.warning(
                f"a data file cannot be used; {stands}", file=f"{shelf.name}.json", reason=fault
            )
        shelf.fault = fault


def parse(content: bytes, *, key: str, made_at: float) -> Document:
    """Check the text of a file and take it apart at the top level.

    Raises:
        ValueError: it is not whole, or not an object with a collection under `key`.
    """
    content.decode()
    members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    members.pop("serverTime", None)
    texts = {name: bytes(text) for name, text in members.items()}
    data = texts.pop(key, None)
    if data is None or data[:1] != (b"{" if key == "prices" else b"["):
        message = f"there is no collection {key}"
        raise ValueError(message)
    digest = hashlib.blake2b(data, digest_size=9)
    for name, text in texts.items():
        digest.update(b"\0" + name.encode() + b"\0" + text)
    if EARLIER in texts and not 0 <= msgspec.json.decode(texts[EARLIER], type=int) <= _MOST_PAGES:
        message = f"{EARLIER} is no number of pages"
        raise ValueError(message)
    return Document(key=key, data=data, members=texts, version=digest.hexdigest(), made_at=made_at)
