"""A run that leaves out moments in which nothing can happen is the same run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import random_projects

from nof0_core.backtest import waking
from nof0_core.domain.event import HourMarked
from nof0_core.manager.manager import Manager
from nof0_core.project import LookAheadError, open_journal
from nof0_core.protocols import Capability
from nof0_provider_sim.exchange import provider

START = datetime(2025, 7, 23, tzinfo=UTC)


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Run a random project with and without jumps."""

    def run(seed):
        if random_projects.is_netting(seed):
            netting = provider.CAPABILITIES - {Capability.REDUCE_OWN}
            monkeypatch.setattr(provider, "CAPABILITIES", netting)
        file, length = random_projects.make_project(seed, tmp_path / str(seed))
        found = [
            random_projects.journal_of(file, length, tmp_path / f"{seed} {steps}", steps=steps)
            for steps in (True, False)
        ]
        return [lines for lines, _ in found], [lived for _, lived in found]

    return run


@pytest.mark.parametrize("seed", random_projects.SEEDS)
def test_jumping_is_stepping(seed, both):
    (stepped, jumped), (with_steps, with_jumps) = both(seed)

    assert stepped.keys() == jumped.keys()
    for name, lines in stepped.items():
        assert lines == jumped[name], name
    assert (with_steps.reason, with_steps.error) == (with_jumps.reason, with_jumps.error)
    assert with_steps.view.traders == with_jumps.view.traders
    assert with_steps.log.digest() == with_jumps.log.digest()


def test_the_report_does_not_say_how_the_run_was_made(place):
    """The same bytes; what was left out is told beside it."""
    jumped = place.run(hours=3)
    written = [(jumped.folder / name).read_bytes() for name in ("report.json", "report.html")]
    stepped = place.run(hours=3, steps=True)

    assert (jumped.stepped, stepped.stepped) == ("", "--step")
    assert [(stepped.folder / n).read_bytes() for n in ("report.json", "report.html")] == written


def test_where_nobody_knows_when_something_happens_every_moment_is_done(place):
    place.replace(
        "exchange.yaml",
        "other: {type: sim, ",
        "other: {type: sim, faults: {bad_gateway: 0.1}, ",
    )

    result = place.run()

    assert "does not tell when" in result.stepped
    assert result.is_complete


LYING = """
from contextlib import asynccontextmanager

import attrs
import numpy as np

from nof0_core import BackendKind, hookimpl, opt
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion
from nof0_core.protocols.wakes import Stance


@attrs.frozen(kw_only=True)
class Config:
    peeks: bool = opt(default=False)


class Model:
    async def complete(self, request):
        found = ()
        if request.context.time.minute == 24:
            found = (Decision(signal=Signal.CLOSE, symbol="BTC", reasoning="now", confidence=90),)
        return Completion(model=request.model.name, decisions=found)


@asynccontextmanager
async def opened(config, env):
    yield Model()


def wakes(model, trader, symbol, columns):
    count = len(columns["time"])
    if model.model_name == "peeking":
        # A close that is higher than the next one.
        close = columns["3m.close"]
        told = np.append(close[:-1] > close[1:], True)
    elif model.model_name == "honest":
        told = columns["time"] // 60_000 % 60 == 24
    else:
        told = np.zeros(count, dtype=bool)
    return dict.fromkeys([Stance.FLAT, Stance.LONG, Stance.SHORT], told)


@hookimpl
def nof0_llm_backends():
    return [
        BackendKind(
            type="told", config=Config, open=opened, summary="x", reads_prompt=False, wakes=wakes
        )
    ]
"""


def _telling(place, name):
    place.plugin(LYING)
    place.replace(
        "llm.yaml",
        "models:\n",
        f"backends:\n  rule: {{type: told}}\nmodels:\n"
        f"  teller: {{backend: rule, model_name: {name}}}\n",
    )
    place.model("teller")


def test_a_model_of_a_plugin_is_asked_where_it_says_it_may_act(place):
    _telling(place, "honest")

    result = place.run(hours=2)

    assert result.is_complete
    log = open_journal(result.folder / "run")
    decided = [r for r in log.records() if r.type == "cycle" and r.stream == "cross"]
    assert [(record.time.hour, record.time.minute) for record in decided] == [(0, 24), (1, 24)]
    assert result["cross"].figures.cycles == 41


def test_a_model_that_acts_where_it_said_it_would_hold_ends_the_run(place):
    _telling(place, "lying")

    result = place.run(hours=2, steps=True)

    assert not result.is_complete
    assert "cross: its model told beforehand" in result.ended


def _quiet(place):
    """Let both traders ask a rule that never acts."""
    _telling(place, "lying")
    place.replace("manager.yaml", "model: coin-flip-busy", "model: teller")
    place.replace("planted.py", "minute == 24", "minute > 60")


def _hours(result):
    records = open_journal(result.folder / "run").records()
    return [r.event().body for r in records if r.type in {"hour", "hours"}]


def test_days_in_which_nothing_is_held_are_one_record_and_no_moment(place, monkeypatch):
    _quiet(place)
    syncs = []
    sync = Manager.sync

    async def counted(manager, venue_account):
        syncs.append(manager.driver.clock.now())
        await sync(manager, venue_account)

    monkeypatch.setattr(Manager, "sync", counted)
    jumped = place.run(hours=75)
    [hours] = _hours(jumped)
    at = len(syncs)
    written = (jumped.folder / "report.json").read_bytes()
    stepped = place.run(hours=75, steps=True)

    assert (hours.count, hours.first) == (75, START + timedelta(hours=1))
    assert {each.time for each in hours.accounts} == {hours.first}
    assert _hours(stepped) == [hours]
    assert (stepped.folder / "report.json").read_bytes() == written
    wanted = [START + timedelta(hours=number) for number in range(1, 76)]
    for name in ("cross", "flip"):
        assert [point.time for point in jumped[name].curve][:75] == wanted
        assert jumped[name].curve == stepped[name].curve
    # A few at both ends of the run and of its check.
    assert 0 < at < 30
    assert len(jumped.look_ahead.moments) == 1


def test_the_hours_of_a_trader_whose_sharpe_ratio_is_judged_are_marked_one_by_one(place):
    _quiet(place)
    guards = "{sharpe_pause_threshold: -2, sharpe_pause_duration: 1h}"
    place.replace(
        "manager.yaml",
        "    model: teller\n    decision_interval: 3m",
        f"    model: teller\n    decision_interval: 3m\n    exec_guards: {guards}",
    )

    assert [type(each) for each in _hours(place.run(hours=3))] == [HourMarked] * 3


def test_the_check_for_look_ahead_asks_in_some_of_the_cycles_that_are_left_out(place, monkeypatch):
    monkeypatch.setattr(waking, "SAMPLED", 5)
    _telling(place, "lying")

    with pytest.raises(LookAheadError, match="cross: its model told beforehand"):
        place.run(hours=4)


def test_what_is_told_beforehand_must_not_depend_on_later_bars(place):
    _telling(place, "peeking")

    with pytest.raises(LookAheadError, match=r"when cross may act on BTC .* \(`wakes`\)"):
        place.run(hours=2)
