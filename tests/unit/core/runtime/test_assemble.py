"""What is opened for an engine, and who drives it, can each be exchanged."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager

import anyio
import attrs
import pytest
from journal_lines import content_of, day_files
from staged_engine import Stage, StagedMarket, stop_after

from nof0_core import config as configuration
from nof0_core.clock import SimulatedClock, SystemClock
from nof0_core.manager.drivers import Concurrent, Lockstep
from nof0_core.plugins import load_plugins
from nof0_core.runtime.assemble import assemble
from nof0_core.runtime.sections import as_configured
from nof0_core.runtime.services import open_services
from nof0_core.testing.environment import START, Lines

pytestmark = pytest.mark.anyio

WALL = re.compile(rb',"wall":\{[^}]*\}\}$', re.MULTILINE)


def configured(root, data="data"):
    stage = Stage(root)
    file = stage.root / "etc" / "nof0.yaml"
    return stage, configuration.load(file, load_plugins(), data_dir=root / data)


def opened(config, driver, **options):
    return open_services(config, lambda _: driver, log=lambda _: Lines(), **options)


def journal_of(config):
    root = config.state_dir / "journal"
    return {
        str(path.relative_to(root)): WALL.sub(b"}", content_of(path)) for path in day_files(root)
    }


class Counting(Lockstep):
    """Another driver, which counts the moments it drives through."""

    moments = 0

    async def drive(self, duties, after_moment):
        def counted(now):
            self.moments += 1
            after_moment(now)

        return await super().drive(duties, counted)


async def test_the_same_services_run_under_another_driver_to_the_byte(tmp_path):
    _, plain = configured(tmp_path, "plain")
    async with opened(plain, Lockstep(SimulatedClock(START))) as services:
        engine = assemble(services, services.driver)
        await engine.run(stop_after(engine, 70))
    _, other = configured(tmp_path, "other")
    async with opened(other, Lockstep(SimulatedClock(START))) as services:
        driver = Counting(services.driver.clock)
        engine = assemble(services, driver)
        await engine.run(stop_after(engine, 70))
        assert driver.moments == 70
    assert journal_of(plain) == journal_of(other)


async def test_a_driver_with_a_clock_of_its_own_is_refused(tmp_path):
    _, config = configured(tmp_path)
    async with opened(config, Lockstep(SimulatedClock(START))) as services:
        with pytest.raises(ValueError, match="opened on another clock than the driver has"):
            assemble(services, Lockstep(SimulatedClock(START)))


async def test_a_market_can_be_replaced_without_the_configuration_saying_so(tmp_path):
    stage, _ = configured(tmp_path)

    class Dearer(StagedMarket):
        async def quotes(self, symbols):
            quotes = await super().quotes(symbols)
            return {s: attrs.evolve(q, mark=2 * q.mark) for s, q in quotes.items()}

    @asynccontextmanager
    async def dearer(env):
        stage.market = Dearer(stage, env.clock)
        yield stage.market

    def opener(family, section, env):
        return dearer(env) if family == "market" else as_configured(family, section, env)

    marks = {}
    for name, options in (("configured", {}), ("replaced", {"opener": opener})):
        _, config = configured(tmp_path, name)
        async with opened(config, Lockstep(SimulatedClock(START)), **options) as services:
            engine = assemble(services, services.driver)
            await engine.manager.catch_up()
            quotes = engine.views._portfolio.current("paper")
            marks[name] = quotes["BTC"].mark
    assert marks["replaced"] == 2 * marks["configured"]


class Taking:
    """An exporter that tells when it has got a picture."""

    def __init__(self):
        self.views = []
        self.got = anyio.Event()

    async def cursor(self):
        return 0

    async def export(self, events, view):
        self.views.append(view)
        if len(self.views) > 2:
            self.got.set()


async def test_who_runs_an_engine_exports_without_the_command(tmp_path):
    stage = Stage(tmp_path)
    stage.write(
        "etc/nof0.yaml",
        (tmp_path / "etc/nof0.yaml").read_text() + "Exporters: [{type: prometheus, path: ./x}]\n",
    )
    manager = (tmp_path / "etc/manager.yaml").read_text()
    stage.write("etc/manager.yaml", manager.replace("update_interval: 1m", "update_interval: 1s"))
    config = configuration.load(tmp_path / "etc/nof0.yaml", load_plugins(), data_dir=tmp_path / "d")
    sink = Taking()

    @asynccontextmanager
    async def taking():
        yield sink

    def opener(family, section, env):
        return taking() if family == "exporter" else as_configured(family, section, env)

    driver = Concurrent(SystemClock())
    async with opened(config, driver, opener=opener) as services:
        engine = assemble(services, driver)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run)
            with anyio.fail_after(60):
                await sink.got.wait()
            assert (tmp_path / "d" / "manager_state.json").exists()
            engine.manager.stop("seen enough")
