"""A section that does not open is tried again for ever, and the engine runs the others."""

from __future__ import annotations

import anyio
import anyio.to_thread
import pytest
from staged_engine import FILES, PLUGIN, Stage
from world.clock import WorldClock
from world.loop import live_in, nap, now

from nof0_core.errors import TransientError, UsageError
from nof0_core.manager.trader import TraderStatus
from nof0_core.testing.environment import START

BOOM = RuntimeError("boom")


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """A stage where ann and bob have a market and an exchange each; only ann's are broken."""
    stage = Stage(tmp_path)
    plugin = PLUGIN.format(key=stage.key)
    for verb, section in (("market", "staged"), ("exchange", "paper")):
        old = f'await stage.meet("{verb}")'
        assert old in plugin
        new = f'await stage.meet("{verb}" if env.section == "{section}" else "spare {verb}")'
        plugin = plugin.replace(old, new)
    stage.write("etc/staged.py", plugin)
    market = FILES["market.yaml"].replace("symbols:", "  spare: {type: staged}\nsymbols:")
    stage.write("etc/market.yaml", market)
    stage.write(
        "etc/exchange.yaml", FILES["exchange.yaml"] + "  spare: {type: venue, market: spare}\n"
    )
    bob = "{<<: *ann, id: bob, name: Bob, exchange_provider: spare, market_provider: spare}"
    manager = FILES["manager.yaml"].replace("{<<: *ann, id: bob, name: Bob}", bob)
    stage.write("etc/manager.yaml", manager)

    async def at_once(work, *arguments, **_):
        return work(*arguments)

    # The world has no threads.
    monkeypatch.setattr(anyio.to_thread, "run_sync", at_once)
    return stage


def live(stage, monkeypatch, story):
    """Run an engine in virtual time while `story` happens."""

    async def run():
        async with stage.engine(WorldClock(START)) as engine:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(engine.run)
                await story(engine)
                engine.manager.stop("enough")
            return engine

    return live_in(1, run)


def statuses(engine):
    return {view.trader: view.status for view in engine.views.traders()}


def told(stage, engine):
    return [a.message for a in stage.alerts(engine) if a.code == "section_not_open"]


def cycles(engine):
    return {name: engine.recorder.state.standing(name).cycles for name in ("ann", "bob")}


SECTIONS = {"market": "market staged", "exchange": "exchange paper"}


@pytest.mark.parametrize("verb", ["market", "exchange"])
@pytest.mark.parametrize("fault", [BOOM, SystemExit(3), TransientError("away"), "hangs"], ids=repr)
def test_the_others_trade_and_it_joins_when_it_opens(stage, monkeypatch, verb, fault):
    if fault == "hangs":
        stage.hanging.add(verb)
    else:
        stage.faults[verb] = fault

    async def story(engine):
        assert statuses(engine)["ann"] is TraderStatus.RUNNING
        await nap(300)
        assert statuses(engine) == {"ann": TraderStatus.FAILING, "bob": TraderStatus.RUNNING}
        assert cycles(engine)["ann"] == 0
        assert cycles(engine)["bob"] >= 4
        [message] = told(stage, engine)
        assert message.startswith(SECTIONS[verb])
        assert f"{verb}.yaml:4" in message
        assert "staged.py" in message
        assert message.endswith(
            "; it is tried again, every 60 s at most; "
            "until it does, these traders decide nothing: ann"
        )
        stage.faults.clear()
        stage.hanging.clear()
        await nap(300)
        assert statuses(engine) == dict.fromkeys(("ann", "bob"), TraderStatus.RUNNING)
        assert cycles(engine)["ann"] >= 2
        assert engine.recorder.state.standing("ann").initial_capital == 4000
        engine.export()

    engine = live(stage, monkeypatch, story)
    assert "sync_failed" not in stage.codes(engine)
    assert len(told(stage, engine)) == 1


def test_it_is_tried_after_1_s_and_twice_as_long_each_time_up_to_a_minute(stage, monkeypatch):
    tries = []
    stage.faults["market"] = BOOM
    attempt = stage.attempt
    stage.attempt = lambda what: (tries.append(now()) if what == "market" else None, attempt(what))

    async def story(engine):
        await nap(250)

    live(stage, monkeypatch, story)
    assert [round(t) for t in tries] == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


def test_a_person_is_told_at_the_third_failure_and_every_hour(stage, monkeypatch):
    stage.faults["market"] = BOOM

    async def story(engine):
        await nap(2)
        assert told(stage, engine) == []
        await nap(2)
        assert len(told(stage, engine)) == 1
        await nap(3500)
        assert len(told(stage, engine)) == 1
        await nap(200)
        assert len(told(stage, engine)) == 2

    live(stage, monkeypatch, story)


@pytest.mark.parametrize("verb", ["instruments", "report"])
def test_so_are_the_first_calls_and_what_is_open_is_not_opened_again(stage, monkeypatch, verb):
    stage.faults[verb] = BOOM

    async def story(engine):
        await nap(200)
        assert statuses(engine) == dict.fromkeys(("ann", "bob"), TraderStatus.FAILING)
        assert f"{verb} raised RuntimeError: boom: a defect of" in told(stage, engine)[0]
        stage.faults.clear()
        await nap(200)
        assert statuses(engine) == dict.fromkeys(("ann", "bob"), TraderStatus.RUNNING)
        assert min(cycles(engine).values()) >= 2

    live(stage, monkeypatch, story)
    assert stage.calls.count("market") == stage.calls.count("exchange") == 1


