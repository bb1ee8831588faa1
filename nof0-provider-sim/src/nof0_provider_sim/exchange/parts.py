"""Reading a snapshot key by key: what is missing or of another kind is named by its path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Part:
    """An object of JSON. Every reader raises `ValueError`, in words that begin with the path."""

    def __init__(self, value: Any, path: str) -> None:
        self._path = path
        if not isinstance(value, dict):
            msg = f"{path} is not an object"
            raise ValueError(msg)  # noqa: TRY004 - what is wrong is the file, not the program
        self._values: dict[str, Any] = value

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys as they stand there."""
        return iter(self._values)

    def text(self, key: str) -> str:
        """Return a text."""
        value = self._value(key)
        return value if isinstance(value, str) else self._wrong(key, "a text")

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._value(key)
        return value if isinstance(value, bool) else self._wrong(key, "true or false")

    def whole(self, key: str) -> int:
        """Return a whole number that is not negative."""
        value = self._value(key)
        if type(value) is not int or value < 0:
            self._wrong(key, "a whole number")
        return value

    def wholes(self, key: str) -> list[int]:
        """Return a list of whole numbers, each larger than the one before."""
        values = self._value(key)
        if not isinstance(values, list) or any(type(value) is not int for value in values):
            self._wrong(key, "a list of whole numbers")
        return values if values == sorted(set(values)) else self._wrong(key, "in rising order")

    def amount(self, key: str) -> Decimal:
        """Return a number that was written as text, digit for digit."""
        value = self._value(key)
        try:
            found = Decimal(value) if isinstance(value, str) else None
        except InvalidOperation:
            found = None
        if found is None or not found.is_finite():
            self._wrong(key, "a number written as text")
        return found

    def choice(self, key: str, kind: type[E]) -> E:
        """Return one of the words of an enumeration."""
        try:
            return kind(self._value(key))
        except ValueError:
            self._wrong(key, f"one of {', '.join(kind)}")

    def maybe(self, read: Callable[[str], T], key: str) -> T | None:
        """Return what one of the readers above finds, None for null."""
        return None if self._value(key) is None else read(key)

    def part(self, key: str) -> Part:
        """Return an object inside this one."""
        return Part(self._value(key), f"{self._path}.{key}")

    def parts(self, key: str) -> list[Part]:
        """Return a list of objects."""
        values = self._value(key)
        if not isinstance(values, list):
            self._wrong(key, "a list")
        return [Part(value, f"{self._path}.{key}[{at}]") for at, value in enumerate(values)]

    def _value(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            msg = f"{self._path}.{key} is missing"
            raise ValueError(msg) from None

    def _wrong(self, key: str, expected: str) -> NoReturn:
        msg = f"{self._path}.{key} is not {expected}"
        raise ValueError(msg)
