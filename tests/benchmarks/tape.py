"""Decision cycles of a backtest whose model answers from a tape.

    python tests/benchmarks/tape.py [CHECKOUT …] [--cycles 2000] [--rounds 3] [--every 0]

One trader looks at six coins in bars of 5 minutes and of an hour, is asked every 5 minutes with
the shipped templates, and holds; with `--every 20` about every twentieth answer enters. The first
CHECKOUT (this one) records the tape, all play it, by turns and each run in a process of its own:
an answer is found only for exactly the prompt that was recorded. Prints cycles per second of CPU
time of the run without opening, and those in stretches in which the machine was quiet (the lower
quartile of what 50 moments take); then where the time of a cycle goes in such stretches, in µs that
no other stage in the list has taken. Other threads compress the journal of days that are over.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path

import anyio
import yaml
from backtest import PACKAGES, START, Silent, project

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from journal_lines import content_of, day_files  # noqa: E402

SYMBOLS = ["BTC", "ETH", "SOL", "BNB", "DOGE", "XRP"]
DECIMALS = (0, 1, 2, 2, 5, 4)
PRICES = (100_000, 4_000, 200, 700, 0.2, 3)
PERIOD = timedelta(minutes=5)
CHUNK = 50
"""Moments that are measured together."""
STAGES = (
    ("market moment", "nof0_core.market.feed:MarketFeed.moment"),
    ("market record", "nof0_core.market.written_bars:WrittenBars.prepare"),
    ("account", "nof0_core.portfolio.valuation:Portfolio.account"),
    ("account", "nof0_core.portfolio.valuation:Portfolio.performance"),
    ("brakes", "nof0_core.manager.brakes:TraderBrakes.evaluate"),
    ("brakes", "nof0_core.manager.brakes:TraderBrakes.state"),
    ("variables", "nof0_core.prompts.book:variables"),
    ("tables", "nof0_core.prompts.series_text:SeriesText.table"),
    ("render", "nof0_core.prompts.book:render"),
    ("digest", "nof0_core.prompts.book:digest_of"),
    ("prompt, rest", "nof0_core.prompts.book:PromptBook.render"),
    ("question", "nof0_llm.tape.backend:question_of"),
    ("question", "nof0_llm.tape.question:Questions.of"),
    ("tape look-up", "nof0_llm.tape.file:TapeFile.find"),
    ("tape look-up", "nof0_llm.tape.file:TapeFile.reply"),
    ("tape, rest", "nof0_llm.tape.backend:TapeBackend.complete"),
    ("redact answer", "nof0_core.decision.maker:clean"),
    ("parse", "nof0_core.decision.maker:validate"),
    ("gate", "nof0_core.risk.gate:RiskGate.judge"),
    ("decide, rest", "nof0_core.decision.maker:DecisionMaker.decide"),
    ("journal", "nof0_core.journal:Journal.append"),
    ("journal", "nof0_core.journal:Journal.flush"),
    ("written prompts", "nof0_core.state.written_prompts:WrittenPrompts.shortened"),
    ("written prompts", "nof0_core.state.written_prompts:WrittenPrompts.take"),
    ("state", "nof0_core.state.engine_state:EngineState.check"),
    ("record, rest", "nof0_core.state.recorder:Recorder.record"),
    ("cycle, rest", "nof0_core.manager.cycle:CycleRunner.run"),
)
"""What is measured; of what calls another, the inner is not part of the outer."""


def taped_project(folder: Path, *, days: int, every: int, tape: Path, mode: str) -> Path:
    """Write a project whose only trader is answered from a tape."""
    main = project(folder, coins=1, traders=1, is_idle=True)
    etc = main.parent
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    shutil.copy(Path(__file__).with_name("reader.py"), etc / "reader.py")

    def changed(name: str, change) -> None:
        file = etc / name
        found = yaml.safe_load(file.read_text())
        change(found)
        file.write_text(yaml.safe_dump(found, sort_keys=False))

    def market(found) -> None:
        found["symbols"] = found["providers"]["made"]["symbols"] = SYMBOLS
        found["providers"]["made"] |= {
            "end": (START + timedelta(days=days + 1)).isoformat(),
            "first_price": dict(zip(SYMBOLS, PRICES, strict=True)),
            "start": (START - timedelta(days=5)).isoformat(),
            "instruments": {
                name: {"size_decimals": 3, "price_decimals": each, "max_leverage": 20}
                for name, each in zip(SYMBOLS, DECIMALS, strict=True)
            },
        }
        found |= {"intervals": ["5m", "1h"], "series_bars": 10}
        found["indicators"] = ["ema20", "ema50", "macd", "rsi7", "rsi14", "atr3", "atr14"]

    def manager(found) -> None:
        found["traders"][0] |= {
            "prompt_template": "../prompts/manager/default.tmpl",
            "executor_prompt_template": "../prompts/executor/default_prompt.tmpl",
            "decision_interval": "5m",
        }

    changed("nof0.yaml", lambda found: found.update(Plugins=["./reader.py"]))
    changed("market.yaml", market)
    changed("manager.yaml", manager)
    backends = {
        "reads": {"type": "reader", "every": every},
        "played": {"type": "tape", "backend": "reads", "file": str(tape), "mode": mode},
    }
    models = {"cross": {"backend": "played"}}
    llm = {"backends": backends, "default_model": "cross", "models": models}
    (etc / "llm.yaml").write_text(yaml.safe_dump(llm, sort_keys=False))
    return main


class Stages:
    """CPU time of the thread by stage, in ns, without what stages inside of it took."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, int] = defaultdict(int)
        self.calls: defaultdict[str, int] = defaultdict(int)
        self._inner: list[int] = [0]
        begin = time.thread_time_ns()
        for _ in range(1000):
            time.thread_time_ns()
        self._look = (time.thread_time_ns() - begin) / 1000

    def measure(self) -> None:
        """Measure all stages this checkout has."""
        for label, place in STAGES:
            module, _, path = place.partition(":")
            *owners, name = path.split(".")
            try:
                owner = functools.reduce(getattr, owners, import_module(module))
                method = getattr(owner, name)
            except AttributeError:
                continue
            setattr(owner, name, self._measured(label, method))

    def _measured(self, label, method):
        clock, inner, spent, calls = time.thread_time_ns, self._inner, self.spent, self.calls

        def end(begin: int) -> None:
            took, inside = clock() - begin, inner.pop()
            spent[label] += took - inside
            calls[label] += 1
            inner[-1] += took

        @functools.wraps(method)
        def called(*args, **kwargs):
            inner.append(0)
            begin = clock()
            try:
                return method(*args, **kwargs)
            finally:
                end(begin)

        @functools.wraps(method)
        async def awaited(*args, **kwargs):
            # Over history nobody is waited for: what is awaited is done at once.
            inner.append(0)
            begin = clock()
            try:
                return await method(*args, **kwargs)
            finally:
                end(begin)

        return awaited if method.__code__.co_flags & 0x80 else called

    def take(self) -> dict[str, float]:
        """Return µs by stage since the last call, a look at the clock taken out of each call."""
        labels = dict.fromkeys(label for label, _ in STAGES)
        found = {
            each: max(0.0, self.spent[each] - self.calls[each] * self._look) / 1000
            for each in labels
        }
        self.spent.clear()
        self.calls.clear()
        return found


