"""Events and pictures of an exporter's own: what it does to them, nobody else notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import anyio.lowlevel
import attrs

from nof0_core.domain.event import Event
from nof0_core.domain.view import TraderView, View
from nof0_core.ids import TraderId
from nof0_core.journal.codec import copied

_PLAIN = frozenset({str, int, float, bool, Decimal, datetime, type(None)})
AT_ONCE = 200
"""So many records are copied before others have a turn."""


class Copies:
    """Copies for one exporter. What grows for as long as a run is copied once, not every time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[TraderId, str], _Kept] = {}

    async def events(self, events: Sequence[Event]) -> list[Event]:
        """Return equal events that share nothing with the others'."""
        made = []
        for number, event in enumerate(events, start=1):
            made.append(
                Event(seq=event.seq, time=event.time, stream=event.stream, body=copied(event.body))
            )
            if number % AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
        return made

    async def view(self, view: View) -> View:
        """Return an equal picture that shares nothing with the others'."""
        traders = [await self._trader(trader) for trader in view.traders]
        made: View = copy_of(attrs.evolve(view, traders=()))
        return attrs.evolve(made, traders=tuple(traders))

    async def _trader(self, trader: TraderView) -> TraderView:
        trades, curve = [
            await self._kept.setdefault((trader.trader, name), _Kept()).copies(items)
            for name, items in (("trades", trader.trades), ("curve", trader.equity_curve))
        ]
        made: TraderView = copy_of(attrs.evolve(trader, trades=(), equity_curve=()))
        await anyio.lowlevel.checkpoint()
        return attrs.evolve(made, trades=trades, equity_curve=curve)


class _Kept:
    """Copies of a sequence to which entries are added, or whose newest are replaced."""

    def __init__(self) -> None:
        self._copied: list[Any] = []
        self._copies: list[Any] = []
        self._of: Sequence[Any] = ()
        self._made: tuple[Any, ...] = ()

    async def copies(self, items: Sequence[Any]) -> tuple[Any, ...]:
        if items is self._of:
            return self._made
        same = min(len(items), len(self._copied))
        while same and self._copied[same - 1] is not items[same - 1]:
            same -= 1
        del self._copied[same:], self._copies[same:]
        for number, item in enumerate(items[same:], start=1):
            self._copied.append(item)
            self._copies.append(copy_of(item))
            if number % AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
        self._of, self._made = items, tuple(self._copies)
        return self._made


def copy_of(value: Any) -> Any:
    """Copy records, tuples, lists and mappings as deep as they go; the rest cannot be changed."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple:
        return tuple([copy_of(item) for item in value])
    if kind is list:
        return [copy_of(item) for item in value]
    if isinstance(value, Mapping):
        return {copy_of(key): copy_of(item) for key, item in value.items()}
    names = _fields_of(kind)
    if names is None or isinstance(value, Enum):
        return value
    made = object.__new__(kind)
    for name in names:
        object.__setattr__(made, name, copy_of(getattr(value, name)))
    return made


_FIELDS: dict[type[Any], tuple[str, ...] | None] = {}


def _fields_of(kind: type[Any]) -> tuple[str, ...] | None:
    if kind not in _FIELDS:
        is_record = attrs.has(kind)
        _FIELDS[kind] = tuple(f.name for f in attrs.fields(kind)) if is_record else None
    return _FIELDS[kind]
