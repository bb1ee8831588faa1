"""Values that differ from others in a few fields."""

from __future__ import annotations

import attrs
import pytest

from nof0_core.domain.evolving import evolved


@attrs.frozen(kw_only=True)
class Pair:
    left: int
    right: list[int] = attrs.field(factory=list, converter=list)
    _hidden: str = ""


@attrs.frozen
class Single:
    only: int


def test_it_is_as_attrs_evolves_and_the_value_stays():
    value = Pair(left=1, right=[2], hidden="x")
    changed = evolved(value, left=5, hidden="y")
    assert changed == attrs.evolve(value, left=5, hidden="y") == Pair(left=5, right=[2], hidden="y")
    assert changed.right is not value.right
    assert value == Pair(left=1, right=[2], hidden="x")
    assert evolved(Single(1), only=2) == Single(2)


def test_a_field_that_is_not_there_is_refused():
    with pytest.raises(TypeError, match="middle"):
        evolved(Pair(left=1), middle=2)
