"""The process ends when it is asked to, whatever plugins do; nothing of ours is lost."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.integration

SCRIPT = """
import sys
import nof0_core.cli.run
from nof0_core.execution.limits import Limits
nof0_core.cli.run.LIMITS = Limits(open=15, close=3, export=10, end=100)
from nof0_core.cli import main
main(sys.argv[1:])
"""
PLUGIN = """
import asyncio, os, signal, sys, threading, time
from contextlib import asynccontextmanager
import attrs, anyio
from nof0_core import ServiceKind, hookimpl
from nof0_provider_sim.plugin import open_market, SimMarketConfig

FAULT = {fault!r}

async def hang():
    await anyio.sleep_forever()

async def shielded():
    with anyio.CancelScope(shield=True):
        await anyio.sleep_forever()

async def stubborn():
    while True:
        try:
            await asyncio.sleep(1000)
        except BaseException:
            pass

HOW = dict(hang=hang, shielded=shielded, stubborn=stubborn)

async def at(place):
    where, _, how = FAULT.partition(" ")
    if where == place:
        print("reached", flush=True)
        if how == "block":
            time.sleep(1000)
        await HOW[how]()

@attrs.frozen(kw_only=True)
class Config:
    pass

class Bad:
    async def cursor(self):
        await at("cursor")
        return 0

    async def export(self, events, view):
        if FAULT == "block":
            if not hasattr(self, "done"):
                self.done = True
                time.sleep(2.5)
        if FAULT == "thread" and not hasattr(self, "done"):
            self.done = True
            threading.Thread(target=time.sleep, args=(1000,), name="left-over").start()
        if FAULT == "takes signals" and not hasattr(self, "done"):
            self.done = True
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: None)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
        await at("export")

@asynccontextmanager
async def open_bad(config, env):
    await at("open")
    try:
        yield Bad()
    finally:
        await at("close")

@asynccontextmanager
async def open_slow_market(config, env):
    await at("market-open")
    async with open_market(config, env) as market:
        yield market
        await at("market-close")

@hookimpl
def nof0_exporters():
    return [ServiceKind(type="bad", config=Config, open=open_bad, summary="bad")]

@hookimpl
def nof0_market_providers():
    return [ServiceKind(type="slow", config=SimMarketConfig, open=open_slow_market, summary="slow")]
"""


class Ended:
    def __init__(self, code, out, err, data):
        self.code, self.out, self.err = code, out, err
        self.log = (data / "nof0.log").read_text() if (data / "nof0.log").exists() else ""
        self.data = data


class Bad:
    """The shipped project, on a clock that runs, with a plugin that is bad in one way."""

    def __init__(self, folder, fault):
        for name in ("etc", "prompts"):
            shutil.copytree(ROOT / name, folder / name)
        (folder / "etc" / "bad.py").write_text(PLUGIN.replace("{fault!r}", repr(fault)))
        main = folder / "etc" / "nof0.yaml"
        text = main.read_text().replace("Lockstep: true", "Lockstep: false")
        assert "Exporters:" not in text
        main.write_text(
            f"{text}\nPlugins: [./bad.py]\nExporters: [{{type: bad}}, {{type: json}}]\n"
        )
        market = folder / "etc" / "market.yaml"
        market.write_text(re.sub(r"type: sim\b", "type: slow", market.read_text(), count=1))
        self.folder, self.data = folder, folder / "d"

    def start(self, *options):
        command = ["run", "etc/nof0.yaml", "--data-dir", "d", *options]
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def end(self, process):
        out, err = process.communicate(timeout=150)
        return Ended(process.returncode, out, err, self.data)

    def run(self, *options):
        return self.end(self.start(*options))

    def wait_for_trading(self):
        self.wait(lambda: any(p.parent.name != "@engine" for p in self.data.rglob("*.jsonl")))

    def wait(self, condition):
        end = time.monotonic() + 90
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.05)


FAULTS = [
    *(f"{place} {how}" for place in ("open", "cursor", "export", "close")
      for how in ("hang", "shielded", "stubborn")),
    "market-open hang",
    "market-close shielded",
    "market-close stubborn",
    "thread",
]  # fmt: skip


@pytest.mark.parametrize(
    "fault", FAULTS if os.environ.get("NOF0_ENDS") else random.Random(2).sample(FAULTS, 8)
)
def test_for_ends_it(tmp_path, fault):
    ended = Bad(tmp_path, fault).run("--for", "2s")
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err
    assert "of real time are over" in ended.out
    if fault != "market-open hang":
        assert '"type":"engine_stopped"' in "".join(
            p.read_text() for p in ended.data.rglob("@engine/*.jsonl")
        )
        assert (ended.data / "api" / "leaderboard.json").exists()
    if fault == "thread":
        assert "left-over" in ended.log


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 0, "terminated")],
)
@pytest.mark.parametrize("fault", ["export stubborn", "takes signals", "close shielded", "none"])
def test_a_signal_ends_it(tmp_path, fault, number, code, words):
    bad = Bad(tmp_path, fault)
    process = bad.start()
    bad.wait_for_trading()
    if fault == "takes signals":
        bad.wait(lambda: "was taken back" in (bad.data / "nof0.log").read_text())
    process.send_signal(number)
    ended = bad.end(process)
    assert (ended.code, ended.err.count("Traceback")) == (code, 0), ended.err
    assert f"stopped: {words}" in ended.out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_it_while_a_market_is_being_opened(tmp_path, number, code):
    bad = Bad(tmp_path, "market-open hang")
    process = bad.start()
    assert "reached" in process.stdout.readline()
    process.send_signal(number)
    ended = bad.end(process)
    assert (ended.code, ended.err.count("Traceback")) == (code, 0), ended.err


def test_a_second_ctrl_c_ends_it_at_once_also_where_the_loop_is_blocked(tmp_path):
    bad = Bad(tmp_path, "export block")
    process = bad.start()
    line = process.stdout.readline()
    while "reached" not in line:
        line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert bad.end(process).code == 130


def test_who_blocks_the_loop_is_named_and_counted(tmp_path):
    ended = Bad(tmp_path, "block").run("--for", "6s")
    assert ended.code == 0, ended.err
    [line] = [line for line in ended.log.splitlines() if "stands still" in line]
    assert "bad.py" in line
    metrics = next(ended.data.rglob("*.prom")).read_text()
    assert re.search(r"^nof0_loop_blocks_total [1-9]", metrics, re.MULTILINE)


@pytest.mark.parametrize("fault", ["export hang", "cursor hang", "block"])
def test_a_bad_exporter_changes_nothing_in_a_lockstep_run(tmp_path, run_in, fault):
    bad = Bad(tmp_path / "bad", fault)
    good = Bad(tmp_path / "good", "none")
    for one in (bad, good):
        ended = one.run("--cycles", "30")
        assert ended.code == 0, ended.err
    assert run_in(bad.data).journal_without_wall() == run_in(good.data).journal_without_wall()
    assert run_in(bad.data).exports() == run_in(good.data).exports()
