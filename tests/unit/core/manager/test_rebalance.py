"""An allocator's answer is checked before money moves."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a native cancellation is what is tried
from decimal import Decimal as D

import pytest
from attrs import evolve
from spoiling import picture, spoil

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
        pytest.param({"a": D(-1), "b": D(91)}, "the share of a is -1, below 0", id="negative"),
        pytest.param({"a": D("NaN"), "b": D(1)}, "the share of a is NaN", id="nan"),
        pytest.param({"a": D(60), "b": D(40)}, "shares sum to 100 %", id="too-much"),
        pytest.param({"a": 50.0, "b": D(40)}, "the share of a is 50.0 (float), not a", id="float"),
        pytest.param({"a": D("1E-400000"), "b": D(40)}, "more digits than", id="tiny"),
        pytest.param({"a": None, "b": D(40)}, "the share of a is None (NoneType), not", id="none"),
        pytest.param([D(50), D(40)], "answered with a list, not with a mapping", id="list"),
        pytest.param(None, "answered with a NoneType, not with a mapping", id="nothing at all"),
        pytest.param({"a": D(50), "b": D(40)}, "", id="good"),
        pytest.param({"a": D(0), "b": D(0)}, "", id="nothing"),
    ],
)
def test_shares_that_cannot_be_are_named(shares, words):
    found = fault(shares, REQUEST)
    assert words in found
    assert bool(found) == bool(words)


class Fails:
    def __init__(self, fault):
        self.fault = fault

    def allocate(self, request):
        raise self.fault


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (SystemExit(3), "SystemExit: 3"),
        (asyncio.CancelledError(), "CancelledError, though nobody cancelled it"),
    ],
    ids=repr,
)
async def test_an_allocator_that_raises_is_told_with_strategy_plugin_and_line(
    stage, lockstep, error, said
):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        rebalancer = engine.manager._rebalancer
        rebalancer._config = evolve(rebalancer._config, allocator=Fails(error))
        before = engine.recorder.state.standing("ann").initial_capital
        await engine.manager._rebalance()
        [alert] = stage.alerts(engine)
    assert alert.code == "allocation_refused"
    assert alert.message == (
        f"paper: capital stays as it is: allocate raised {said}: a defect of nof0-core 0.1.0 "
        "(allocation strategy fixed, manager.yaml:5)"
    )
    assert before == 4000


class Spoils:
    """Changes by force everything it is shown, and moves some capital."""

    def allocate(self, request):
        shares = {one: pct / 2 for one, pct in request.configured.items()}
        self.shown = picture(request)
        spoil(request)
        return shares


@pytest.mark.anyio
async def test_what_an_allocator_does_to_what_it_is_shown_reaches_nobody(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        rebalancer, allocator = engine.manager._rebalancer, Spoils()
        rebalancer._config = evolve(rebalancer._config, allocator=allocator)
        rebalancer._origin = evolve(rebalancer._origin, is_ours=False)
        views = engine.manager._views.traders()
        before = picture(views)
        rebalancer.run(views)
        assert picture(views) == before
        # What it was shown was the same, and what moved is recorded as it was before.
        assert allocator.shown["traders"] == before
        assert not stage.alerts(engine)
        [moved] = [e.body for e in engine.journal.read() if e.body.type == "rebalanced"]
        assert picture(moved.before) == allocator.shown["current"]
