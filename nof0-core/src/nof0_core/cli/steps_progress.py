"""Progress of work that has steps of known size: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Follow = Callable[[str, int, int], None]
"""Told what is gone through, how much of it is done, and how much there is."""


@contextmanager
def steps_followed(*, is_quiet: bool = False) -> Iterator[Follow]:
    """Lend what a piece of work tells its steps to.

    A bar on standard error shows the present one, where that is a terminal and nobody wants quiet.
    """
    from rich.console import Console
    from rich.progress import Progress

    screen = Console(stderr=True)
    if is_quiet or not screen.is_terminal:
        yield lambda what, done, total: None  # noqa: ARG005
        return
    with Progress(console=screen, transient=True) as bar:
        task = bar.add_task("", total=None)

        def follow(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield follow
