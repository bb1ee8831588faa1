"""The shape in which templates see values."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any

Later = Callable[[Any], Any]
"""Makes a value of a view, of what it is a view of, when a template first reads it."""


class Function:
    """A value of a view that a template calls; it is ours, so nothing has to be asked about it."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        """Take what is called."""
        self._call = call

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it."""
        return self._call(*arguments, **named)


class View(dict[str, Any]):
    """Named plain values; a template reads them as attributes.

    What is not there reads as undefined, which is an error where a template makes use of it.
    Numbers are rounded for reading already: they print well and can still be compared.
    """

    __slots__ = ("label",)

    def __init__(self, label: str, **values: Any) -> None:
        """Name the view for messages (`coin`) and fill it."""
        super().__init__(values)
        self.label = label

    def __missing__(self, name: str) -> Any:
        from jinja2 import StrictUndefined

        return StrictUndefined(hint=self.complaint(name))

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
    """A view some values of which are made when they are first read."""

    __slots__ = ("_later", "_of")

    def __init__(self, label: str, of: Any, later: Mapping[str, Later], **values: Any) -> None:
        """Take what it is a view of, what is made of that later, and what is there already."""
        super().__init__(label, **values)
        self._of = of
        self._later = later

    def __missing__(self, name: str) -> Any:
        make = self._later.get(name)
        if make is None:
            return super().__missing__(name)
        value = self[name] = make(self._of)
        return value

    def names(self) -> Collection[str]:
        """Return the names of all values."""
        return dict.fromkeys((*self, *self._later))
