"""The shipped demo is lockstep and paced: the same journal whatever the machine does beside it."""

from __future__ import annotations

import json
import random
import signal
import time
from datetime import timedelta
from functools import partial

import anyio
import anyio.lowlevel
import pytest
from journal_lines import NUMBERS
from opened import open_engine

from nof0_core import config as configuration
from nof0_core.clock import PacedClock, SimulatedClock
from nof0_core.plugins import load_plugins
from nof0_core.runtime import clocks
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.integration
OF_ENDS = ("engine_started", "engine_stopped", "account")
"""What ends and starts bring; they look at the venue as well."""


class Loaded:
    """Time of a machine that is busy: whoever looks may find that a good deal has passed."""

    def __init__(self, seed, worst):
        self.counted, self.worst, self.slept = 0.0, worst, 0.0
        self.chance = random.Random(seed)

    def wall(self):
        raise AssertionError

    def monotonic(self):
        self.counted += self.worst * self.chance.random() ** 4
        return self.counted

    async def sleep(self, seconds):
        self.counted += seconds
        self.slept += seconds
        for _ in range(self.chance.randrange(3)):
            await anyio.lowlevel.checkpoint()


def live(run, monkeypatch, make_clock, cycles):
    """Run the configuration until so many cycles are done; return the clock."""
    config = configuration.load(run.config, load_plugins(), data_dir=run.data)
    clock = make_clock(config.clock)
    monkeypatch.setattr(clocks, "choose", lambda *_, **__: clock)

    async def go():
        async with open_engine(config, full_speed=False, log=lambda _: Lines()) as engine:

            def after(_):
                if max(t.cycles for t in engine.manager.traders.values()) >= cycles:
                    engine.manager.stop("enough")

            await engine.run(after)

    anyio.run(go)
    return clock


def make(source, clock):
    if source is None:
        return SimulatedClock(clock.start)
    return PacedClock(start=clock.start, speed=clock.speed, source=source)


def test_pace_and_load_change_nothing_but_the_machines_time(run_in, tmp_path, monkeypatch):
    sources = {"quick": Loaded(1, 0.0), "busy": Loaded(2, 3.0)}
    journals = {}
    for name in ("full speed", *sources):
        run = run_in(tmp_path / name)
        live(run, monkeypatch, partial(make, sources.get(name)), cycles=41)
        journals[name] = run.journal_without_wall()
    assert journals["quick"] == journals["full speed"]
    assert journals["busy"] == journals["full speed"]
    # Two hours of the market are two seconds, unless the machine takes longer by itself.
    assert sources["quick"].counted == pytest.approx(2.0, abs=0.1)
    assert sources["busy"].counted > 20.0
    assert sources["busy"].slept < 1.0


def _plain(records):
    """Leave out what ends and starts a run, and numbers that count those."""
    kept = []
    for record in records:
        if record["type"] in OF_ENDS or record["data"].get("code") == "unprotected_at_end":
            continue
        data = {key: value for key, value in record["data"].items() if key not in NUMBERS}
        if record["type"] == "market":
            # A start writes whole windows; the digest is that of the view in any case.
            data = {key: data[key] for key in ("section", "digest")}
        kept.append((record["time"], record["stream"], record["type"], data))
    return kept


@pytest.mark.parametrize("how", ["--for", "Ctrl-C"])
def test_a_run_that_was_stopped_is_a_prefix_and_goes_on_as_if_it_had_not_been(
    run_in, tmp_path, demo, how
):
    run = run_in(tmp_path / "data")
    if how == "--for":
        assert run.run("--for", "2s").returncode == 0
    else:
        process = run.start()
        end = time.monotonic() + 60
        while len(run.journal_files) < 7 and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
    whole, part = demo.journal_without_wall(), run.journal_without_wall()
    for name, lines in part.items():
        if "@engine" in name:
            types = [json.loads(line)["type"] for line in lines]
            left = types.index("engine_stopped")
            # What the last look at the venue had to tell.
            while types[left - 1] in {"alert", "account"}:
                left -= 1
            del lines[left:]
        assert lines == whole[name][: len(lines)]
    assert len(run.records("cycle")) > 5
    assert run.run("--cycles", "40").returncode == 0
    expected, found = _plain(demo.records()), _plain(run.records())
    assert len(found) > 300
    assert found == expected[: len(found)]
    assert run.nof0("journal", "verify", str(run.data)).returncode == 0


def test_what_is_shown_moves_while_time_is_paced(run_in, tmp_path):
    run = run_in(tmp_path / "data")
    process = run.start()
    try:
        seen = set()
        end = time.monotonic() + 60
        while len(seen) < 3:
            assert time.monotonic() < end, f"the page stands still: {seen}"
            try:
                seen.add((run.data / "api" / "crypto-prices.json").read_bytes())
            except FileNotFoundError:
                seen.discard(b"")
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "stopped: terminated" in out
    starts = run.records("engine_started")
    assert [s["data"]["clock"] for s in starts] == ["simulated"]


def test_the_configured_clock_is_paced_unless_full_speed_is_asked_for(run_in, tmp_path):
    run = run_in(tmp_path / "data")
    config = configuration.load(run.config, load_plugins(), data_dir=run.data).clock
    later = config.start + timedelta(hours=3)
    paced = clocks.choose(config, full_speed=False, resume_at=later)
    assert (type(paced), paced.now()) == (PacedClock, later)
    assert type(clocks.choose(config, full_speed=True, resume_at=later)) is SimulatedClock
