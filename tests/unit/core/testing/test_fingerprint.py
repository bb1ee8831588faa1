from __future__ import annotations

from decimal import Decimal

import pytest

from nof0_core.ids import Symbol
from nof0_core.testing import context
from nof0_core.testing.fingerprint import fingerprint

BTC = Symbol("BTC")


def candles(around):
    return around.snapshots[BTC].series["3m"].candles


def test_two_that_hold_the_same_have_the_same():
    assert fingerprint(context()) == fingerprint(context())


@pytest.mark.parametrize(
    "change",
    [
        lambda c: object.__setattr__(c.account, "equity", Decimal(1)),
        lambda c: object.__setattr__(c.account, "equity", float(c.account.equity)),
        lambda c: object.__setattr__(candles(c), "close", candles(c).close + 1e-9),
        lambda c: object.__setattr__(candles(c), "close", candles(c).close.astype("float32")),
        lambda c: object.__setattr__(c, "symbols", ()),
        lambda c: object.__setattr__(c, "snapshots", {}),
    ],
)
def test_any_change_gives_another(change):
    around = context()
    before = fingerprint(around)
    change(around)
    assert fingerprint(around) != before
