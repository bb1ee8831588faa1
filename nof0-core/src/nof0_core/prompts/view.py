"""The shape in which templates see values."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any

Later = Callable[[], Any]
"""Makes a value of a view when a template first reads it."""


class Function:
    """A value of a view that a template calls; it is ours, so nothing has to be asked about it."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        """Take what is called."""
        self.call = call

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it."""
        return self.call(*arguments, **named)


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
        return self[name]

    def names(self) -> Collection[str]:
        """Return the names of all values."""
        return self.keys()

    def complaint(self, name: str) -> str:
        """Say that there is no value of that name, with the nearest one there is."""
        names = self.names()
        near = difflib.get_close_matches(name, names, n=1)
        hint = f', did you mean "{near[0]}"?' if near else f" (it has {', '.join(names)})"
        return f'{self.label} has no "{name}"{hint}'


class LateView(View):
    """A view some values of which are a `Later`; of its items it has only what was made."""

    __slots__ = ("_later",)

    def __init__(self, label: str, later: Mapping[str, Later], **values: Any) -> None:
        """Take what is made later, by name, and what is there already."""
        super().__init__(label, **values)
        self._later = later

    def read(self, name: str) -> Any:
        """Return a value, and make it where it is read for the first time."""
        if name not in self and name in self._later:
            self[name] = self._later[name]()
        return self[name]

    def names(self) -> Collection[str]:
        """Return the names of all values."""
        return dict.fromkeys((*self, *self._later))
