"""The shape in which templates see values."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any


class Later:
    """A value of a view that is made when a template first reads it."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        """Take what makes the value."""
        self.make = make


class View(dict[str, Any]):
    """Named plain values; a template reads them as attributes.

    Numbers are rounded for reading already: they print well and can still be compared.
    """

    __slots__ = ("label",)

    def __init__(self, label: str, **values: Any) -> None:
        """Name the view for messages (`coin`) and fill it."""
        super().__init__(values)
        self.label = label

    def read(self, name: str) -> Any:
        """Return a value.

        Raises:
            KeyError: there is none of that name.
        """
        value = self[name]
        if type(value) is Later:
            value = self[name] = value.make()
        return value

    def complaint(self, name: str) -> str:
        """Say that there is no value of that name, with the nearest one there is."""
        near = difflib.get_close_matches(name, self, n=1)
        hint = f', did you mean "{near[0]}"?' if near else f" (it has {', '.join(self)})"
        return f'{self.label} has no "{name}"{hint}'
