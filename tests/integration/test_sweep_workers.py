"""Workers of sweeps as real processes: a Dask cluster, workers that die or hang, a kill."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from called import Called
from in_process_workers import MANAGER, InProcess

from nof0_core.backtest.processes.child import Answer, Child
from nof0_core.backtest.window import Window
from nof0_core.errors import UsageError
from nof0_core.project import run_sweep
from nof0_core.sweep.dask_cluster import SchedulerGoneError
from nof0_core.sweep.job import job_of
from nof0_core.sweep.running import prepare, run
from nof0_core.sweep.setting import Setting
from nof0_core.sweep.worker import answer_to
from nof0_core.sweep.workers import WORKER

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
MARKET = """
default: recorded
providers: {recorded: {type: sim, symbols: [BTC]}}
symbols: [BTC]
intervals: [3m, 4h]
indicators: [ema20, ema50, rsi14, atr14]
"""
PLUGIN = '''
"""Risk checks that end their process, never come back, or wait for a file."""
import os
import time

import attrs

from nof0_core import PolicyKind, hookimpl, opt
from nof0_core.domain.decision import Verdict, VerdictKind


@attrs.frozen(kw_only=True)
class How:
    does: str = opt(default="dies")


class Check:
    def __init__(self, how):
        self.does = how.does

    def check(self, decision, context):
        if self.does == "dies":
            os._exit(3)
        while self.does == "hangs" or not os.path.exists("go"):
            time.sleep(0.05)
        return Verdict(kind=VerdictKind.ALLOW)


@hookimpl
def nof0_risk_checks():
    return [PolicyKind(type="faulty", config=How, build=Check, summary="x")]
'''
HUNDRED = 100
SWEEP = Path("etc/sweep.yaml")


def agreed(_):
    return True


def windows(count):
    """Return windows of three minutes, one after the other."""
    lines = []
    for number in range(count):
        begins = 3 * number
        ends = begins + 3
        lines.append(
            f"  - {{from: 2025-07-23T{begins // 60:02}:{begins % 60:02}:00Z, "
            f"to: 2025-07-23T{ends // 60:02}:{ends % 60:02}:00Z}}"
        )
    return "\n".join(lines)


@pytest.fixture
def project(tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    made = Called(directory=tmp_path)
    made.write("etc/manager.yaml", MANAGER)
    made.write("etc/market.yaml", MARKET)
    models = (tmp_path / "etc" / "llm.yaml").read_text()
    made.write("etc/llm.yaml", models.replace("symbols: [BTC, ETH, SOL]", "symbols: [BTC]"))
    return made


@pytest.fixture
def cluster(monkeypatch):
    """A scheduler and two workers, each a process of its own, on the loopback interface."""
    distributed = pytest.importorskip("distributed")
    # Workers import nof0 from where this process does.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, os.sys.path)))
    made = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address=None, silence_logs=50,
    )  # fmt: skip
    with made:
        yield made


def pids(cluster):
    return [nanny.pid for nanny in cluster.workers.values()]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")  # of Dask, about a worker that was killed
def test_a_hundred_jobs_on_a_cluster_with_a_worker_killed_are_those_of_one_process(
    project, cluster, monkeypatch
):
    project.write(
        "etc/sweep.yaml",
        "config: nof0.yaml\nmodels: [ema-cross, buy-and-hold]\nmoments: 1\n"
        f"windows:\n{windows(HUNDRED // 2)}\n",
    )
    killed = []

    def kill(done, total, failed):
        if done == 30 and not killed:
            killed.append(pids(cluster)[0])
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.chdir(project.directory)
    shared = run(
        prepare(SWEEP),
        agree=agreed,
        address=cluster.scheduler_address,
        progress=kill,
    )
    assert (shared.is_complete, shared.done, len(killed)) == (True, HUNDRED, 1)
    names = ("results.parquet", "report.html")
    before = [(shared.folder / name).read_bytes() for name in names]
    alone = run(prepare(SWEEP), agree=agreed, hired=InProcess(), fresh=True)
    assert alone.is_complete
    assert (alone.folder / names[0]).read_bytes() == before[0]
    records = [(shared.folder.with_name("sweep.1") / "jobs").rglob("*.json")]
    assert len(list(*records)) == HUNDRED


@pytest.mark.filterwarnings("ignore")  # of Dask, about connections that were lost
def test_a_cluster_that_loses_its_workers_and_then_its_scheduler_is_told(project, monkeypatch):
    distributed = pytest.importorskip("distributed")
    workers = InProcess()
    monkeypatch.setattr(
        "nof0_core.sweep.dask_cluster.Child.persist",
        lambda _, order, **__: Answer(**answer_to(workers.settings, {**order, "checkers": 0})),
    )
    monkeypatch.setattr("nof0_core.sweep.dask_cluster._ALONE", 2)
    monkeypatch.chdir(project.directory)
    project.write("etc/sweep.yaml", f"config: nof0.yaml\nmoments: 1\nwindows:\n{windows(8)}\n")
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1",
        dashboard_address=None, silence_logs=50,
    )  # fmt: skip

    def ended(error, by):
        """Let the cluster lose something after two jobs; return how many are kept."""
        lost = []

        def lose(done, total, failed):
            if not lost and done > before + 1:
                lost.append(by)
                by()

        before = len(list((project.directory / "data" / "sweeps").rglob("jobs/*/*.json")))
        with pytest.raises(SchedulerGoneError, match=error) as caught:
            run(prepare(SWEEP), agree=agreed, address=cluster.scheduler_address, progress=lose)
        assert "start it again and run the same command for the rest" in caught.value.hints[0]
        page = project.directory / "data" / "sweeps" / "sweep" / "report.html"
        assert "Incomplete: " in page.read_text()
        kept = list((project.directory / "data" / "sweeps").rglob("jobs/*/*.json"))
        assert before < len(kept) < 8
        return len(kept)

    with cluster:
        tasks = cluster.scheduler.tasks

        def leave():
            # A result nobody has fetched yet is lost with the worker that has it.
            while [task.state for task in tuple(tasks.values())].count("memory") < 2:
                time.sleep(0.01)
            cluster.scale(0)
            cluster.sync(cluster._correct_state)

        first = ended("has no workers any more", leave)
        cluster.scale(1)
        second = ended("the Dask scheduler at tcp://.* went away", cluster.close)
    rest = run(prepare(SWEEP), agree=agreed, hired=(doing := InProcess()))
    assert rest.is_complete
    assert first < second == 8 - len(doing.asked)


def test_a_scheduler_that_is_not_there_is_told(project, monkeypatch):
    monkeypatch.setattr("nof0_core.sweep.dask_cluster.CONNECT", 1)
    project.write("etc/sweep.yaml", f"config: nof0.yaml\nmoments: 1\nwindows:\n{windows(1)}\n")
    done = project.nof0("sweep", "etc/sweep.yaml", "--address", "tcp://127.0.0.1:9")
    assert done.exit_code == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr


def faulty(project, *checks):
    """Let each variant have a risk check with one of these faults, or none."""
    project.write("etc/faulty.py", PLUGIN)
    main = (project.directory / "etc" / "nof0.yaml").read_text()
    project.write("etc/nof0.yaml", main.replace("Seed: 7", "Plugins: [faulty.py]\nSeed: 7"))
    lines = "".join(
        f"  - [{{type: faulty, does: {each}}}]\n" if each else "  - []\n" for each in checks
    )
    project.write(
        "etc/sweep.yaml",
        "config: nof0.yaml\nmodels: [buy-and-hold]\nmoments: 1\n"
        f"parameters:\n  Manager.traders.cross.risk_checks:\n{lines}windows:\n{windows(1)}\n",
    )


def test_a_worker_that_dies_is_told_and_the_others_have_results(project, monkeypatch):
    monkeypatch.setattr("nof0_core.backtest.processes.child.ATTEMPTS", 2)
    faulty(project, "", "dies")
    done = project.nof0("sweep", "etc/sweep.yaml", "--workers", "1")
    assert done.exit_code == 1
    assert "1 of 2 backtests, 1 without a result" in done.stdout
    assert "the worker process ended with code 3 (2 times)" in done.stdout
    assert "the same command tries those without a result again" in done.stdout


def test_a_worker_that_hangs_is_ended_when_its_time_is_over(project, monkeypatch):
    faulty(project, "hangs")
    monkeypatch.chdir(project.directory)
    setting = Setting(SWEEP)
    entry, _ = setting.asked.windows[0]
    job = job_of(next(setting.asked.space.grid()), Window(entry.start, entry.end), None)
    order = {
        **job.order(), "do": "job", "moments": 0, "checkers": 0, "code": setting.code, "digest": "",
        "sweep": "etc/sweep.yaml", "cwd": str(project.directory), "data_dir": None,
    }  # fmt: skip
    child = Child(WORKER)
    answer = child.ask(order, limit=1)
    assert (answer.kind, answer.found, child.pid) == ("limit", None, None)
    assert answer.error == "took longer than the time limit, 1 s"
    child.end()


def test_sigterm_keeps_what_there_is_and_a_notebook_does_the_rest(project, monkeypatch):
    faulty(project, "", "waits")
    records = project.directory / "data" / "sweeps" / "sweep" / "jobs"
    process = subprocess.Popen(
        [sys.executable, "-m", "nof0_core", "sweep", str(SWEEP), "--workers", "1"],
        cwd=project.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    while not list(records.rglob("*.json")) and process.poll() is None:
        time.sleep(0.05)
    # The second backtest waits for a file that is not there.
    process.terminate()
    said, _ = process.communicate()
    assert process.returncode == 130, said
    assert "incomplete: interrupted; the same command does the rest" in said
    [kept] = records.rglob("*.json")
    before = kept.stat().st_mtime_ns

    (project.directory / "go").touch()
    monkeypatch.chdir(project.directory)

    async def notebook():
        """Call it as a cell does: in a thread that has a running event loop."""
        return run_sweep(SWEEP, workers=1)

    result = asyncio.run(notebook())
    assert result.is_complete
    assert kept.stat().st_mtime_ns == before, "what has a result is not run again"
    columns = result.columns_of_rows()
    assert {len(values) for values in columns.values()} == {2}
    assert columns["trader"] == ["cross", "cross"]

    monkeypatch.setattr("nof0_core.sweep.estimate.MANY", -1)
    with pytest.raises(UsageError, match="this sweep is large") as caught:
        run_sweep(SWEEP, workers=1)
    assert "allow_long=True runs it" in caught.value.hints[0]
    with pytest.raises(UsageError, match="workers are local processes"):
        run_sweep(SWEEP, workers=1, address="tcp://127.0.0.1:9")


def test_a_large_sweep_needs_yes_where_nobody_can_be_asked(project, monkeypatch):
    monkeypatch.setattr("nof0_core.sweep.running.LocalWorkers", lambda _: InProcess())
    monkeypatch.setattr("nof0_core.sweep.estimate.MANY", 0)
    project.write("etc/sweep.yaml", f"config: nof0.yaml\nmoments: 1\nwindows:\n{windows(2)}\n")
    refused = project.nof0("sweep", "etc/sweep.yaml", "--workers", "1")
    assert refused.exit_code == 2
    assert "2 backtests: 1 variants × 2 windows × 1 seed" in refused.stderr
    assert "this sweep is large: 1 backtests are left" in refused.stderr
    assert "--yes runs it; what has been run by now is kept" in refused.stderr
    done = project.nof0("sweep", "etc/sweep.yaml", "--workers", "1", "--yes", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["jobs"], found["done"], found["trials"]) == (2, 2, 1)
