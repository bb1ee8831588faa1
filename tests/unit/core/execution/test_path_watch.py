"""Exits the engine watches are judged on the way prices took, not on the moments it looked at."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import anyio
import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.clock import SimulatedClock
from nof0_core.domain.candles import Candles, Interval, interval_ms, to_ms
from nof0_core.domain.decision import Signal
from nof0_core.domain.order import TriggerKind
from nof0_core.domain.position import ExitPlan, ProtectionMode
from nof0_core.execution.path_watch import PathWatch
from nof0_core.protocols import Capability
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)


class Bars:
    """One-minute bars that the market tells, all of BTC."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.rows: list[tuple] = []

    def add(self, opened, low, high):
        """Add the bar that opened so many minutes after `START`."""
        self.rows.append((to_ms(START + opened * MINUTE), float(low), float(high)))

    def __call__(self, symbol, after):
        length = interval_ms("1m")
        found = [
            row
            for row in self.rows
            if to_ms(after) < row[0] + length <= to_ms(self.clock.now()) and symbol == "BTC"
        ]
        times, lows, highs = zip(*found, strict=True) if found else ((), (), ())
        return Candles(
            interval=Interval("1m"), open_time=times, open=highs, high=highs, low=lows, close=highs,
            volume=[1.0] * len(times),
        )  # fmt: skip


def bars_of(scene):
    """Let the market of a scene tell bars, which the test adds."""
    scene.bars = Bars(scene.clock)
    return scene.bars


async def later(scene, minutes):
    """Let time pass, and look at the account."""
    await scene.clock.sleep_until(START + minutes * MINUTE)
    await scene.sync()


async def oppose(scene):
    """Let ann hold a long and bob a short of the same coin, both watched by the engine."""
    await scene.open("ann")
    await scene.open("bob", Signal.SELL_TO_ENTER)
    for trader in ("ann", "bob"):
        assert scene.state.position(trader, "BTC").protection is ProtectionMode.ENGINE


async def test_a_stop_that_a_bar_reached_between_two_looks_closes_the_position(scene):
    bars = bars_of(scene)
    await oppose(scene)
    bars.add(1, 98_900, 100_100)
    await later(scene, 2)
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]
    assert scene.state.position("bob", "BTC") is not None
    scene.assert_agrees()


async def test_a_target_that_a_bar_reached_closes_the_position(scene):
    bars = bars_of(scene)
    await oppose(scene)
    bars.add(1, 96_000, 100_100)
    bars.add(0, 100_000, 100_100)
    await later(scene, 2)
    # Of the two the stop of the long and the target of the short lie on the way down.
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]
    assert [t.reason for t in scene.state.trades("bob")] == ["target"]


async def test_a_bar_that_opened_before_the_watch_tells_nothing_but_its_close(scene):
    bars = bars_of(scene)
    await scene.clock.sleep_until(START + MINUTE / 2)
    await oppose(scene)
    bars.add(0, 90_000, 110_000)
    await later(scene, 1)
    assert scene.state.trades("ann") == scene.state.trades("bob") == ()
    bars.add(1, 98_000, 100_100)
    await later(scene, 2)
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]


async def test_what_stands_at_the_venue_is_the_venues_to_judge(scene):
    bars = bars_of(scene)
    await scene.open("ann")
    bars.add(1, 90_000, 110_000)
    await later(scene, 2)
    assert scene.state.trades("ann") == ()
    assert len(scene.resting()) == 2
    # What was before the engine began to watch does not count later either.
    await scene.open("bob", Signal.SELL_TO_ENTER)
    await later(scene, 3)
    assert scene.state.trades("ann") == ()


async def test_what_was_reached_is_closed_wherever_the_price_is_by_then(scene):
    bars = bars_of(scene)
    await oppose(scene)
    bars.add(1, 98_900, 100_100)
    scene.venue.fill_ratio = D(0)
    await later(scene, 2)
    assert scene.state.trades("ann") == ()
    scene.venue.fill_ratio = D(1)
    await later(scene, 3)
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]
    scene.assert_agrees()


async def test_bars_that_closed_while_nobody_looked_count_after_a_restart(scene):
    bars = bars_of(scene)
    await oppose(scene)
    bars.add(1, 98_900, 100_100)
    scene.restart()
    await later(scene, 2)
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]


async def test_a_venue_without_triggers_has_its_exits_judged_on_the_way(scene):
    bars = bars_of(scene)
    scene.venue.capabilities -= {Capability.TRIGGER_ORDERS}
    scene.restart()
    await scene.open("ann")
    bars.add(1, 99_900, 104_000)
    await later(scene, 2)
    assert [t.reason for t in scene.state.trades("ann")] == ["target"]


async def test_without_bars_the_mark_alone_counts(scene):
    await oppose(scene)
    await later(scene, 2)
    assert scene.state.trades("ann") == ()
    scene.venue.prices["BTC"] = D(98_900)
    await later(scene, 3)
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]


prices = st.integers(90, 110)
below, above = st.integers(90, 97) | st.none(), st.integers(103, 110) | st.none()


@given(
    below=below,
    above=above,
    is_long=st.booleans(),
    path=st.lists(st.tuples(prices, prices).map(sorted), max_size=12),
    looks=st.lists(st.integers(1, 4), min_size=1, max_size=12),
)
def test_the_first_exit_on_the_way_is_found_however_often_is_looked(
    below, above, is_long, path, looks
):
    """A bar at a time, the stop first: whoever looks seldom finds what whoever looks often does."""
    stop, target = (below, above) if is_long else (above, below)
    position = held(stop, target, is_long=is_long)
    expected = None
    for low, high in path:
        worst, best = (low, high) if is_long else (-high, -low)
        sign = 1 if is_long else -1
        if stop is not None and worst <= stop * sign:
            expected = TriggerKind.STOP
        elif target is not None and best >= target * sign:
            expected = TriggerKind.TARGET
        if expected:
            break
    assert look(position, path, [1] * len(path)) == expected
    assert look(position, path, looks) == expected


def held(stop, target, *, is_long):
    """Return a position as far as the watch asks about it."""
    plan = ExitPlan(
        stop_loss=None if stop is None else D(stop),
        take_profit=None if target is None else D(target),
    )
    return Held(plan=plan, quantity=D(1 if is_long else -1))


@attrs.frozen
class Held:
    plan: ExitPlan
    quantity: D
    trader: str = "ann"
    symbol: str = "BTC"
    opened_seq: int = 1
    protection: ProtectionMode = ProtectionMode.ENGINE
    protected_at: object = START

    @property
    def is_long(self):
        return self.quantity > 0


def look(position, path, steps):
    """Return what a watch finds that looks after so many bars each time, at a mark far from all."""
    clock = SimulatedClock(START)
    bars = Bars(clock)
    for number, (low, high) in enumerate(path):
        bars.add(number, low, high)
    watch = PathWatch(clock=clock, bars=bars)
    kinds = [
        kind
        for kind, price in (
            (TriggerKind.STOP, position.plan.stop_loss),
            (TriggerKind.TARGET, position.plan.take_profit),
        )
        if price is not None
    ]
    found, passed = None, 0
    for step in [0, *steps, len(path)]:
        passed = min(passed + step, len(path))
        anyio.run(clock.sleep_until, START + passed * MINUTE)
        found = watch.reached(position, kinds, D(100))
    return found
