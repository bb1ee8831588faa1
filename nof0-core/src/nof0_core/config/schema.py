"""The schema of a kind in words, for `nof0 describe` and the generated reference."""

from __future__ import annotations

import typing
from typing import Any

import attrs

from nof0_core.config.fields import info_of, key_of, written
from nof0_core.plugins.env import MarketRef
from nof0_core.plugins.field_types import SIMPLE, Shape, inside, shape_of
from nof0_core.plugins.kinds import PolicyKind, ServiceKind


@attrs.frozen(kw_only=True)
class FieldSchema:
    """One key of a section.

    `type` and `default` are written for people; `default` is None where the key is required and
    empty where there is simply nothing. `fields` are those of a nested mapping.
    """

    key: str
    type: str
    default: str | None
    unit: str = ""
    range: str = ""
    help: str = ""
    is_secret: bool = False
    fields: tuple[FieldSchema, ...] = ()


def schema_of(kind: ServiceKind[Any, Any] | PolicyKind[Any, Any]) -> tuple[FieldSchema, ...]:
    """Describe the keys of a section of a kind, in the order they are declared."""
    return fields_of(kind.config)


def fields_of(cls: type[Any]) -> tuple[FieldSchema, ...]:
    """Describe the keys of a configuration class, in the order they are declared."""
    hints = typing.get_type_hints(cls)
    return tuple(_field(field, hints[field.name]) for field in attrs.fields(cls) if field.init)


def _field(field: attrs.Attribute[Any], type_: Any) -> FieldSchema:
    info = info_of(field)
    nested = next((t for t in (type_, *typing.get_args(type_)) if attrs.has(t)), None)
    return FieldSchema(
        key=key_of(field),
        type=_word(type_),
        default=_default(field, is_nested=nested is not None),
        unit=info.unit,
        range=info.range,
        help=info.help,
        is_secret=info.secret,
        fields=fields_of(nested) if nested is not None else (),
    )


def _default(field: attrs.Attribute[Any], *, is_nested: bool) -> str | None:
    value: Any = field.default
    if value is attrs.NOTHING:
        return None
    if isinstance(value, attrs.Factory):  # type: ignore[arg-type]  # Factory is a class
        value = None if is_nested or value.takes_self else value.factory()
    if value is None or value in ("", (), [], {}):
        return ""
    return written(value).strip('"')


def _word(type_: Any) -> str:
    if type_ is MarketRef:
        return "market section"
    arguments = inside(type_)
    match shape_of(type_):
        case Shape.SIMPLE:
            return SIMPLE[type_]
        case Shape.ALIAS:
            return _word(arguments[0]) if type_.__name__ != "Raw" else "section"
        case Shape.UNION:
            return " or ".join(dict.fromkeys(map(_word, arguments)))
        case Shape.LITERAL | Shape.ENUM:
            return "one of " + ", ".join(_choices(type_))
        case Shape.CLASS | Shape.MAPPING:
            return "mapping"
        case Shape.SEQUENCE:
            return f"list of {_word(arguments[0])}" if arguments else "list"
    return "any value"


def _choices(type_: Any) -> list[str]:
    if shape_of(type_) is Shape.LITERAL:
        return [str(choice) for choice in typing.get_args(type_)]
    return [str(member.value) for member in type_]
