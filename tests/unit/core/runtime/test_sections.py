"""A section that opens badly is named with plugin and line, and what it yields is a service."""

from __future__ import annotations

import pytest
from staged_engine import PLUGIN, Stage, stop_after

from nof0_core.clock import SimulatedClock
from nof0_core.errors import PluginError, TransientError
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
SECRET = "hush-hush-1234"  # noqa: S105 - invented


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def rewrite(stage, old, new):
    """Let the plugin be another one."""
    assert old in PLUGIN
    stage.write("etc/staged.py", PLUGIN.replace(old, new).format(key=stage.key))


async def fails_to_open(stage, monkeypatch, kind):
    with pytest.raises(kind) as told:
        async with stage.engine(SimulatedClock(START)):
            pass
    return told.value


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (RuntimeError("boom"), "RuntimeError: boom"),
        (SystemExit(3), "SystemExit: 3"),
        (
            ExceptionGroup("tasks", [KeyError("x"), OSError("disk")]),
            "KeyError: 'x'; OSError: disk",
        ),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    ("verb", "section"),
    [("market", "market staged"), ("exchange", "exchange paper")],
)
async def test_what_opening_raises_is_told_with_section_plugin_and_line(
    stage, monkeypatch, fault, said, verb, section
):
    stage.faults[verb] = fault
    error = await fails_to_open(stage, monkeypatch, TransientError)
    family, name = section.split()
    file = str(stage.root / "etc" / f"{family}.yaml")
    whose = f"({section}, {family}.yaml:4)"
    [plugin] = {str(p) for p in stage_plugins(stage)}
    assert str(error) == (
        f"{section}: opening failed 5 times: open raised {said}: a defect of {plugin} {whose}"
    )
    assert error.hints == (f"while opening {family} section {name} ({file}:4), of {plugin}",)


def stage_plugins(stage):
    from nof0_core import config as configuration
    from nof0_core.plugins import load_plugins

    config = configuration.load(stage.root / "etc" / "nof0.yaml", load_plugins())
    return [plugin for plugin in config.registry.plugins if plugin.is_file]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "yield stage.market",
            "yield None",
            "yields a NoneType, which has no capabilities, instruments(), candles(), quotes()",
        ),
        (
            "yield stage.market",
            "yield stage",
            "yields a Stage, which has no capabilities, instruments(), candles(), quotes()",
        ),
        (
            "yield stage.market",
            "stage.market.quotes = lambda symbols: {{}}\n    yield stage.market",
            "yields a StagedMarket, whose quotes() is no coroutine function: write async def",
        ),
        (
            "yield stage.venue",
            "yield open_exchange",
            (
                "yields a function, which has no capabilities, report(), place(), cancel(), "
                "order(), fills(), set_leverage()"
            ),
        ),
        (
            "    yield stage.market\n",
            "    return\n    yield\n",
            "open yielded nothing; it yields the service, once: a defect of ",
        ),
        (
            "@asynccontextmanager\nasync def open_market",
            "async def open_market",
            "open returned an async_generator, not an async context manager: a defect of ",
        ),
        (
            "@asynccontextmanager\nasync def open_market(config, env):",
            "async def open_market(config, env):\n    return 7\nasync def other(config, env):",
            "open returned a coroutine, not an async context manager: a defect of ",
        ),
    ],
)
async def test_what_is_no_service_is_refused_when_it_opens(stage, monkeypatch, old, new, said):
    rewrite(stage, old, new)
    error = await fails_to_open(stage, monkeypatch, PluginError)
    assert said in str(error)
    assert "staged.py" in str(error)
    assert error.exit_code == 2


MODEL = """
from nof0_core import BackendKind

@attrs.frozen(kw_only=True)
class Nothing:
    pass

class Talks:
    async def complete(self, request):
        raise NotImplementedError

class Writes:
    async def cursor(self):
        return 0
    async def export(self, events, view):
        pass

@asynccontextmanager
async def open_talks(config, env):
    yield Talks()

@asynccontextmanager
async def open_writes(config, env):
    yield Writes()

@hookimpl
def nof0_llm_backends():
    return [
        BackendKind(
            type="talks", config=Nothing, open=open_talks, summary="test", reads_prompt=False
        )
    ]

@hookimpl
def nof0_exporters():
    return [ServiceKind(type="writes", config=Nothing, open=open_writes, summary="test")]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("yield Talks()", "yield None", "yields a NoneType, which has no complete()"),
        ("async def complete", "def complete", "whose complete() is no coroutine function"),
        ("", "", None),
    ],
)
async def test_so_is_a_backend_that_is_none(stage, monkeypatch, old, new, said):
    plugin = PLUGIN.format(key=stage.key) + MODEL.replace(old, new, 1)
    stage.write("etc/staged.py", plugin)
    main = stage.root / "etc" / "nof0.yaml"
    main.write_text(main.read_text() + "Exporters: [{type: writes}]\n")
    models = "{backend: talks, model_name: x}"
    stage.write("etc/llm.yaml", f"default_model: still\nmodels:\n  still: {models}\n")
    if said is None:
        async with stage.engine(SimulatedClock(START)) as engine:
            assert engine.manager.traders
        return
    error = await fails_to_open(stage, monkeypatch, PluginError)
    assert said in str(error)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("yield Writes()", "yield None", "yields a NoneType, which has no cursor(), export()"),
        ("async def cursor", "def cursor", "whose cursor() is no coroutine function"),
    ],
)
async def test_an_exporter_that_is_none_is_told_and_stops_nobody(
    stage, monkeypatch, old, new, said
):
    plugin = PLUGIN.format(key=stage.key) + MODEL.replace(old, new, 1)
    stage.write("etc/staged.py", plugin)
    main = stage.root / "etc" / "nof0.yaml"
    main.write_text(main.read_text() + "Exporters: [{type: writes}]\n")
    async with stage.engine(SimulatedClock(START)) as engine:
        assert await engine.run(stop_after(engine, 3)) == "enough"
    assert said in str(stage.log.lines)


async def test_an_open_that_yields_twice_is_a_warning_at_the_end(stage, monkeypatch):
    rewrite(
        stage,
        'await stage.meet("market closes")',
        'await stage.meet("market closes")\n    yield stage.market',
    )
    async with stage.engine(SimulatedClock(START)):
        pass
    [warning] = [text for level, text, _ in stage.log.lines if level == "warning"]
    assert warning.startswith("open yields more than once; it yields the service, once: a defect")
    assert "(market staged, market.yaml:4)" in warning


@pytest.mark.parametrize("verb", ["market closes", "exchange closes"])
async def test_what_closing_raises_after_a_clean_run_is_a_warning(stage, monkeypatch, verb):
    stage.faults[verb] = OSError("disk")
    async with stage.engine(SimulatedClock(START)) as engine:
        await engine.run(lambda _: engine.manager.stop("enough"))
    [warning] = [text for level, text, _ in stage.log.lines if level == "warning"]
    assert warning.startswith("closing raised OSError: disk: a defect of ")


SHARING = """
    got = []

    @asynccontextmanager
    async def resource():
        yield object()

    async def ask():
        got.append(await env.shared("one", resource))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(ask)
    stage.shared = got
    yield stage.market
"""


async def test_a_resource_is_one_for_sections_that_ask_at_the_same_time(stage):
    rewrite(stage, "\n    yield stage.market\n", SHARING.replace("{", "{{").replace("}", "}}"))
    written = stage.root / "etc" / "staged.py"
    written.write_text("import anyio\n" + written.read_text())
    async with stage.engine(SimulatedClock(START)):
        first, second = stage.shared
        assert first is second
