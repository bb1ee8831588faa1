"""A paper account as lines of its file: one for the state, one for each thing remembered.

The first line has everything but orders that ended, executions and funding payments; it tells how
many of them are forgotten and how many rows follow it. The last line has the SHA-256 of the lines
before it. A new account has no state: its first line is all.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from nof0_core.errors import ProviderError
from nof0_core.money import plain
from nof0_provider_sim.exchange.parts import Part
from nof0_provider_sim.exchange.rows import Memory, line_of, value_of
from nof0_provider_sim.exchange.state import VenueState

_VERSION = 3
_AT_ONCE = 1000
"""How many rows make a piece."""


def first_line(initial: Decimal, snapshot: dict[str, Any] | None = None) -> bytes:
    """Return the first line of an account's file, with its end; of a new one without a snapshot."""
    head = {"paper_account": _VERSION, "initial_balance_usd": plain(initial), "snapshot": snapshot}
    return line_of(head) + b"\n"


def pieces(state: VenueState) -> Iterator[bytes]:
    """Iterate over the file of an account as it is now, in pieces of whole lines."""
    memories = state.memories()
    remembered = {
        name: {"forgotten": memory.gone, "rows": len(memory)} for name, memory in memories.items()
    }
    first = first_line(state.account.initial, state.dump() | {"remembered": remembered})
    digest = sha256(first)
    yield first
    for memory in memories.values():
        rows = memory.rows()
        while some := list(islice(rows, _AT_ONCE)):
            piece = b"\n".join(some) + b"\n"
            digest.update(piece)
            yield piece
    yield line_of({"sha256": digest.hexdigest()}) + b"\n"


class Restoring:
    """An account that is read line by line, the first of its file and the rows after it."""

    def __init__(self, initial: Decimal) -> None:
        self.state = VenueState(initial)
        self._awaited: list[Memory] = []
        # Of the last awaited one, how many rows are still to come.
        self._rows = 0
        self._digest = sha256()
        self._has_begun = False
        self.is_complete = False

    def take(self, line: bytes, path: Path) -> None:
        """Take the next line of `path`, as long as the snapshot is not complete.

        Raises:
            ProviderError: it is of another version or another account.
            ValueError: it is not the line that is expected here; says which key.
        """
        bare = line[:-1]
        value = value_of(bare)
        if self._rows:
            self._awaited[-1].restore(bare, Part(value, "row"))
            self._rows -= 1
            if not self._rows:
                self._awaited.pop()
                self._next()
        elif self._has_begun:
            self._end(Part(value, "end"))
        else:
            self._begin(Part(value, "head"), f"{path}:1")
        self._digest.update(line)

    def _begin(self, head: Part, where: str) -> None:
        """Take the first line.

        Raises:
            ProviderError: it is of another version or another account.
            ValueError: it is no first line; says which key.
        """
        version = head.maybe(head.whole, "paper_account")
        if version != _VERSION:
            msg = f"{where}: written by another version of the paper exchange ({version})"
            raise ProviderError(
                msg,
                hints=("use that version, or move the file away to start a new account",),
            )
        opened_with, initial = head.amount("initial_balance_usd"), self.state.account.initial
        if opened_with != initial:
            msg = (
                f"{where}: the account was opened with {plain(opened_with)} USD, "
                f"but initial_balance_usd is {plain(initial)}"
            )
            raise ProviderError(
                msg,
                hints=("set it back, or move the file away to start a new account",),
            )
        snapshot = head.maybe(head.part, "snapshot")
        if snapshot is None:
            self.is_complete = True
            return
        self.state.restore(snapshot)
        remembered = snapshot.part("remembered")
        for name, memory in self.state.memories().items():
            counts = remembered.part(name)
            memory.expect(gone=counts.whole("forgotten"), kept=counts.whole("rows"))
        self._awaited = list(self.state.memories().values())[::-1]
        self._has_begun = True
        self._next()

    def _next(self) -> None:
        """Go on to the next of which there are rows."""
        while self._awaited and not self._awaited[-1].expected:
            self._awaited.pop()
        self._rows = self._awaited[-1].expected if self._awaited else 0

    def _end(self, end: Part) -> None:
        if end.text("sha256") != self._digest.hexdigest():
            msg = "the lines before this one are not as they were written: sha256 differs"
            raise ValueError(msg)
        self.state.check_restored()
        self.is_complete = True
