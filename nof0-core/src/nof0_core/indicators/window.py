"""A stretch of indicators that were computed over all bars of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nof0_core.domain.candles import Candles, FloatArray


class Window(Mapping[str, FloatArray]):
    """The same stretch of several arrays; each is cut when somebody looks at it.

    Where they belong to bars, `bars` are those of the stretch, `whole` all of them: who keeps
    something of a recording can tell by these objects what it was kept of.
    """

    __slots__ = ("arrays", "bars", "stretch", "whole")

    def __init__(
        self, arrays: Mapping[str, FloatArray], stretch: slice, whole: Candles | None = None
    ) -> None:
        """Take arrays of shape (n,) that never change, the stretch, and the bars they belong to."""
        self.arrays = arrays
        self.stretch = stretch
        self.whole = whole
        self.bars = None if whole is None else whole[stretch]

    def __getitem__(self, name: str) -> FloatArray:
        return self.arrays[name][self.stretch]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def __repr__(self) -> str:
        return repr(dict(self))