def play(main: Path, cycles: int, *, has_stages: bool) -> dict[str, object]:
    """Run once in this process."""
    from nof0_core.backtest.one_run import Stop, live
    from nof0_core.backtest.running import plan
    from nof0_core.backtest.stage import Source
    from nof0_core.project import load_config

    window = {"start": START, "end": START + PERIOD * (cycles - 1) + timedelta(minutes=1)}
    planned = plan(load_config(main), **window, source=Source())
    stages = Stages()
    if has_stages:
        stages.measure()
    began: list[float] = []
    chunks: list[dict[str, float]] = []
    moments = 0

    def progress(_) -> None:
        nonlocal moments
        moments += 1
        if not began:
            began.extend((time.process_time(), time.thread_time(), time.thread_time()))
            stages.take()
        elif moments % CHUNK == 0:
            now = time.thread_time()
            chunks.append({"whole": 1e6 * (now - began.pop()), **stages.take()})
            began.append(now)

    work = partial(live, planned.staged, planned.window, log=lambda _: Silent(), stop=Stop())
    lived = anyio.run(partial(work, progress=progress))
    took, alone = time.process_time() - began[0], time.thread_time() - began[1]
    per_moment = {
        label: statistics.quantiles([each[label] / CHUNK for each in chunks], n=4)[0]
        for label in chunks[0]
    }
    prompts, journal, size, seen, statuses = hashlib.sha256(), hashlib.sha256(), 0, 0, set()
    for path in day_files(planned.folder / "run" / "journal"):
        for line in content_of(path).splitlines():
            size += len(line)
            row = json.loads(line)
            row.pop("wall", None)
            journal.update(json.dumps(row).encode())
            if row["type"] == "cycle":
                seen += 1
                statuses.add(row["data"]["status"])
                prompts.update(str(row["data"]["prompt_digest"]).encode())
    return {
        "seconds": took,
        "beside": took - alone,
        "cycles": seen,
        "statuses": sorted(statuses),
        "prompts": prompts.hexdigest()[:16],
        "digest": journal.hexdigest()[:16],
        "journal": size / 1e6,
        "trades": sum(len(one.trades) for one in lived.view.traders),
        "error": lived.error,
        "stages": per_moment,
    }


