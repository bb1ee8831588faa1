"""How often a trader's model could be used, and when that is enough to be ranked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import attrs

_UNITS = (
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)


@attrs.frozen(kw_only=True)
class AnswerCount:
    """Cycles of one trader.

    `asked` are those in which its model was asked, `usable` those of them whose answer could be
    used, whatever the risk gate and the exchange made of it; to hold counts. A cycle in which
    nobody was asked is in neither.
    """

    asked: int = 0
    usable: int = 0

    def __add__(self, other: AnswerCount) -> AnswerCount:
        """Return both together."""
        return AnswerCount(asked=self.asked + other.asked, usable=self.usable + other.usable)


NO_ANSWERS = AnswerCount()


@attrs.frozen(kw_only=True)
class QualityGates:
    """What a trader must have to be ranked among the others; 0 switches a gate off.

    `min_cycles` are decided cycles, those with a usable answer; `min_usable_pct` is the share of
    usable answers in percent of the cycles that asked; `min_age` the engine's time since the
    trader's first capital.
    """

    min_cycles: int = 20
    min_usable_pct: Decimal = Decimal(80)
    min_age: timedelta = timedelta(hours=24)

    def missed(self, answers: AnswerCount, age: timedelta) -> str | None:
        """Return in words all gates that are missed, None where there are none.

        Args:
            answers: of the trader so far.
            age: of its account.
        """
        return ", ".join(self._missed(answers, max(age, timedelta(0)))) or None

    def _missed(self, answers: AnswerCount, age: timedelta) -> Iterator[str]:
        asked, usable = answers.asked, answers.usable
        if asked and 100 * usable < self.min_usable_pct * asked:
            yield f"{usable} of {asked} answers usable"
        if usable < self.min_cycles:
            yield f"{usable} of {self.min_cycles} cycles"
        elif self.min_usable_pct and not asked:
            # A share of nothing is not known to be enough.
            yield "no answer yet"
        if age < self.min_age:
            yield _part(age, self.min_age)


DEFAULT_GATES = QualityGates()
"""Those of a configuration that names none."""


def _part(age: timedelta, wanted: timedelta) -> str:
    """Write `2 h of 24 h`, rounded down, so that what is missing never reads as if it were not."""
    at = next((at for at, (unit, _) in enumerate(_UNITS) if not wanted % unit), len(_UNITS) - 1)
    unit, word = _UNITS[at]
    for finer, name in _UNITS[at:]:
        if age >= finer:
            return f"{age // finer} {name} of {wanted / unit:g} {word}"
    return f"0 {word} of {wanted / unit:g} {word}"
