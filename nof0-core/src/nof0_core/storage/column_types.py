"""Columns that hold the same in PostgreSQL and in SQLite."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Dialect, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

SQLITE = "sqlite"


class Amount(TypeDecorator[Decimal]):
    """An exact decimal: `NUMERIC` without scale, in SQLite its digits as text."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of a dialect."""
        return dialect.type_descriptor(Text() if dialect.name == SQLITE else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Write a value."""
        if value is None or dialect.name != SQLITE:
            return value
        return format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Read a value."""
        return None if value is None else Decimal(value)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz`, in SQLite `YYYY-MM-DDTHH:MM:SS.ffffffZ`."""

    impl = TIMESTAMP
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of a dialect."""
        wanted: TypeEngine[Any] = Text() if dialect.name == SQLITE else TIMESTAMP(timezone=True)
        return dialect.type_descriptor(wanted)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write a value.

        Raises:
            ValueError: the moment has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"a moment without time zone: {value}"
            raise ValueError(message)
        value = value.astimezone(UTC)
        return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z" if dialect.name == SQLITE else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read a value."""
        if value is None:
            return None
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        return found.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A JSON value: `jsonb`, in SQLite text. Decimals in it are strings, None is no value."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of a dialect."""
        wanted: TypeEngine[Any] = Text() if dialect.name == SQLITE else JSONB(none_as_null=True)
        return dialect.type_descriptor(wanted)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Write a value."""
        return as_text(value) if value is not None and dialect.name == SQLITE else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read a value."""
        return msgspec.json.decode(value) if value is not None and dialect.name == SQLITE else value


def as_text(value: Any) -> str:
    """Write a JSON value without blanks."""
    return msgspec.json.encode(value).decode()