def test_what_is_held_is_kept_while_the_market_is_away_and_protected_when_it_is_back(
    stage, monkeypatch
):
    async def enters(engine):
        await nap(5)
        await stage.enter(engine, "ann")

    live(stage, monkeypatch, enters)
    stage.faults["market"] = BOOM

    async def story(engine):
        await nap(100)
        [view, _] = engine.views.traders()
        assert view.account.unpriced == ("BTC",)
        assert engine.recorder.state.position("ann", "BTC") is not None
        engine.export()
        stage.faults.clear()
        await nap(100)
        [view, _] = engine.views.traders()
        assert view.account.unpriced == ()
        assert engine.recorder.state.position("ann", "BTC") is not None
        assert engine.manager.unprotected() == ()

    live(stage, monkeypatch, story)


def test_what_a_person_has_to_correct_is_told_and_not_tried_again(stage, monkeypatch):
    stage.faults["market"] = BOOM

    async def story(engine):
        await nap(2)
        stage.faults["market"] = UsageError("no such account")
        await nap(500)
        [message] = told(stage, engine)
        assert " does not open: no such account; it is not tried again before" in message
        assert message.startswith("market staged (market.yaml:4, ")
        assert stage.calls.count("market") == 3

    live(stage, monkeypatch, story)


def test_a_wrong_configuration_ends_the_start_at_once(stage, monkeypatch):
    stage.faults["market"] = UsageError("no such account")
    with pytest.raises(UsageError, match="no such account") as caught:
        live(stage, monkeypatch, None)
    assert "while opening market section staged" in caught.value.hints[0]
    assert stage.calls.count("market") == 1


MORE = """
from nof0_core import BackendKind
from nof0_core.domain.model import Completion

@attrs.frozen(kw_only=True)
class Nothing:
    pass

class Talks:
    async def complete(self, request):
        return Completion(model="m", text="[]")

class Writes:
    async def cursor(self):
        await STAGES[KEY].meet("cursor")
        return 0
    async def export(self, events, view):
        STAGES[KEY].calls.append(f"export {len(events)}")

@asynccontextmanager
async def open_talks(config, env):
    await STAGES[KEY].meet("backend")
    yield Talks()

@asynccontextmanager
async def open_writes(config, env):
    await STAGES[KEY].meet("exporter")
    yield Writes()

@hookimpl
def nof0_llm_backends():
    return [BackendKind(type="talks", config=Nothing, open=open_talks, summary="test")]

@hookimpl
def nof0_exporters():
    return [ServiceKind(type="writes", config=Nothing, open=open_writes, summary="test")]
"""


@pytest.fixture
def with_more(stage):
    """The stage with a backend and an exporter of its own."""
    plugin = stage.root / "etc" / "staged.py"
    plugin.write_text(plugin.read_text() + MORE)
    main = stage.root / "etc" / "nof0.yaml"
    main.write_text(main.read_text() + "Exporters: [{type: writes}]\n")
    models = "{backend: talks, model_name: x}"
    stage.write("etc/llm.yaml", f"default_model: still\nmodels:\n  still: {models}\n")
    return stage


def test_a_backend_that_is_not_open_gives_no_answer_and_then_does(with_more, monkeypatch):
    stage = with_more
    stage.faults["backend"] = BOOM

    async def story(engine):
        await nap(200)
        assert min(cycles(engine).values()) >= 2
        events = list(engine.journal.read(types=["cycle"]))
        assert {e.body.error for e in events} == {"backend talks is not open yet"}
        assert told(stage, engine)[0].startswith("llm talks does not open: open raised Runtime")
        stage.faults.clear()
        await nap(2000)
        assert statuses(engine) == dict.fromkeys(("ann", "bob"), TraderStatus.RUNNING)

    live(stage, monkeypatch, story)


@pytest.mark.parametrize("verb", ["exporter", "cursor"])
def test_an_exporter_that_does_not_open_keeps_nobody_from_trading(with_more, monkeypatch, verb):
    stage = with_more
    stage.faults[verb] = BOOM

    async def story(engine):
        await nap(200)
        assert min(cycles(engine).values()) >= 2
        assert statuses(engine) == dict.fromkeys(("ann", "bob"), TraderStatus.RUNNING)
        assert not [call for call in stage.calls if call.startswith("export ")]
        stage.faults.clear()
        await nap(100)
        newest = engine.export().seq
        await nap(1)
        handed = [int(c.removeprefix("export ")) for c in stage.calls if c.startswith("export ")]
        assert sum(handed) == newest

    live(stage, monkeypatch, story)
    assert stage.calls.count("exporter") == (1 if verb == "cursor" else 10)


def test_instruments_of_a_market_that_opens_late_are_recorded_then(stage, monkeypatch):
    stage.faults["market"] = TransientError("away")
    seen = []

    async def story(engine):
        facts = engine.recorder.state.facts
        seen.append([set(facts.instruments(name)) for name in ("staged", "spare")])
        stage.faults.clear()
        await nap(300)
        seen.append([set(facts.instruments(name)) for name in ("staged", "spare")])

    live(stage, monkeypatch, story)
    both = {"BTC", "ETH"}
    assert seen == [[set(), both], [both, both]]
