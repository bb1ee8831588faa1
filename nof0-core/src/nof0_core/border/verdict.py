"""Is what a check said a verdict that can be acted on and written down?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import attrs

from nof0_core.border.values import number, shown, text
from nof0_core.domain.decision import Verdict, VerdictKind

_CODE = text(most=200)
_MESSAGE = text(most=10_000)
_NUMBER = number()
_LEVERAGE = 1000
_NUMBERS = 100
"""Figures a check of a plugin may compare."""


def validated(said: object, check: str) -> Verdict:
    """Return what the check of type `check` said, in that check's name.

    Only a `VerdictKind` counts as a kind and only a shrink names a size or a leverage: a word that
    is nearly a veto must not pass for none.

    Raises:
        TypeError: for anything but a verdict with values of the declared types.
        ValueError: a number is not finite or below its least, or a shrink and its numbers do not
            belong together.
    """
    if type(said) is not Verdict:
        message = f"a check returns a Verdict, got {type(said).__name__}"
        raise TypeError(message)
    if type(said.kind) is not VerdictKind:
        message = f"the kind of a verdict is a VerdictKind, got {shown(said.kind)}"
        raise TypeError(message)
    _judge_texts(said)
    _judge_numbers(said.numbers)
    _judge_shrink(said)
    return said if said.check == check else attrs.evolve(said, check=check)


def kept(said: Verdict, redact: Callable[[str], str]) -> Verdict:
    """Return a plugin's verdict that is `validated` as it may be written down: without secrets.

    Raises:
        ValueError: a text or a number is longer than anybody reads, or cannot be written.
    """
    numbers = dict(said.numbers)
    if len(numbers) > _NUMBERS:
        message = f"a verdict has at most {_NUMBERS} numbers, got {len(numbers)}"
        raise ValueError(message)
    parts = [("code", _CODE(said.code)), ("message", _MESSAGE(said.message))]
    parts += [("name of a number", _CODE(name)) for name in numbers]
    parts += [(f"number {shown(name)}", _NUMBER(value)) for name, value in numbers.items()]
    if said.size_usd is not None:
        parts.append(("size", _NUMBER(said.size_usd)))
    if said.leverage is not None and said.leverage > _LEVERAGE:
        parts.append(("leverage", f"is {shown(said.leverage)}, above {_LEVERAGE}"))
    for what, wrong in parts:
        if wrong:
            message = f"the {what} of a verdict {wrong}"
            raise ValueError(message)
    return attrs.evolve(
        said,
        code=redact(said.code),
        message=redact(said.message),
        numbers={redact(name): value for name, value in numbers.items()},
    )


def _judge_texts(said: Verdict) -> None:
    for name in ("code", "message"):
        value: object = getattr(said, name)
        if type(value) is not str:
            message = f"the {name} of a verdict is a str, got {shown(value)}"
            raise TypeError(message)


def _judge_numbers(numbers: object) -> None:
    if not isinstance(numbers, Mapping):
        message = f"the numbers of a verdict are a mapping, got {shown(numbers)}"
        raise TypeError(message)
    for name, value in numbers.items():
        if type(name) is not str or type(value) is not Decimal:
            pair = f"{shown(name)}: {shown(value)}"
            message = f"the numbers of a verdict are Decimals with names, got {pair}"
            raise TypeError(message)
        if not value.is_finite():
            message = f"the number {shown(name)} of a verdict is {value}"
            raise ValueError(message)


def _judge_shrink(said: Verdict) -> None:
    size: object = said.size_usd
    leverage: object = said.leverage
    is_shrink = said.kind is VerdictKind.SHRINK
    if is_shrink is (size is None and leverage is None):
        message = f"a shrink, and nothing else, names a size or a leverage; this is a {said.kind}"
        raise ValueError(message)
    # A subclass could lie when it is compared with what is allowed.
    if size is not None and type(size) is not Decimal:
        message = f"a check shrinks to a Decimal of USD, got {shown(size)}"
        raise TypeError(message)
    if isinstance(size, Decimal) and (not size.is_finite() or size < 0):
        message = f"a check shrank to {shown(size)} USD"
        raise ValueError(message)
    if leverage is not None and type(leverage) is not int:
        message = f"a check lowers leverage to a whole number, got {shown(leverage)}"
        raise TypeError(message)
    if isinstance(leverage, int) and leverage < 1:
        message = f"a check lowered leverage to {shown(leverage)}"
        raise ValueError(message)
