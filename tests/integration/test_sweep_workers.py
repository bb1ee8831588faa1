"""Workers of sweeps as real processes: a Dask cluster, workers that die or hang, a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from called import Called

from nof0_core.backtest.window import Window
from nof0_core.sweep.child import Child
from nof0_core.sweep.job import job_of
from nof0_core.sweep.running import prepare, run
from nof0_core.sweep.setting import Setting

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
MANAGER = """
manager: {total_equity_usd: 10000, state_storage_path: ../data/manager_state.json}
traders:
  - id: cross
    prompt_template: prompts/manager/default.tmpl
    model: ema-cross
    decision_interval: 3m
    allocation_pct: 40
    risk_params: {min_risk_reward_ratio: 1.5, min_confidence: 50}
"""
MARKET = """
default: recorded
providers: {recorded: {type: sim, symbols: [BTC]}}
symbols: [BTC]
intervals: [3m, 4h]
indicators: [ema20, ema50, rsi14, atr14]
"""
PLUGIN = '''
"""Risk checks that end their process, or never come back."""
import json
import os
import time

import attrs

from nof0_core import PolicyKind, hookimpl, opt


@attrs.frozen(kw_only=True)
class How:
    does: str = opt(default="dies")


class Check:
    def __init__(self, how):
        self.does = how.does

    def check(self, decision, context):
        if self.does == "dies":
            os._exit(3)
        time.sleep(3600)


@hookimpl
def nof0_risk_checks():
    return [PolicyKind(type="faulty", config=How, build=Check, summary="x")]
'''
HUNDRED = 100


def windows(count):
    """Return windows of six minutes, one after the other."""
    lines = []
    for number in range(count):
        begins = 6 * number
        ends = begins + 6
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
        prepare(Path("etc/sweep.yaml")),
        agree=lambda _: True,
        address=cluster.scheduler_address,
        progress=kill,
    )
    assert (shared.is_complete, shared.done, len(killed)) == (True, HUNDRED, 1)
    names = ("results.parquet", "report.html")
    before = [(shared.folder / name).read_bytes() for name in names]
    alone = run(prepare(Path("etc/sweep.yaml")), agree=lambda _: True, workers=1, fresh=True)
    assert alone.is_complete
    assert (alone.folder / names[0]).read_bytes() == before[0]
    records = [(shared.folder.with_name("sweep.1") / "jobs").rglob("*.json")]
    assert len(list(*records)) == HUNDRED


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
    monkeypatch.setattr("nof0_core.sweep.workers.ATTEMPTS", 2)
    faulty(project, "", "dies")
    done = project.nof0("sweep", "etc/sweep.yaml", "--workers", "1")
    assert done.exit_code == 1
    assert "1 of 2 backtests, 1 without a result" in done.stdout
    assert "the worker process ended with code 3 (2 times)" in done.stdout
    assert "the same command tries those without a result again" in done.stdout


def test_a_worker_that_hangs_is_ended_when_its_time_is_over(project, monkeypatch):
    faulty(project, "hangs")
    monkeypatch.chdir(project.directory)
    setting = Setting(Path("etc/sweep.yaml"))
    entry, _ = setting.asked.windows[0]
    job = job_of(next(setting.asked.space.grid()), Window(entry.start, entry.end), None)
    order = {
        **job.order(), "do": "job", "moments": 0, "code": setting.code, "digest": "",
        "sweep": "etc/sweep.yaml", "cwd": str(project.directory), "data_dir": None,
    }  # fmt: skip
    child = Child()
    answer = child.ask(order, limit=1)
    assert (answer.kind, answer.found, child.pid) == ("limit", None, None)
    assert answer.error == "took longer than the time limit, 1 s"
    child.end()


def test_a_large_sweep_needs_yes_where_nobody_can_be_asked(project, monkeypatch):
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
