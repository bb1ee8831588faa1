"""A server that is stopped, paused and started again while an engine runs changes nothing."""

from __future__ import annotations

import anyio
import pytest
from journal_lines import day_files
from opened import open_engine

from nof0_core.project import load_config
from nof0_core.testing.environment import Lines

FIRST, THEN, LAST = 6, 14, 22
"""After how many cycles it is disturbed, put right, and over."""


@pytest.fixture(scope="module")
def configured(project):
    """Load the shipped configuration with a database beside it."""

    def load(source, place):
        text = (project / "etc" / "nof0.yaml").read_text()
        text += f"\nExporters:\n  - {{type: sql, data_source: '{source}'}}\n"
        (project / "etc" / "disturbed.yaml").write_text(text)
        return load_config(project / "etc" / "disturbed.yaml", data_dir=place, environ={})

    return load


def live(config, at):
    """Run until so many cycles are done; `at` has what is done after how many."""
    states, log, done = {}, Lines(), set()

    async def go():
        async with open_engine(config, full_speed=True, log=lambda _: log) as engine:

            def after(_):
                cycles = max(trader.cycles for trader in engine.manager.traders.values())
                if cycles in at and cycles not in done:
                    done.add(cycles)
                    at[cycles]()
                states[cycles] = next(one for one in engine.exports.states if one.exporter == "sql")
                if cycles >= LAST:
                    engine.manager.stop("enough")

            await engine.run(after)

    anyio.run(go)
    assert done == set(at)
    return states, log


def told(place):
    """Return the journal without what the machine has added to it."""
    return {
        path.relative_to(place): [
            line.partition(b',"wall"')[0] for line in path.read_bytes().splitlines()
        ]
        for path in day_files(place)
    }


@pytest.fixture(scope="module")
def undisturbed(configured, postgres, tmp_path_factory):
    place = tmp_path_factory.mktemp("undisturbed") / "data"
    live(configured(postgres.database(), place), {})
    return told(place)


@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_no_cycle_is_another_and_all_rows_are_there(
    how, configured, postgres, emptied, undisturbed, tmp_path, run
):
    faults = {
        "stopped": {FIRST: postgres.stop, THEN: postgres.start},
        "paused": {FIRST: postgres.pause, THEN: postgres.resume},
    }
    states, _ = live(configured(emptied, tmp_path / "data"), faults[how])
    assert told(tmp_path / "data") == undisturbed
    # The engine went on, and said how far the database was behind.
    assert states[THEN - 1].behind > states[FIRST - 1].behind
    said = run("db", "check", "--data-dir", tmp_path / "data", config="disturbed.yaml")
    assert "equal the journal" in said
