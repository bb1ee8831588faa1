"""What a service does beside its calls: a background task dies, alerts, health; in both drivers."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import live_project
import pytest
from bad_plugin import project
from journal_lines import lines_below
from opened import open_engine

from nof0_core import config as configuration
from nof0_core.domain.health import Health
from nof0_core.plugins import load_plugins
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.integration
BESIDE = """
import json
import os
from contextlib import asynccontextmanager

import anyio
import attrs
from nof0_core import ExchangeKind, ServiceKind, hookimpl
from nof0_core.domain.health import Health
from nof0_core.protocols import Capability, ExchangeWrapper
from nof0_provider_sim.config import SimExchangeConfig
from nof0_provider_sim.plugin import open_exchange


class Venue(ExchangeWrapper):
    begun = 0

    @property
    def capabilities(self):
        return super().capabilities | {Capability.HEALTH, Capability.FIGURES}

    def _health(self):
        raise AssertionError("an inner venue without the word")

    def health(self):
        return (Health.OK, "") if self.begun < 3 else (Health.DEGRADED, "polling, no stream")

    def figures(self):
        return {"begun": self.begun, "lag_seconds": 0.25}

    async def listen(self):
        self.begun += 1
        await anyio.lowlevel.checkpoint()
        if self.begun < 3:
            raise SystemExit(3)
        await anyio.sleep_forever()


@asynccontextmanager
async def open_venue(config, env):
    env.alert("key_expires", "the key ends tomorrow")
    async with open_exchange(config, env) as inner:
        venue = Venue(inner)
        env.tasks.start("stream", venue.listen)
        try:
            yield venue
        finally:
            (env.data_dir / "begun").write_text(str(venue.begun))


class Seen:
    def __init__(self, path, alert):
        self.path, self.alert = path, alert

    async def cursor(self):
        return 0

    async def export(self, events, view):
        self.alert("shown", "a picture was shown")
        with self.path.open("a") as file:
            seen = [[s.family, s.section, s.health, s.sentence] for s in view.services]
            file.write(json.dumps(seen) + "\\n")
        told = {s.section: dict(s.figures) for s in view.services if s.figures}
        self.path.with_name("figures.json").write_text(json.dumps(told))


@asynccontextmanager
async def open_seen(config, env):
    env.data_dir.mkdir(parents=True, exist_ok=True)
    yield Seen(env.data_dir / "seen.jsonl", env.alert)


@attrs.frozen(kw_only=True)
class Nothing:
    pass


@hookimpl
def nof0_exchange_providers():
    return [
        ExchangeKind(type="beside", config=SimExchangeConfig, open=open_venue, summary="listens")
    ]


@hookimpl
def nof0_exporters():
    return [ServiceKind(type="seen", config=Nothing, open=open_seen, summary="keeps health")]
"""


def give(etc: Path, exchange: tuple[str, str]) -> None:
    """Let a project's exchange be the one above."""
    (etc / "beside.py").write_text(BESIDE)
    main = (etc / "nof0.yaml").read_text()
    main = main.replace("Plugins: [", "Plugins: [./beside.py, ")
    (etc / "nof0.yaml").write_text(main.replace("LLM:", "Exporters: [{type: seen}]\nLLM:"))
    text = (etc / "exchange.yaml").read_text()
    assert exchange[0] in text
    (etc / "exchange.yaml").write_text(text.replace(*exchange))


def seen(data: Path) -> list[dict[str, tuple[str, str]]]:
    """Return what the exporter was shown of each section, picture after picture."""
    (path,) = data.rglob("seen.jsonl")
    return [
        {f"{family} {name}": (health, sentence) for family, name, health, sentence in row}
        for row in map(json.loads, path.read_text().splitlines())
    ]


