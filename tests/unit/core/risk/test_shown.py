"""A check can change whatever it is shown, and changes it for nobody else."""

from __future__ import annotations

from datetime import timedelta

import attrs
import numpy as np
import pytest
from spoiling import picture, spoil

from nof0_core.border.shown import Copier
from nof0_core.domain.brakes import BrakeState
from nof0_core.domain.candles import Candles
from nof0_core.domain.decision import ALLOW
from nof0_core.domain.snapshot import Series
from nof0_core.indicators.window import Window
from nof0_core.risk.gate import RiskGate
from nof0_core.testing import samples


class Spoils:
    """Changes everything it is shown, and all it was shown before."""

    def __init__(self):
        self.shown = []

    def check(self, decision, context):
        self.shown.append((decision, context))
        for pair in self.shown:
            for one in pair:
                spoil(one)
        return ALLOW


class Remembers:
    def __init__(self):
        self.shown = []

    def check(self, decision, context):
        self.shown.append((picture(decision), picture(context)))
        return ALLOW


@pytest.fixture
def moment(context, holding):
    """What a trader knows, with bars, indicators of a recording, brakes and a position."""
    bars = np.arange(1.0, 21.0)
    candles = Candles(
        interval="1m", open_time=bars, open=bars, high=bars, low=bars, close=bars, volume=bars
    )
    window = Window({"ema20": candles.close}, slice(5, 15))
    series = {"1m": Series(interval="1m", candles=candles[5:15], indicators=window)}
    made = context(holdings=(attrs.evolve(holding(), symbol="DOGE"),))
    book = samples.order_book()
    snapshots = {
        s: attrs.evolve(each, series=series, book=attrs.evolve(book, symbol=s, time=made.time))
        for s, each in made.snapshots.items()
    }
    brakes = BrakeState(closed_at={"DOGE": made.time - timedelta(days=1)})
    return attrs.evolve(made, snapshots=snapshots, brakes=brakes)


def test_what_one_check_changes_no_other_sees_nor_the_gate(moment, long_btc, short_eth):
    decisions = [long_btc(), short_eth(), long_btc()]
    alone, watching = Remembers(), Remembers()
    venue = samples.venue_view(
        moment.account,
        samples.account(holdings=(samples.holding(),)),
        entries=(samples.open_entry(),),
    )
    expected = RiskGate([("watch", alone)]).judge(decisions, moment, venue)
    before = picture([decisions, moment, venue])
    seal = picture(expected)

    gate = RiskGate([("spoil", Spoils()), ("watch", watching), ("again", Spoils())])
    judged, approved = gate.judge(decisions, moment, venue)

    assert picture([decisions, moment, venue]) == before
    assert picture((judged, approved)) == seal
    assert len(approved) == 2
    assert watching.shown == alone.shown
    assert watching.shown[1][1]["venue"] == picture(venue)
    assert watching.shown[1][1]["approved"][0]["symbol"] == "BTC"
    assert watching.shown[0][1]["book"]["bids"]


def test_a_close_is_judged_on_the_gates_own_objects_too(moment, close):
    decisions = [close(symbol="DOGE")]
    expected = RiskGate().judge(decisions, moment)
    before = picture([decisions, moment])
    found = RiskGate([("spoil", Spoils())]).judge(decisions, moment)
    assert picture(found) == picture(expected)
    assert picture([decisions, moment]) == before


def test_the_tests_above_could_fail(moment, long_btc):
    """What is not copied is spoiled; here on copies, for samples are everybody's."""
    shown = [Copier()(long_btc()), Copier()(moment)]
    before = picture(shown)
    for one in shown:
        spoil(one)
    assert picture(shown) != before
    assert dict(shown[1].snapshots) == {}


def test_copies_are_equal_and_can_only_be_read(moment):
    copied = Copier()
    made = copied(moment)
    assert picture(made) == picture(moment)
    assert copied(moment) is made
    with pytest.raises(AttributeError):
        made.snapshots.clear()
    close = made.snapshots["BTC"].series["1m"].candles.close
    with pytest.raises(ValueError, match="WRITEABLE"):
        close.flags.writeable = True
