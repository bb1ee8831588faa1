"""The chart libraries that pages of nof0 are drawn with, unchanged from their npm packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["chart_libraries"]


def chart_libraries() -> Mapping[str, bytes]:
    """Return the files of the libraries, with licences and notices, by their path.

    Examples of paths: `uplot/uPlot.iife.min.js`, `lightweight-charts/LICENSE`, `NOTICE`.
    """
    return dict(sorted(_walk(files("nof0_core.charts"), "")))


def _walk(directory: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in directory.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _walk(entry, f"{prefix}{entry.name}/")
        elif not entry.name.endswith(".py"):
            yield f"{prefix}{entry.name}", entry.read_bytes()
