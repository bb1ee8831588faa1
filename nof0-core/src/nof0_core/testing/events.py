"""One event of every kind there is, made from the declared types of their fields."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

from nof0_core.domain.event import BODIES, Body, Event, MarketSeen
from nof0_core.domain.instrument import Instrument
from nof0_core.ids import ENGINE, Symbol, TraderId
from nof0_core.market import record
from nof0_core.market.view import EncodedSeries, MarketView
from nof0_core.market.written_bars import WrittenBars
from nof0_core.testing import samples
from nof0_core.testing.environment import START

_SPECIAL: Mapping[Any, object] = {
    TraderId: samples.TRADER,
    Symbol: samples.BTC,
    # Its parts have to fit each other.
    Instrument: samples.instrument(),
}
_PLAIN: Mapping[Any, object] = {
    str: "sample",
    int: 1,
    float: 1.5,
    bool: True,
    Decimal: Decimal("1.5"),
    datetime: START,
    timedelta: timedelta(minutes=3),
    Any: None,
}


def sample_events(first: int = 1) -> tuple[Event, ...]:
    """Return two events of every kind, numbered from `first`, a second apart, oldest first.

    The first of a kind has all that may be there, the second only what must. What stands in them
    is of the declared types and means nothing: the parts do not belong to one story.
    """
    bodies: list[Body] = [
        _body(kind, is_full=is_full) for kind in BODIES.values() for is_full in (True, False)
    ]
    return tuple(
        Event(
            seq=first + place,
            time=START + timedelta(seconds=place),
            stream=getattr(body, "trader", None) or ENGINE,
            body=body,
        )
        for place, body in enumerate(bodies)
    )


def _body(kind: type[Any], *, is_full: bool) -> Any:
    if kind is MarketSeen:
        return _market()
    hints = typing.get_type_hints(kind)
    made = {}
    for field in attrs.fields(kind):
        # Listeners and exporters are given whole prompts.
        is_there = is_full and field.name != "texts_in"
        if field.init and (is_there or field.default is attrs.NOTHING):
            made[field.name] = _value(hints[field.name], is_full=is_full)
    return kind(**made)


def _market() -> MarketSeen:
    """Make what is recorded of a market that was not looked at before."""
    seen = samples.snapshot()
    series = [
        EncodedSeries(series=each, head=head, rows=rows, fresh_until=0)
        for each in seen.series.values()
        for head, rows in (record.encode_series(each),)
    ]
    view = MarketView(
        time=START, snapshots={seen.symbol: seen}, missing={}, series={seen.symbol: series}
    )
    return WrittenBars().prepare("sample", view, START)[0]


def _value(hint: Any, *, is_full: bool) -> Any:
    """Make a value of a declared type; the smallest there is, unless all is wanted."""
    if hint in _SPECIAL or hint in _PLAIN:
        return _SPECIAL.get(hint, _PLAIN.get(hint))
    if isinstance(hint, typing.NewType):
        return _value(hint.__supertype__, is_full=is_full)
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        chosen = [each for each in inner if each is not type(None)]
        return _value(chosen[0], is_full=is_full) if is_full or chosen == list(inner) else None
    if origin is Mapping:
        if hint == Mapping[str, Any]:
            return {}
        key, value = (_value(each, is_full=is_full) for each in inner)
        return {key: value} if is_full else {}
    if origin in (tuple, Sequence):
        return (_value(inner[0], is_full=is_full),) if is_full else ()
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    if attrs.has(hint):
        return _body(hint, is_full=is_full)
    message = f"there is no sample of a {hint}"
    raise TypeError(message)
