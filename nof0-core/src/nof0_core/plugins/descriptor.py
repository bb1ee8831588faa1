"""Check that a kind is one: the schema must be usable before any section is read."""

from __future__ import annotations

import re
import typing
from typing import Any

import attrs

from nof0_core.plugins.families import Family
from nof0_core.plugins.kinds import ServiceKind

_TYPE = re.compile(r"[a-z0-9][a-z0-9_-]*")


def fault_of(kind: object, family: Family) -> str | None:
    """Return what is wrong with a kind as the end of a sentence about its plugin, None if nothing.

    The config class (and a backend's `params` class) must be a frozen, keyword-only attrs class
    without a field called `type`, every field typed, every default passing its own validator.
    """
    if not isinstance(kind, family.descriptor):
        wanted = family.descriptor.__name__
        return f"offers {kind!r} as {family.noun}, which is not a {wanted}"
    what = f'offers {family.noun} "{kind.type}"'
    if not _TYPE.fullmatch(str(kind.type)):
        return f"{what}, but a type is made of lower-case letters, digits, - and _"
    classes: dict[str, object] = {"config": kind.config}
    if isinstance(kind, ServiceKind) and kind.params is not None:
        classes["params"] = kind.params
    for role, schema in classes.items():
        fault = _schema_fault(schema)
        if fault:
            return f"{what}, but its {role} {fault}"
    return None


def _schema_fault(schema: object) -> str | None:
    if not (isinstance(schema, type) and attrs.has(schema)):
        return f"{schema!r} is not an attrs class"
    name = schema.__name__
    properties = attrs.inspect(schema)
    if not properties.is_frozen:
        return f"class {name} is not frozen: declare it with @attrs.frozen(kw_only=True)"
    try:
        hints = typing.get_type_hints(schema)
    except Exception as error:  # noqa: BLE001 - a plugin's annotations can raise anything
        return f"class {name} has annotations that cannot be read: {error}"
    for field in attrs.fields(schema):
        if fault := _field_fault(field, hints):
            return f"field {name}.{field.name} {fault}"
    return None


def _field_fault(field: attrs.Attribute[Any], hints: dict[str, Any]) -> str | None:
    if not field.init:
        return None
    if not field.kw_only:
        return "is positional: declare the class with @attrs.frozen(kw_only=True)"
    if field.name == "type":
        return 'has the reserved name "type", which names the kind in YAML'
    if field.type is None and field.name not in hints:
        return "has no type"
    return _default_fault(field)


def _default_fault(field: attrs.Attribute[Any]) -> str | None:
    default: Any = field.default
    if default is attrs.NOTHING or field.validator is None:
        return None
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # Factory is a class
        if default.takes_self:
            return None
        default = default.factory()
    try:
        field.validator(None, field, default)
    except AttributeError:
        # A validator that looks at the other fields can only run on a whole object.
        return None
    except (ValueError, TypeError) as error:
        return f"has a default that its own validator refuses: {error.args[0]}"
    return None