def apart(
    checkout: Path, tape: Path, cycles: int, every: int, *, mode: str = "replay", how: str = "plain"
) -> dict[str, object]:
    """Run once in a process of its own, with the code of a checkout."""
    source = [str(checkout / name / "src") for name in PACKAGES]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(source)}
    with tempfile.TemporaryDirectory() as folder:
        days = PERIOD * cycles // timedelta(days=1) + 1
        main = taped_project(Path(folder), days=days, every=every, tape=tape, mode=mode)
        command = [sys.executable, __file__, "--one", str(main), how, "--cycles", str(cycles)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        found = json.loads(done.stdout)
    if found["error"] or found["statuses"] != ["ok"]:
        sys.exit(f"{checkout.name}: {found['statuses']} {found['error']}")
    return found


def compare(checkouts: list[Path], cycles: int, rounds: int, every: int) -> None:
    """Let checkouts take turns, and print what their cycles took."""
    with tempfile.TemporaryDirectory() as folder:
        tape = Path(folder) / "tape.jsonl"
        apart(checkouts[0], tape, cycles, every, mode="record")
        entries = [json.loads(line) for line in tape.read_text().splitlines()]
        lengths = [sum(len(m["content"].encode()) for m in e["messages"]) for e in entries]
        print(f"{len(entries)} prompts, {min(lengths)} to {max(lengths)} bytes of text")
        again = partial(apart, tape=tape, cycles=cycles, every=every)
        plain = [[again(each) for each in checkouts] for _ in range(rounds)]
        measured = [[again(each, how="stages") for each in checkouts] for _ in range(rounds)]
    for n, checkout in enumerate(checkouts):
        run = plain[0][n]
        rate = statistics.median(turn[n]["cycles"] / turn[n]["seconds"] for turn in plain)
        beside = 1e6 * statistics.median(turn[n]["beside"] / turn[n]["cycles"] for turn in plain)
        best = 1e6 / min(turn[n]["stages"]["whole"] for turn in plain)
        print(
            f"{checkout.name}: {rate:,.0f} cycles/s, {best:,.0f} in quiet stretches of its thread; "
            f"{beside:.0f} µs of a cycle in other threads; {run['cycles']} cycles, "
            f"{run['trades']} trades, journal {run['journal']:.1f} MB {run['digest']}, "
            f"prompts {run['prompts']}"
        )
    if len({run["prompts"] for turn in plain for run in turn}) > 1:
        sys.exit("the prompts DIFFER")
    rates = [turn[0]["stages"]["whole"] / turn[-1]["stages"]["whole"] for turn in plain]
    print(f"last/first {statistics.median(rates):.2f}\nµs of a cycle by stage")
    for label in measured[0][0]["stages"]:
        found = [min(turn[n]["stages"][label] for turn in measured) for n in range(len(checkouts))]
        print(f"  {label:18}" + "".join(f"{each:9.1f}" for each in found))


def main() -> None:
    """Print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkouts", type=Path, nargs="*")
    parser.add_argument("--cycles", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=int, default=0, help="one answer in so many enters")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        file, how = asked.one
        print(json.dumps(play(Path(file), asked.cycles, has_stages=how == "stages")))
        return
    checkouts = [each.resolve() for each in asked.checkouts] or [ROOT]
    compare(checkouts, asked.cycles, asked.rounds, asked.every)


if __name__ == "__main__":
    main()
