"""At which decisions a rule is asked, by what its trader holds."""

from __future__ import annotations

import numpy as np
import pytest

from nof0_core.backtest.waking import Waking
from nof0_core.protocols.wakes import Stance

STEP = 60_000
COUNT = 5


def at(*places):
    found = np.zeros(COUNT, dtype=bool)
    found[list(places)] = True
    return found


def waking(most):
    """A rule for two coins: entries at 1 and 3, closes at 2, and at 4 it raises unless it holds."""
    told = {
        Stance.FLAT: at(1, 3, 4), Stance.FULL: at(4), Stance.LONG: at(2), Stance.SHORT: at(2)
    }  # fmt: skip
    return Waking(
        "ann", first=STEP, step=STEP, count=COUNT, most=most, coins={"BTC": told, "ETH": told},
        is_sampled=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("most", "held", "asked"),
    [
        (2, {}, [1, 3, 4]),
        (2, {"BTC": True}, [1, 2, 3, 4]),
        (2, {"BTC": True, "ETH": False}, [2]),
        (1, {}, [1, 3, 4]),
        (1, {"ETH": False}, [2, 4]),
        (0, {}, [4]),
        (1, {"SOL": True}, [0, 1, 2, 3, 4]),
    ],
)
def test_entries_wake_a_trader_only_where_it_has_room(most, held, asked):
    rule, found, moment = waking(most), [], 0
    assert [n for n in range(COUNT) if rule.may_act((n + 1) * STEP, held)] == asked
    while len(found) < COUNT and (moment := rule.next_ask(moment, held)) is not None:
        found.append(moment // STEP - 1)
    assert found == asked
