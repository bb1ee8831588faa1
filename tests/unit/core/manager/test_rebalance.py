"""An allocator's answer is checked before money moves."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from nof0_core.manager.rebalance import fault
from nof0_core.protocols import AllocationRequest

REQUEST = AllocationRequest(
    traders=(),
    configured={"a": D(50), "b": D(40)},
    current={"a": D(45), "b": D(45)},
    available_pct=D(90),
)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        pytest.param({"a": D(90)}, "left out or invented", id="missing"),
        pytest.param({"a": D(50), "b": D(20), "c": D(20)}, "left out or invented", id="invented"),
        pytest.param({"a": D(-1), "b": D(91)}, "negative", id="negative"),
        pytest.param({"a": D("NaN"), "b": D(1)}, "not a number", id="nan"),
        pytest.param({"a": D(60), "b": D(40)}, "shares sum to 100 %", id="too-much"),
        pytest.param({"a": D(50), "b": D(40)}, "", id="good"),
        pytest.param({"a": D(0), "b": D(0)}, "", id="nothing"),
    ],
)
def test_shares_that_cannot_be_are_named(shares, words):
    found = fault(shares, REQUEST)
    assert words in found
    assert bool(found) == bool(words)