def test_a_task_that_dies_where_time_passes_is_started_again_and_told(tmp_path, run_in):
    main = live_project.write(tmp_path)
    etc = main.parent
    give(etc, ("type: sim,", "type: beside,"))
    live = run_in(tmp_path / "data", main)
    outcome = live.run("--for", "8s")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    told = {r["data"]["code"]: r["data"]["message"] for r in live.records("alert")}
    assert "background task stream failed: SystemExit: 3" in told["plugin_task_failed"]
    assert told["plugin_task_failed"].startswith("exchange paper: ")
    assert "the key ends tomorrow" in told["plugin_key_expires"]
    assert told["plugin_shown"].startswith("exporter seen: a picture was shown")
    codes = [r["data"]["code"] for r in live.records("alert")]
    assert codes.count("plugin_shown") == codes.count("plugin_task_failed") == 1
    types = [r["type"] for r in live.records("engine_started", "alert")]
    assert types[0] == "engine_started"
    pictures = seen(live.data)
    assert pictures[-1]["exchange paper"] == ("degraded", "polling, no stream")
    assert ("degraded", "background task stream failed and is started again: SystemExit: 3") in [
        each["exchange paper"] for each in pictures
    ]
    assert pictures[-1].keys() >= {"market wave", "backend baseline", "exporter seen"}
    assert pictures[-1]["market wave"] == ("ok", "")
    (figures,) = live.data.rglob("figures.json")
    assert json.loads(figures.read_text()) == {"paper": {"begun": 3.0, "lag_seconds": 0.25}}
    (begun,) = live.data.rglob("begun")
    assert begun.read_text() == "3"
    assert live.records("filled")


STAYS = """
import asyncio
from contextlib import asynccontextmanager

import anyio
import attrs
from nof0_core import ServiceKind, hookimpl


class Silent:
    async def cursor(self):
        return 0

    async def export(self, events, view):
        pass


async def stay():
    while True:
        try:
            await anyio.sleep_forever()
        except asyncio.CancelledError:
            pass


@asynccontextmanager
async def open_it(config, env):
    env.tasks.start("stays", stay)
    yield Silent()


@attrs.frozen(kw_only=True)
class Nothing:
    pass


@hookimpl
def nof0_exporters():
    return [ServiceKind(type="stays", config=Nothing, open=open_it, summary="stays")]
"""


def test_a_task_that_cannot_be_cancelled_does_not_keep_a_run_from_ending(tmp_path, run_in):
    main = live_project.write(tmp_path)
    (main.parent / "beside.py").write_text(STAYS)
    text = main.read_text().replace("Plugins: [", "Plugins: [./beside.py, ")
    main.write_text(text.replace("LLM:", "Exporters: [{type: stays}]\nLLM:"))
    live = run_in(tmp_path / "data", main)
    outcome = live.run("--for", "2s")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert live.records("engine_stopped")
    assert "background task stays cannot be broken off" in (live.data / "nof0.log").read_text()


def test_a_task_that_dies_where_time_stands_still_changes_nothing(tmp_path):
    def run(root: Path, *, is_beside: bool):
        main = project.write(root)
        if is_beside:
            give(main.parent, ("bad: {type: bad,", "bad: {type: beside,"))
            text = (main.parent / "exchange.yaml").read_text().replace(", fault: ''", "")
            (main.parent / "exchange.yaml").write_text(text)
            text = (main.parent / "nof0.yaml").read_text()
            text = text.replace("Exporters: [{type: bad, fault: ''}]\n", "")
            (main.parent / "nof0.yaml").write_text(text)
        log, views = Lines(), []

        async def live():
            config = configuration.load(main, load_plugins(), data_dir=root / "data")
            async with open_engine(config, full_speed=True, log=lambda _: log) as engine:

                def after(_):
                    views.append(engine.export())
                    if len(views) == 25:
                        engine.manager.stop("enough")

                await engine.run(after)

        anyio.run(live)
        return main, log, views

    plain, _, _ = run(tmp_path / "plain", is_beside=False)
    first, log, views = run(tmp_path / "first", is_beside=True)
    second, _, _ = run(tmp_path / "second", is_beside=True)
    # Started again in engine time, degraded until then.
    ends = {(s.family, s.section): s for s in views[-1].services}
    assert ends["exchange", "bad"].health is Health.DEGRADED
    assert ends["exchange", "bad"].sentence == "polling, no stream"
    assert ends["exchange", "good"].health is Health.OK
    assert [level for level, *_ in log.lines].count("warning")
    assert "background task stream failed" in str(log.lines)
    # No event of it, but of what the venue told while it was opened.
    alerts = lines_below(first.parent.parent / "data" / "journal")
    codes = [r["data"]["code"] for r in alerts if r["type"] == "alert"]
    assert "plugin_key_expires" in codes
    assert "plugin_task_failed" not in codes
    assert "plugin_shown" not in codes
    assert "a picture was shown" in str(log.lines)
    for stream in ("good", "bad", "worse"):
        assert project.records(first, stream) == project.records(second, stream)
        assert project.records(first, stream) == project.records(plain, stream)
