"""What is varied in a sweep: axes, the choices on each, and the variants they make."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal

import attrs

from nof0_core.config.model import Place
from nof0_core.config.overriding import Override
from nof0_core.config.tree import Scalar

Pick = tuple[int | str, ...]
"""One entry for each axis: the number of a choice, or a number in a range as text."""


@attrs.frozen(kw_only=True)
class Choice:
    """One value of an axis: the columns it fills with their labels, and the keys it sets.

    `is_number` tells that it is a number or a truth, which makes no other treatment.
    """

    labels: tuple[tuple[str, str], ...]
    overrides: tuple[Override, ...]
    is_number: bool = False


@attrs.frozen(kw_only=True)
class Range:
    """Numbers between two, both included, which a search chooses from."""

    path: str
    place: Place
    low: Decimal
    high: Decimal
    step: Decimal | None
    is_log: bool
    is_whole: bool

    def choice(self, text: str) -> Choice:
        """Return the choice of a number."""
        kind = "int" if self.is_whole else "float"
        node = Scalar(place=self.place, text=text, kind=kind)
        return Choice(
            labels=((self.path, text),),
            overrides=(Override(path=self.path, node=node),),
            is_number=True,
        )


@attrs.frozen(kw_only=True)
class Axis:
    """One thing that is varied: `choices`, or the numbers of a `range`."""

    name: str
    columns: tuple[str, ...]
    choices: tuple[Choice, ...] = ()
    range: Range | None = None

    def choice(self, at: int | str) -> Choice:
        """Return a choice by its number, or by its text where the axis is a range."""
        if self.range is not None:
            return self.range.choice(str(at))
        return self.choices[int(at)]

    def corners(self) -> Sequence[int | str]:
        """Return its choices, as far as looking at each could tell something new.

        Of many numbers the first and the last are enough, of a range its ends.
        """
        if self.range is not None:
            return [str(self.range.low), str(self.range.high)]
        numbers = [at for at, one in enumerate(self.choices) if one.is_number]
        left_out = set(numbers[_ENDS:-_ENDS])
        return [at for at in range(len(self.choices)) if at not in left_out][:_MOST]


_ENDS, _MOST = 5, 200


@attrs.frozen(kw_only=True)
class Variant:
    """One choice on each axis; `labels` have all columns in their order, "" where one is unset."""

    pick: Pick
    labels: tuple[tuple[str, str], ...]
    overrides: tuple[Override, ...]
    kinds: Pick
    """The pick without numbers: variants that are alike in it are of one treatment."""


@attrs.frozen(kw_only=True)
class Space:
    """All axes of a sweep. Without one there is one variant: the configuration as it is."""

    axes: tuple[Axis, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of everything that is varied."""
        return tuple(dict.fromkeys(name for axis in self.axes for name in axis.columns))

    @property
    def count(self) -> int:
        """Return how many variants a grid has; ranges have no number and count as one."""
        found = 1
        for axis in self.axes:
            found *= len(axis.choices) if axis.range is None else 1
        return found

    def variant(self, pick: Pick) -> Variant:
        """Return the variant of a pick.

        Raises:
            IndexError: an axis has no such choice.
        """
        chosen = [axis.choice(at) for axis, at in zip(self.axes, pick, strict=True)]
        labels = dict.fromkeys(self.columns, "")
        for each in chosen:
            labels.update(each.labels)
        return Variant(
            pick=pick,
            labels=tuple(labels.items()),
            overrides=tuple(one for each in chosen for one in each.overrides),
            kinds=tuple("" if c.is_number else at for c, at in zip(chosen, pick, strict=True)),
        )

    def grid(self) -> Iterator[Variant]:
        """Yield all variants, the last axis changing first; none is made before it is its turn."""
        for number in range(self.count):
            yield self.variant(self.at(number))

    def at(self, number: int) -> Pick:
        """Return the pick of a variant's number in the grid."""
        pick: list[int] = []
        for axis in reversed(self.axes):
            number, at = divmod(number, len(axis.choices))
            pick.append(at)
        return tuple(reversed(pick))

    def kinds(self) -> Iterator[tuple[Variant, int]]:
        """Yield one variant of each kind of a grid, and how many there are of it."""
        parts = []
        for axis in self.axes:
            numbers = [at for at, one in enumerate(axis.choices) if one.is_number]
            words = [(at, 1) for at, one in enumerate(axis.choices) if not one.is_number]
            parts.append([(numbers[0], len(numbers)), *words] if numbers else words)
        for chosen in itertools.product(*parts):
            yield (
                self.variant(tuple(at for at, _ in chosen)),
                math.prod(count for _, count in chosen),
            )

    def corners(self) -> Iterator[Variant]:
        """Yield variants in which each choice stands once, beside the first ones of other axes."""
        first = tuple(axis.corners()[0] for axis in self.axes)
        yield self.variant(first)
        for number, axis in enumerate(self.axes):
            for at in axis.corners()[1:]:
                yield self.variant((*first[:number], at, *first[number + 1 :]))
