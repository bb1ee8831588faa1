"""What a plugin may return or raise instead of what it promised.

A fault is written `VERB:HOW`, such as `quotes:nan`; it begins with the `AFTER`th call of the verb.
"""

from __future__ import annotations

import asyncio  # noqa: TID251 - what a library that cancels itself raises
import os
import types
from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal

import attrs
import numpy as np

AFTER = 3
LEFT = 77
"""What a process ends with that a fault ends."""
STRUCK = set()
"""Faults that have begun in this process."""


class OwnDecimal(Decimal):
    """A number of somebody else's class, which is no number at all."""

    def __lt__(self, other):
        raise RuntimeError("not to be compared")

    __gt__ = __le__ = __ge__ = __lt__


class OwnStr(str):
    """A text of somebody else's class."""

    __slots__ = ()

    def __hash__(self):
        raise RuntimeError("not to be hashed")


class OwnZone(tzinfo):
    """A zone that fails whoever asks it."""

    def utcoffset(self, _):
        raise RuntimeError("nowhere")


class Hostile:
    """An object each method of which fails."""

    def __eq__(self, _):
        raise RuntimeError("not to be compared")

    __hash__ = None

    def __iter__(self):
        raise RuntimeError("not to be read")

    __len__ = __bool__ = __repr__ = __str__ = __iter__

    def __getattr__(self, name):
        raise RuntimeError(name)


class Odd(BaseException):
    """What nobody derives from `Exception`."""


@types.coroutine
def _later():
    # Unlike that of `async def`, Python does not complain when nobody waits for it.
    yield


RAISED = {
    "error": lambda: RuntimeError("out of order"),
    "exit": lambda: SystemExit(3),
    "cancel": lambda: asyncio.CancelledError("by itself"),
    "group": lambda: ExceptionGroup("two", [KeyError("a"), ValueError("b")]),
    "groups": lambda: BaseExceptionGroup("two", [SystemExit(3), ValueError("b")]),
    "odd": lambda: Odd("odd"),
    "stop": lambda: StopIteration(1),
    "timeout": lambda: TimeoutError("own"),
    "memory": MemoryError,
    "recursion": lambda: RecursionError("too deep"),
}
ANSWERED = {
    "none": lambda _: None,
    "text": lambda _: "nothing",
    "bytes": lambda _: b"nothing",
    "number": lambda _: 7,
    "floating": lambda _: float("nan"),
    "object": lambda _: object(),
    "hostile": lambda _: Hostile(),
    "class": lambda _: type("Own", (), {}),
    "generator": lambda answer: (row for row in [answer]),
    "awaitable": lambda _: _later(),
    "nested": lambda answer: [[answer]],
    "rows": lambda _: [None] * 200_000,
    "rows_of_it": lambda answer: list(answer) * 30_000 if _has_rows(answer) else [answer] * 200_000,
}
CHANGED = {
    "nan": (Decimal, lambda _: Decimal("NaN")),
    "snan": (Decimal, lambda _: Decimal("sNaN")),
    "inf": (Decimal, lambda _: Decimal("-Infinity")),
    "float": (Decimal, float),
    "int": (Decimal, int),
    "str": (Decimal, str),
    "own": (Decimal, OwnDecimal),
    "neg": (Decimal, lambda value: -value - 1),
    "digits": (Decimal, lambda value: value + Decimal("0." + "1" * 70)),
    "huge": (Decimal, lambda _: Decimal("1E+400000")),
    "tiny": (Decimal, lambda _: Decimal("1E-400000")),
    "naive": (datetime, lambda value: value.replace(tzinfo=None)),
    "nowhere": (datetime, lambda value: value.replace(tzinfo=OwnZone())),
    "future": (datetime, lambda value: value.replace(year=9000)),
    "past": (datetime, lambda value: value.replace(year=2)),
    "date": (datetime, lambda value: value.date()),
    "stamp": (datetime, lambda value: value.timestamp()),
    "ids": (str, lambda _: 7),
    "empty": (str, lambda _: ""),
    "long": (str, lambda _: "x" * 10_000_000),
    "zero": (str, lambda value: value + "\0"),
    "half": (str, lambda value: value + "\ud800"),
    "lines": (str, lambda value: value + "\nERROR all is lost\x1b[2J"),
    "own_str": (str, OwnStr),
    "flags": (bool, lambda _: None),
    "array": (np.ndarray, lambda value: value.tolist()),
    "nans": (np.ndarray, lambda value: value * np.nan),
    "objects": (np.ndarray, lambda value: value.astype(object)),
    "short": (np.ndarray, lambda value: value[:-1]),
    "mutated": (object, lambda value: value),
}


def _has_rows(answer):
    return isinstance(answer, list | tuple) and bool(answer)


def spoilt(answer, how):
    """Return a copy of an answer in which every value of one type is another."""
    kind, change = CHANGED[how]

    def walk(value):
        if attrs.has(type(value)):
            copy = object.__new__(type(value))
            for field in attrs.fields(type(value)):
                object.__setattr__(copy, field.name, walk(getattr(value, field.name)))
            return copy
        if isinstance(value, Mapping):
            return {key: walk(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(walk(each) for each in value)
        return change(value) if type(value) is kind or issubclass(type(value), kind) else value

    return walk(answer)


@attrs.define
class Fault:
    """Faults, each beginning with a call of its verb, with `+` between them; "" is none."""

    text: str
    calls: int = 0

    def of(self, verb):
        """Count a call; say how it goes wrong, "" if it does not."""
        found = [each for each in self.text.split("+") if each.partition(":")[0] == verb]
        if not found:
            return ""
        self.calls += 1
        if self.calls < AFTER and verb not in ONCE:
            return ""
        STRUCK.add(found[0])
        return found[0].partition(":")[2]

    def raise_for(self, verb, how):
        """Raise, if that is how it goes wrong."""
        if how == "leave":
            os._exit(LEFT)
        if how in RAISED:
            raise RAISED[how]()  # noqa: RSE102 - it makes one

    def answer(self, how, good):
        """Return what is answered instead of a good answer."""
        if how in ANSWERED:
            return ANSWERED[how](good)
        return spoilt(good, how) if how in CHANGED else good

    async def over(self, verb, ask):
        """Do a call with the fault, if it is its turn."""
        how = self.of(verb)
        self.raise_for(verb, how)
        return self.answer(how, await ask())


ONCE = frozenset(
    {"open", "close", "yield", "instruments", "cursor", "export", "allocate", "order"}
    | {"health", "task", "alert"}
)
"""Verbs that are not called often: their fault begins at once."""
EVERY = (*RAISED, *ANSWERED, *CHANGED)
"""How any verb may go wrong."""
PARTS = ("market", "exchange", "model", "exporter")
"""Families whose services may have background tasks, tell something, and say how they are."""
