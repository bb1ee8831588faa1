"""Progress of work on many series: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Many(Sized, Iterable[T_co], Protocol[T_co]):
    """Things that can be counted and gone through."""


def followed(things: Many[T_co], what: str) -> Iterator[T_co]:
    """Go through things; a bar on standard error shows how far it is, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield from things
        return
    with Progress(console=screen, transient=True) as bar:
        yield from bar.track(things, total=len(things), description=what)
