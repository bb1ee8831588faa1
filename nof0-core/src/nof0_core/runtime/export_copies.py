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
from nof0_core.journal.codec import copied
from nof0_core.state.packed import PackedView

_PLAIN = frozenset({str, int, float, bool, Decimal, datetime, type(None)})
AT_ONCE = 200
"""So many records are copied before others have a turn."""


class Copies:
    """Copies for one exporter."""

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
        # Histories make each entry anew for who looks at it: there is nothing to share.
        made: TraderView = copy_of(attrs.evolve(trader, trades=(), equity_curve=()))
        await anyio.lowlevel.checkpoint()
        return attrs.evolve(
            made, trades=_history(trader.trades), equity_curve=_history(trader.equity_curve)
        )


def _history(items: Sequence[Any]) -> Sequence[Any]:
    return items if isinstance(items, PackedView) else tuple([copy_of(item) for item in items])


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
