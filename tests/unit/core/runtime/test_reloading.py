"""A running engine takes over a configuration that is in order; any other changes nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from itertools import pairwise

import anyio
import attrs
import pytest
from staged_engine import Stage, stop_after

from nof0_core.clock import SimulatedClock, pause
from nof0_core.config.effective import text_digest
from nof0_core.domain.brakes import Brake
from nof0_core.domain.model import DailyBudget
from nof0_core.domain.vocabulary import ControlCommand
from nof0_core.manager.requests import Answers, Requests
from nof0_core.manager.schedule import Rank
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
NOW = datetime(2025, 7, 1, tzinfo=UTC)
CHECK = """
from attrs import frozen, field
from nof0_core import PolicyKind, hookimpl, opt

@frozen(kw_only=True)
class Careful:
    word: str = opt(default="")

class Check:
    def check(self, decision, context):
        return None

def build(config):
    if config.word == "bad":
        raise RuntimeError("not today")
    return Check()

@hookimpl
def nof0_risk_checks():
    return [PolicyKind(type="careful", config=Careful, build=build, summary="careful")]
"""


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def engine_of(stage):
    return stage.engine(SimulatedClock(START))


def change(stage, name, old, new):
    file = stage.root / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def recorded(engine, *types):
    engine.journal.flush()
    return [event.body for event in engine.journal.read(types=types)]


def state_of(engine):
    """Return all of an engine that a reload could change."""
    return (
        engine.reloading.config,
        {name: (t.config, t.maker, t.sight, t.due) for name, t in engine.manager.traders.items()},
        dict(engine.manager._executions["paper"]._decided._policies),
        dict(engine.views._brakes._traders),
        engine.checkpoints._config_digest,
    )


async def test_limits_and_templates_are_in_force_in_all_that_goes_by_them(stage):
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        change(stage, "etc/executor.yaml", "max_positions: 3", "max_positions: 1")
        change(stage, "etc/executor.yaml", "decision_timeout: 30s", "decision_timeout: 20s")
        stage.write("prompts/user.tmpl", "{# Version: 2 #}\nbe brave\n")
        answer = await engine.reloading.reload()
        assert not answer.is_refused
        found = {(c.trader, c.key, c.old, c.new) for c in answer.changes}
        assert found >= {
            ("", "max_positions", "3", "1"), ("", "decision_timeout", "30s", "20s"),
        }  # fmt: skip
        assert {c.trader for c in answer.changes} == {"", "ann", "bob"}
        for name, trader in engine.manager.traders.items():
            assert trader.config.limits.max_positions == 1
            assert trader.maker._trader.decision_timeout == timedelta(seconds=20)
            assert (
                engine.manager._executions["paper"]._decided._policies[name].limits.max_positions
                == 1
            )
            assert engine.views._brakes._traders[name].limits.max_positions == 1
            source = trader.maker._prompts._sources[1]
            assert (source.text, source.version) == ("{# Version: 2 #}\nbe brave\n", "2")


async def test_what_is_taken_over_is_recorded_once_with_its_templates(stage):
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        assert len(recorded(engine, "config_loaded")) == 1
        answer = await engine.reloading.reload()
        assert (answer.message, answer.changes) == ("nothing has changed", ())
        assert len(recorded(engine, "config_loaded")) == 1
        stage.write("prompts/user.tmpl", "{# Version: 2 #}\nbe brave\n")
        await engine.reloading.reload()
        await engine.reloading.reload()
        _, body = recorded(engine, "config_loaded")
        assert text_digest("{# Version: 2 #}\nbe brave\n") in {t.digest for t in body.templates}
        assert body.digest == engine.reloading.config.digest == engine.checkpoints._config_digest
    # A start finds the same configuration, so it records none.
    async with engine_of(stage) as engine:
        assert len(recorded(engine, "config_loaded")) == 2


async def test_a_prompt_is_rendered_from_the_text_that_was_checked_and_recorded(stage):
    async with engine_of(stage) as engine:
        stage.write("prompts/user.tmpl", "{# Version: 2 #}\nbe brave\n")
        await engine.reloading.reload()
        # Whoever writes to the file afterwards has not asked for anything.
        stage.write("prompts/user.tmpl", "{{ broken")
        book = engine.manager.traders["ann"].maker._prompts
        texts = book._texts(book.sample_context(), "Ann")
        assert "be brave" in texts[1]


def broken_yaml(stage):
    stage.write("etc/executor.yaml", "max_positions: [3\n")
    return "executor.yaml"


def missing_prompt(stage):
    (stage.root / "prompts" / "user.tmpl").unlink()
    return 'there is no prompt template "prompts/user.tmpl"'


def broken_prompt(stage):
    stage.write("prompts/user.tmpl", "{# Version: 1 #}\n{{ nobody.knows }}\n")
    return "user.tmpl:2"


def unknown_key(stage):
    change(stage, "etc/executor.yaml", "max_positions", "max_position")
    return 'did you mean "max_positions"'


def removed_trader(stage):
    change(stage, "etc/manager.yaml", "  - {<<: *ann, id: bob, name: Bob}\n", "")
    return "which traders there are needs a restart (gone: bob)"


def new_trader(stage):
    change(stage, "etc/manager.yaml", "allocation_pct: 40", "allocation_pct: 20")
    change(stage, "etc/manager.yaml", "monitoring", "  - {<<: *ann, id: cora}\nmonitoring")
    return "(new: cora)"


def changed_capital(stage):
    change(stage, "etc/manager.yaml", "total_equity_usd: 10000", "total_equity_usd: 9000")
    return "manager.yaml:3: manager.total_equity_usd: cannot take effect on an existing run"


def changed_model(stage):
    change(stage, "etc/llm.yaml", "trades_per_day: 0.001", "trades_per_day: 0.002")
    return "llm.yaml:4: models.still.params.trades_per_day: needs a restart"


def torn_away(stage):
    (stage.root / "etc" / "executor.yaml").unlink()
    return "executor.yaml"


def no_file(stage):
    path = stage.root / "prompts" / "user.tmpl"
    path.unlink()
    os.mkfifo(path)
    return "user.tmpl"


def huge(stage):
    with (stage.root / "etc" / "executor.yaml").open("ab") as file:
        file.truncate(2**32)
    return "executor.yaml"


FAULTS = [
    broken_yaml, missing_prompt, broken_prompt, unknown_key, removed_trader, new_trader,
    changed_capital, changed_model, torn_away, no_file, huge,
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_cannot_be_taken_over_is_told_and_nothing_changes(stage, fault):
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        before = state_of(engine)
        # Beside it something that could be taken over: all or nothing.
        change(stage, "etc/manager.yaml", "name: Ann", "name: Anna")
        said = fault(stage)
        answer = await engine.reloading.reload()
        assert answer.is_refused
        assert said in answer.message
        assert answer.problems
        assert answer.changes == ()
        assert state_of(engine) == before
        assert len(recorded(engine, "config_loaded")) == 1


async def test_all_problems_are_told_at_once(stage):
    async with engine_of(stage) as engine:
        changed_capital(stage)
        changed_model(stage)
        removed_trader(stage)
        answer = await engine.reloading.reload()
        assert len(answer.problems) == 3
        assert all(problem.line for problem in answer.problems)


async def test_a_check_of_a_plugin_that_cannot_be_built_changes_nothing(stage):
    stage.write("etc/careful.py", CHECK)
    change(stage, "etc/nof0.yaml", "[./staged.py]", "[./staged.py, ./careful.py]")
    risk = "\n    risk_checks: [{type: careful, word: %s}]"
    change(stage, "etc/manager.yaml", "auto_start: true", "auto_start: true" + risk % "good")
    async with engine_of(stage) as engine:
        before = state_of(engine)
        change(stage, "etc/manager.yaml", "word: good", "word: bad")
        answer = await engine.reloading.reload()
        assert answer.is_refused
        assert "not today" in answer.message
        assert state_of(engine) == before
        change(stage, "etc/manager.yaml", "word: bad", "word: better")
        answer = await engine.reloading.reload()
        assert [c.key for c in answer.changes] == [
            "traders[ann].risk_checks", "traders[bob].risk_checks",
        ]  # fmt: skip
        assert "better" in answer.changes[0].new


async def test_code_of_plugins_is_not_run_again(stage):
    async with engine_of(stage) as engine:
        file = stage.root / "etc" / "staged.py"
        file.write_text(f"{file.read_text()}\nraise RuntimeError('run again')\n")
        answer = await engine.reloading.reload()
        assert answer.message == "nothing has changed"


async def test_files_that_are_being_written_are_not_taken_over(stage, monkeypatch):
    async with engine_of(stage) as engine:
        before, plain, written = state_of(engine), engine.reloading._load, []

        def load():
            """Read while somebody goes on writing."""
            found = plain()
            written.append(0)
            stage.write("prompts/user.tmpl", f"{{# Version: {len(written)} #}}\nbe brave\n")
            return found

        monkeypatch.setattr(engine.reloading, "_load", load)
        answer = await engine.reloading.reload()
        assert answer.is_refused
        assert "are being written" in answer.message
        assert state_of(engine) == before


async def test_a_replaced_file_is_taken_over_as_it_is_in_the_end(stage, monkeypatch):
    async with engine_of(stage) as engine:
        plain, read = engine.reloading._load, []

        def load():
            found = plain()
            if not read:
                change(stage, "etc/executor.yaml", "max_positions: 3", "max_positions: 2")
            read.append(0)
            return found

        monkeypatch.setattr(engine.reloading, "_load", load)
        answer = await engine.reloading.reload()
        assert [str(c) for c in answer.changes] == ["max_positions: 3 → 2"]
        assert len(read) == 3


async def test_reading_that_hangs_is_given_up(stage, monkeypatch):
    import threading

    async with engine_of(stage) as engine:
        go_on = threading.Event()
        monkeypatch.setattr(engine.reloading, "_reading", 0.01)
        monkeypatch.setattr(engine.reloading, "_load", go_on.wait)
        answer = await engine.reloading.reload()
        go_on.set()
        assert answer.is_refused
        assert "took more than 0.01 s" in answer.message


async def test_a_cycle_under_way_ends_with_what_it_began(stage):
    async with engine_of(stage) as engine:
        before = state_of(engine)
        change(stage, "etc/executor.yaml", "max_positions: 3", "max_positions: 2")
        async with anyio.create_task_group() as tasks, engine.manager.gate.cycle():
            tasks.start_soon(engine.reloading.reload)
            await until(lambda: engine.manager.gate._closed is not None)
            assert state_of(engine) == before
        assert engine.manager.traders["bob"].config.limits.max_positions == 2


async def until(condition):
    """Wait for something to be so."""
    with anyio.fail_after(60):
        while not condition():
            await pause(0.002)


async def asked(stage, engine, *requests):
    """Let people ask, until all of them are answered."""
    answers = Answers(stage.root / "data")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.reloading.keep)
        await engine.manager.catch_up()
        await until(lambda: not Requests(stage.root / "data").look())
        tasks.cancel_scope.cancel()
    return [answers.read(request.id) for request in requests]


def ask(stage, by=0):
    return Requests(stage.root / "data").add(
        ControlCommand.RELOAD, None, None, NOW + timedelta(seconds=by)
    )


async def test_two_who_ask_at_once_are_both_answered_after_one_reading(stage, monkeypatch):
    async with engine_of(stage) as engine:
        plain, read = engine.reloading._load, []
        monkeypatch.setattr(engine.reloading, "_load", lambda: read.append(0) or plain())
        change(stage, "etc/executor.yaml", "max_positions: 3", "max_positions: 2")
        answers = await asked(stage, engine, ask(stage), ask(stage, 1))
        assert len(read) == 2
        assert [a["ok"] for a in answers] == [True, True]
        assert answers[0]["changes"] == [
            {"trader": "", "key": "max_positions", "old": "3", "new": "2"}
        ]
        said = recorded(engine, "control")
        assert [(b.command, b.outcome, b.trader) for b in said] == [("reload", "done", None)] * 2


async def test_a_refusal_is_an_alert_and_the_answer_has_all_problems(stage):
    async with engine_of(stage) as engine:
        changed_capital(stage)
        changed_model(stage)
        [answer] = await asked(stage, engine, ask(stage))
        assert not answer["ok"]
        assert [p["path"] for p in answer["problems"]] == [
            "models.still.params.trades_per_day", "manager.total_equity_usd",
        ]  # fmt: skip
        [alert] = [a for a in stage.alerts(engine) if a.code == "reload_refused"]
        assert "total_equity_usd" in alert.message
        [said] = recorded(engine, "control")
        assert said.outcome == "refused"


async def test_an_ending_run_takes_nothing_over(stage):
    async with engine_of(stage) as engine:
        before = state_of(engine)
        change(stage, "etc/executor.yaml", "max_positions: 3", "max_positions: 2")
        engine.manager.stop("enough")
        answer = await engine.reloading.reload()
        assert answer.is_refused
        assert "the run is ending" in answer.message
        assert state_of(engine) == before


async def test_a_request_an_ended_run_has_left_is_answered_by_the_next(stage):
    async with engine_of(stage) as engine:
        request = ask(stage)
        change(stage, "etc/executor.yaml", "max_positions: 3", "max_positions: 2")
        engine.manager.stop("enough")
    async with engine_of(stage) as engine:
        [answer] = await asked(stage, engine, request)
        assert answer["message"] == "nothing has changed"
        assert engine.manager.traders["ann"].config.limits.max_positions == 2


@pytest.mark.parametrize("at", ["record", "brakes"])
async def test_after_dying_in_the_middle_a_start_is_fine(stage, monkeypatch, at):
    class KilledError(BaseException):
        pass

    def die(*_, **__):
        raise KilledError

    async with engine_of(stage) as engine:
        change(stage, "etc/executor.yaml", "max_positions: 3", "max_positions: 2")
        owner, name = {
            "record": (engine.recorder, "commit"),
            "brakes": (engine.views._brakes, "reload"),
        }[at]
        monkeypatch.setattr(owner, name, die)
        with pytest.raises(KilledError):
            await engine.reloading.reload()
    monkeypatch.undo()
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        assert engine.manager.traders["ann"].config.limits.max_positions == 2
        digests = [body.digest for body in recorded(engine, "config_loaded")]
        assert len(digests) == len(set(digests)) == 2
        assert engine.recorder.state.facts.config_digest == engine.reloading.config.digest


async def test_what_fails_before_anything_has_changed_is_told(stage, monkeypatch):
    async with engine_of(stage) as engine:
        before = state_of(engine)
        change(stage, "etc/executor.yaml", "max_positions: 3", "max_positions: 2")

        def fail(*_):
            raise KeyError("lost")

        monkeypatch.setattr(engine.reloading, "_prepare", fail)
        answer = await engine.reloading.reload()
        assert answer.is_refused
        assert "lost" in answer.message
        assert state_of(engine) == before


async def test_another_interval_is_kept_to_from_the_next_moment_on(stage):
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        change(stage, "etc/executor.yaml", "decision_interval: 1m", "decision_interval: 5m")
        await engine.reloading.reload()
        now = engine.clock.now()
        [timer] = engine.manager.schedule.of(Rank.CYCLE, "bob")
        assert (timer.step, timer.due) == (timedelta(minutes=5), now + timedelta(minutes=5))
        assert engine.manager.traders["bob"].due == timer.due


async def test_decisions_go_on_after_a_reload_at_their_new_interval(stage):
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        change(stage, "etc/executor.yaml", "decision_interval: 1m", "decision_interval: 2m")
        await engine.reloading.reload()
        await engine.run(stop_after(engine, 6))
        times = [b.scheduled for b in recorded(engine, "cycle") if b.trader == "ann"]
        assert len(times) >= 2
        assert {b - a for a, b in pairwise(times)} == {timedelta(minutes=2)}


# --- brakes and budgets ---------------------------------------------------------------------------


def losing(engine, monkeypatch, day="6", fall="6"):
    memory = engine.recorder.state.brakes
    monkeypatch.setattr(memory, "day_loss_pct", lambda *_: D(day))
    monkeypatch.setattr(memory, "drawdown_pct", lambda *_: D(fall))


def with_limit(stage, text):
    file = stage.root / "etc" / "manager.yaml"
    lines = [
        line
        for line in file.read_text().splitlines()
        if not line.strip().startswith(("daily_loss", "max_drawdown"))
    ]
    at = next(i for i, line in enumerate(lines) if "auto_start" in line)
    if text:
        lines.insert(at, f"    {text}")
    file.write_text("\n".join(lines) + "\n")


def on(engine, trader="ann"):
    return {each.brake for each in engine.recorder.state.brakes.active(trader)}


async def test_the_brake_of_the_day_follows_its_limit(stage, monkeypatch):
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        losing(engine, monkeypatch)
        with_limit(stage, "daily_loss_limit_pct: 5")
        await engine.reloading.reload()
        assert on(engine) == {Brake.DAILY_LOSS}
        assert "the day's loss is 6.00 %" in engine.views._brakes.refusal("ann")
        with_limit(stage, "daily_loss_limit_pct: 4")
        await engine.reloading.reload()
        assert on(engine) == {Brake.DAILY_LOSS}
        with_limit(stage, "daily_loss_limit_pct: 7")
        await engine.reloading.reload()
        assert on(engine) == set()
        with_limit(stage, "daily_loss_limit_pct: 5")
        await engine.reloading.reload()
        assert on(engine) == {Brake.DAILY_LOSS}
        with_limit(stage, "")
        await engine.reloading.reload()
        assert on(engine) == set()


async def test_the_brake_of_a_drawdown_stays_until_a_person_resumes(stage, monkeypatch):
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        losing(engine, monkeypatch)
        with_limit(stage, "max_drawdown_pct: 5")
        await engine.reloading.reload()
        assert on(engine) == on(engine, "bob") == {Brake.MAX_DRAWDOWN}
        for text in ("max_drawdown_pct: 50", ""):
            with_limit(stage, text)
            await engine.reloading.reload()
            assert on(engine) == {Brake.MAX_DRAWDOWN}


async def test_tighter_limits_close_nothing(stage):
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
        held = engine.recorder.state.positions("paper")
        orders = len(recorded(engine, "order_intended"))
        change(stage, "etc/executor.yaml", "major_coin_leverage: 5", "major_coin_leverage: 1")
        change(
            stage, "etc/manager.yaml", "{min_risk_reward_ratio: 0",
            "{max_position_size_usd: 1, min_risk_reward_ratio: 0",
        )  # fmt: skip
        answer = await engine.reloading.reload()
        assert not answer.is_refused
        await engine.manager.catch_up()
        assert engine.recorder.state.positions("paper") == held
        assert len(recorded(engine, "order_intended")) == orders


async def test_budgets_of_the_day_are_taken_over(stage):
    async with engine_of(stage) as engine:
        runner = engine.manager._cycles._runner
        assert runner._left(engine.manager.traders["ann"]) is None
        change(
            stage, "etc/manager.yaml", "auto_start: true",
            "auto_start: true\n    budget_usd_per_day: 2",
        )  # fmt: skip
        answer = await engine.reloading.reload()
        assert [c.new for c in answer.changes] == ["2", "2"]
        assert runner._left(engine.manager.traders["ann"]).usd == 2
        assert engine.reloading.config.traders[0].budget == DailyBudget(usd=D(2))


async def test_gates_of_the_ranking_and_names_are_shown(stage):
    async with engine_of(stage) as engine:
        await engine.manager.catch_up()
        file = stage.root / "etc" / "nof0.yaml"
        file.write_text(f"{file.read_text()}Ranking: {{MinCycles: 3}}\n")
        change(stage, "etc/manager.yaml", "name: Ann", "name: Anna")
        answer = await engine.reloading.reload()
        assert {str(c) for c in answer.changes} == {
            "Ranking.MinCycles: 20 → 3", "traders[ann].name: Ann → Anna",
        }  # fmt: skip
        view = engine.views.all()
        assert view.gates.min_cycles == 3
        assert view.traders[0].name == "Anna"
        assert attrs.evolve(view.traders[1]).name == "Bob"
