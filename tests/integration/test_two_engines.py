"""Two engines in one process do not disturb each other."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from opened import open_engine

from nof0_core import config as configuration
from nof0_core.plugins import load_plugins
from nof0_core.runtime.logs import logging_to

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

ROOT = Path(__file__).parents[2]


async def run_engine(data, cycles):
    """Run the shipped configuration at full speed with a log of its own."""
    config = configuration.load(ROOT / "etc" / "nof0.yaml", load_plugins(), data_dir=data)
    shown = []
    with logging_to(data / "nof0.log", is_verbose=False, echo=shown.append) as log:
        async with open_engine(config, full_speed=True, log=log) as engine:
            own = log("test")
            traders = engine.manager.traders.values()

            def after(moment):
                own.info("moment", data=data.name, time=moment.isoformat())
                if max(trader.cycles for trader in traders) >= cycles:
                    engine.manager.stop("done")

            await engine.run(after)
    return shown


async def test_each_log_has_the_lines_of_its_own_engine(tmp_path, run_in):
    long, short, alone = (tmp_path / name for name in ("long", "short", "alone"))
    async with anyio.create_task_group() as tasks:
        # The short one ends first and takes its log with it.
        tasks.start_soon(run_engine, long, 30)
        tasks.start_soon(run_engine, short, 10)
    await run_engine(alone, 30)
    logs = {
        data.name: [json.loads(line) for line in (data / "nof0.log").read_text().splitlines()]
        for data in (long, short, alone)
    }
    for name, lines in logs.items():
        assert {line["data"] for line in lines if line["event"] == "moment"} == {name}
    assert [line["event"] for line in logs["long"]] == [line["event"] for line in logs["alone"]]
    assert len(logs["short"]) < len(logs["long"])
    assert run_in(long).journal_without_wall() == run_in(alone).journal_without_wall()
