"""Declare the fields of a configuration class.

`opt` is `attrs.field` with the things a configuration needs: a help text and unit for
`nof0 describe`, bounds that are checked with the key's own place in the file, and secrecy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from pathlib import Path

    Bound = int | float | Decimal | timedelta

METADATA = "nof0"
"""Key under which `opt` keeps a `FieldInfo` in the metadata of an attrs field."""

_DURATION_UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "m"),
    (timedelta(seconds=1), "s"),
    (timedelta(milliseconds=1), "ms"),
)


def written(value: object) -> str:
    """Write a value the way it stands in a configuration file: `8s`, `true`, `"text"`, `4.5`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        for unit, name in _DURATION_UNITS if value else ():
            if not value % unit:
                return f"{value // unit}{name}"
        return f"{value.total_seconds():g}s"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return "[" + ", ".join(written(item).strip('"') for item in value) + "]"
    return str(value)


@attrs.frozen(kw_only=True)
class FieldInfo:
    """What `opt` was told beside type and default.

    `key` is the word in the file where it differs from the field's name. `shaping` tells that a run
    depends on the value, which is then part of the configuration's digest. Bounds are inclusive
    (`ge`, `le`) or exclusive (`gt`, `lt`). Calling it as an attrs validator raises `ValueError`
    with a message that names the bound and, unless the field is secret, the value. `check` raises
    `ValueError` for what no bound says; its message does not name the field, nor a secret.
    """

    help: str = ""
    unit: str = ""
    ge: Bound | None = None
    gt: Bound | None = None
    le: Bound | None = None
    lt: Bound | None = None
    one_of: tuple[object, ...] = ()
    secret: bool = False
    key: str | None = None
    shaping: bool = True
    check: Callable[[Any], object] | None = None

    def __call__(self, _instance: object, _attribute: object, value: Any) -> None:
        """Check a value; None always passes."""
        if value is None:
            return
        wanted = self._violated(value)
        if wanted:
            message = f"must be {wanted}" + ("" if self.secret else f", got {written(value)}")
            raise ValueError(message)
        if self.check is not None:
            self.check(value)

    def _violated(self, value: Any) -> str:
        if self.ge is not None and not value >= self.ge:
            return f">= {written(self.ge)}"
        if self.gt is not None and not value > self.gt:
            return f"> {written(self.gt)}"
        if self.le is not None and not value <= self.le:
            return f"<= {written(self.le)}"
        if self.lt is not None and not value < self.lt:
            return f"< {written(self.lt)}"
        if self.one_of and value not in self.one_of:
            return self._choices
        return ""

    @property
    def range(self) -> str:
        """Describe the bounds, as in `>= 0, < 100`; empty without bounds."""
        bounds = ((">=", self.ge), (">", self.gt), ("<=", self.le), ("<", self.lt))
        parts = [f"{sign} {written(bound)}" for sign, bound in bounds if bound is not None]
        if self.one_of:
            parts.append(self._choices)
        return ", ".join(parts)

    @property
    def _choices(self) -> str:
        # An empty word means "not set", which nobody has to write.
        return "one of " + ", ".join(written(c).strip('"') for c in self.one_of if c != "")


def opt(
    *,
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
    help: str = "",  # noqa: A002 - the word every command-line library uses for this
    unit: str = "",
    ge: Bound | None = None,
    gt: Bound | None = None,
    le: Bound | None = None,
    lt: Bound | None = None,
    one_of: Collection[object] = (),
    secret: bool = False,
    key: str | None = None,
    shaping: bool = True,
    check: Callable[[Any], object] | None = None,
) -> Any:
    """Declare one field of a configuration class.

    Without `default` or `factory` the key is required. A key whose value is empty counts as not
    written. A secret's value is left out of `repr`, of every message and of the digest.

    Args:
        default: value if the key is not written.
        factory: makes that value, for anything mutable.
        help: what it means, in a few words, for `nof0 describe`.
        unit: unit of the number, for `nof0 describe` (`bps`, `USD`, `%`).
        ge: smallest allowed value.
        gt: the value must be above this.
        le: largest allowed value.
        lt: the value must be below this.
        one_of: the only allowed values.
        secret: never show the value.
        key: the word in the file, if it is not the field's name.
        shaping: False if runs with different values must come out the same.
        check: raises `ValueError` for a value it refuses: a sentence without the field's name,
            which is put in front with file and line, and without the value of a secret.
    """
    info = FieldInfo(
        help=help,
        unit=unit,
        ge=ge,
        gt=gt,
        le=le,
        lt=lt,
        one_of=tuple(one_of),
        secret=secret,
        key=key,
        shaping=shaping,
        check=check,
    )
    return attrs.field(
        default=attrs.Factory(factory) if factory is not None else default,
        validator=info if info.range or info.check else None,
        repr=not secret,
        metadata={METADATA: info},
    )


def info_of(field: attrs.Attribute[Any]) -> FieldInfo:
    """Return what `opt` was told about a field; an empty `FieldInfo` for a plain attrs field."""
    info = field.metadata.get(METADATA)
    return info if isinstance(info, FieldInfo) else FieldInfo()


def key_of(field: attrs.Attribute[Any]) -> str:
    """Return the word that stands for a field in a file."""
    return info_of(field).key or field.name


def filled(config: Any, **values: Path | str | int) -> Any:
    """Return a config with those of its empty (None or "") fields set that it has and are named."""
    names = {field.name for field in attrs.fields(type(config))}
    changes = {
        name: value
        for name, value in values.items()
        if name in names and getattr(config, name) in (None, "")
    }
    return attrs.evolve(config, **changes) if changes else config
