"""Check what plugins offer: a schema must be usable before any section is read."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from typing import Any

import attrs

from nof0_core.plugins.companion import Companion
from nof0_core.plugins.families import Family
from nof0_core.plugins.field_types import ALLOWED, classes_in, spelled, unreadable
from nof0_core.plugins.kinds import BackendKind, ExchangeKind, PolicyKind, ServiceKind

_TYPE = re.compile(r"[a-z0-9][a-z0-9_-]*")
LIMITED = ("market", "exchange")
"""Families whose calls nof0 limits in time."""
_LONGEST = 120
"""Letters of a foreign value in a message."""
_FUNCTIONS = (
    *("timeout", "is_recorded", "foresee", "validate", "check_online"),
    *("check_model", "check_trader", "opens_backends", "caveat", "address"),
    *("taker_fee_bps", "initial_balance_usd"),
    *("stake", "account"),
)
"""Fields of kinds that are functions where they are not None."""


@attrs.frozen
class Fault:
    """One thing wrong: `what` is the end of a sentence about the plugin, `hint` may be empty."""

    what: str
    hint: str = ""


def faults_of(kind: object, family: Family) -> tuple[Fault, ...]:
    """Return all that is wrong with a kind.

    Its config class (and a backend's `params` class) must be a frozen, keyword-only attrs class
    without a field called `type`, every field of a type the configuration can read, every default
    passing its own validator.
    """
    if not isinstance(kind, ServiceKind | PolicyKind):
        wanted = with_article(family.descriptor.__name__)
        return (Fault(f"offers {shown(kind)} as {family.noun}, which is not {wanted}"),)
    what = f'offers {family.noun} "{kind.type}"'
    if not _fits(kind, family):
        name, wanted = type(kind).__name__, with_article(family.descriptor.__name__)
        hint = f"from nof0_core import {family.descriptor.__name__}"
        return (Fault(f"{what} as {with_article(name)}, which is not {wanted}", hint),)
    if not _TYPE.fullmatch(str(kind.type)):
        return (Fault(f"{what}, but a type is made of lower-case letters, digits, - and _"),)
    faults = [Fault(f"{what}, but {fault}") for fault in _unfinished(kind)]
    if isinstance(kind, ServiceKind) and kind.timeout and family.name not in LIMITED:
        faults.append(Fault(f"{what} with a timeout, which only markets and exchanges have"))
    if isinstance(kind, ServiceKind) and kind.is_recorded and family.name != "market":
        faults.append(Fault(f"{what} with is_recorded, which only markets have"))
    if isinstance(kind, ServiceKind) and kind.foresee and family.name != "market":
        faults.append(Fault(f"{what} with foresee, which only markets have"))
    if isinstance(kind, PolicyKind):
        faults += [Fault(f"{what}, but {fault}") for fault in _asked_in_vain(kind, family)]
    classes: dict[str, object] = {"config": kind.config}
    if isinstance(kind, BackendKind) and kind.params is not None:
        classes["params"] = kind.params
    for role, schema in classes.items():
        faults += [
            Fault(f"{what}, but its {role} {fault.what}", fault.hint)
            for fault in _schema_faults(schema, set())
        ]
    return tuple(faults)


def companion_faults(one: object) -> tuple[Fault, ...]:
    """Return all that is wrong with what should run beside the engine."""
    if not isinstance(one, Companion):
        return (Fault(f"offers {shown(one)} as companion, which is not a Companion"),)
    what = f'offers companion "{one.name}"'
    if not _TYPE.fullmatch(str(one.name)):
        return (Fault(f"{what}, but a name is made of lower-case letters, digits, - and _"),)
    return tuple(Fault(f"{what}, but {fault}") for fault in _unfinished(one))


def shown(value: object) -> str:
    """Write a plugin's value for a message, cut to a readable length."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001 - a plugin's own repr can raise anything
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def with_article(name: str) -> str:
    """Write `a` or `an` before a word."""
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _fits(kind: ServiceKind[Any, Any] | PolicyKind[Any, Any], family: Family) -> bool:
    is_narrow = isinstance(kind, BackendKind | ExchangeKind)
    is_wanted = issubclass(family.descriptor, BackendKind | ExchangeKind)
    return isinstance(kind, family.descriptor) and is_narrow == is_wanted


def _unfinished(offer: ServiceKind[Any, Any] | PolicyKind[Any, Any] | Companion) -> Iterator[str]:
    summary: object = offer.summary
    if not isinstance(summary, str) or "\n" in summary:
        yield f"its summary is not one line of text: {shown(summary)}"
    name = "build" if isinstance(offer, PolicyKind) else "open"
    if not callable(getattr(offer, name)):
        yield f"its {name} is not a function: {shown(getattr(offer, name))}"
    for name in _FUNCTIONS:
        asked: object = getattr(offer, name, None)
        if asked is not None and not callable(asked):
            yield f"its {name} is not a function: {shown(asked)}"


def _asked_in_vain(kind: PolicyKind[Any, Any], family: Family) -> Iterator[str]:
    for name in ("needs_order_books", "sees_venue_account"):
        asked: object = getattr(kind, name)
        if not isinstance(asked, bool):
            yield f"its {name} is neither True nor False: {shown(asked)}"
        elif asked and family.name != "risk":
            yield f"it has {name}, which only risk checks have"


def _schema_faults(schema: object, seen: set[type[Any]]) -> Iterator[Fault]:
    if not (isinstance(schema, type) and attrs.has(schema)):
        yield Fault(f"{shown(schema)} is not an attrs class")
        return
    name = schema.__name__
    if not attrs.inspect(schema).is_frozen:
        yield Fault(f"class {name} is not frozen: declare it with @attrs.frozen(kw_only=True)")
        return
    for field in attrs.fields(schema):
        if field.init and not field.kw_only:
            what = "is positional: declare the class with @attrs.frozen(kw_only=True)"
            yield Fault(f"field {name}.{field.name} {what}")
        if field.init and field.name == "type":
            what = 'has the reserved name "type", which names the kind in YAML'
            yield Fault(f"field {name}.type {what}")
    yield from _field_faults(schema, seen)


def _field_faults(schema: type[Any], seen: set[type[Any]]) -> Iterator[Fault]:
    """Yield what is wrong with types and defaults, also of the classes in fields."""
    seen.add(schema)
    name = schema.__name__
    try:
        hints = typing.get_type_hints(schema)
    except Exception as error:  # noqa: BLE001 - a plugin's annotations can raise anything
        yield Fault(f"class {name} has annotations that cannot be read: {error}")
        return
    for field in attrs.fields(schema):
        if not field.init:
            continue
        where = f"field {name}.{field.name}"
        if field.name not in hints:
            yield Fault(f"{where} has no type", f"types: {ALLOWED}")
            continue
        type_ = hints[field.name]
        for part in unreadable(type_):
            inner = "" if part is type_ else f" in {spelled(type_)}"
            what = f"has a type the configuration cannot read: {spelled(part)}{inner}"
            yield Fault(f"{where} {what}", f"types: {ALLOWED}")
        fault = _default_fault(field)
        if fault:
            yield Fault(f"{where} {fault}")
        for cls in classes_in(type_):
            if cls not in seen:
                yield from _field_faults(cls, seen)


def _default_fault(field: attrs.Attribute[Any]) -> str | None:
    default: Any = field.default
    if default is attrs.NOTHING or field.validator is None:
        return None
    try:
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # Factory is a class
            if default.takes_self:
                return None
            default = default.factory()
        field.validator(None, field, default)
    except AttributeError:
        # A validator that looks at the other fields can only run on a whole object.
        return None
    except (ValueError, TypeError) as error:
        said = error.args[0] if error.args else type(error).__name__
        return f"has a default that its own validator refuses: {said}"
    return None
