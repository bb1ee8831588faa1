"""Seeing at a glance that a record is as declared: one function for each class of records.

Nearly every value is. What a glance does not see to be good is looked at closely, field by field,
which also finds the words for what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

Check: TypeAlias = Callable[[object], str]


class Glance(NamedTuple):
    """A test in Python's words, `{v}` for the value, of which `names` are known in it.

    Where it is true its check finds nothing wrong; it may raise an `ArithmeticError` instead of
    being false. A name stands in it as `{name}`.
    """

    test: str
    names: Mapping[str, object]


_GLANCES: dict[Check, Glance] = {}


def told(check: Check, test: str, /, **names: object) -> Check:
    """Say how a check that is kept for good sees at a glance that nothing is wrong; returns it."""
    _GLANCES[check] = Glance(test, names)
    return check


def glance(check: Check) -> Glance:
    """Return how a check sees that nothing is wrong: by itself, where nobody told."""
    return _GLANCES.get(check) or Glance("not {check}({v})", {"check": check})


def at_a_glance(fields: Mapping[str, Check]) -> Callable[[object], bool]:
    """Make the function that sees whether all fields of a record are good, false if it is in doubt.

    It reads each attribute once and calls nothing of a value before its class is known.
    """
    known: dict[str, object] = {"read": attrgetter(*fields)}
    tests = []
    for place, check in enumerate(fields.values()):
        seen = glance(check)
        words = {name: f"{name}{place}" for name in seen.names}
        known.update((words[name], value) for name, value in seen.names.items())
        tests.append(f"({seen.test.format(v=f'v{place}', **words)})")
    values = ", ".join(f"v{place}" for place in range(len(tests)))
    lines = (
        "def is_good(value):",
        "    try:",
        f"        {values} = read(value)",
        f"        return {' and '.join(tests)}",
        "    except (AttributeError, ArithmeticError):",
        "        return False",
    )
    made: dict[str, Any] = {}
    exec("\n".join(lines), known, made)  # noqa: S102 - of our own words alone
    is_good: Callable[[object], bool] = made["is_good"]
    return is_good
