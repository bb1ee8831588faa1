"""Many traders waiting for models: `python tests/benchmarks/llm.py [TRADERS] [SECONDS] [ROUNDS]`.

A local endpoint in a process of its own answers every call after SECONDS (2). TRADERS (1,000) are
asked at once: first the backend alone, then a whole engine on a clock of real time, whose traders
all decide on the same bars for ROUNDS (2) intervals after a first one that is not counted; then
again with a daily budget, under which each call is noted on disk before it is made, and again with
`decision_spread`. Prints how many calls were in flight together, what a call costs in CPU time, how
much later than they were to, cycles began and answers came back, and how long the event loop did
nothing else than one thing. Compare numbers of one run only.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import anyio.abc
import attrs

from nof0_core import config as configuration
from nof0_core.answers.schema import answer_schema
from nof0_core.clock import Clock, SystemClock, pause, stopwatch
from nof0_core.domain.model import Message, ModelSpec, Prompt
from nof0_core.ids import cycle_id
from nof0_core.manager.cycle import CycleRunner
from nof0_core.manager.schedule import shifts
from nof0_core.plugins import load_plugins
from nof0_core.protocols.llm import CompletionRequest
from nof0_core.runtime.heap import spared_heap
from nof0_core.testing import samples
from nof0_core.testing.environment import Lines, env
from nof0_llm.openai.backend import OpenAIBackend
from nof0_llm.openai.settings import OpenAIConfig, OpenAIParams
from nof0_llm.plugin import OPENAI

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from opened import open_engine  # noqa: E402

ANSWER = json.dumps({"chain_of_thought": "quiet", "decisions": []})
EVERY, PATIENCE, SPREAD = 60, 30, 25
"""Decision interval of the engine's traders, their `decision_timeout` and the `decision_spread` of
the last run, in seconds."""
ENOUGH = 10**12
"""A daily budget that is never spent, in tokens."""
STEP = 0.005
"""How often it is felt whether the event loop is free, in seconds."""


async def serve(seconds: float) -> None:
    """Answer every call after `seconds`; say the port first and each new peak later."""
    in_flight = peak = 0

    async def handle(stream: anyio.abc.SocketStream) -> None:
        nonlocal in_flight, peak
        buffer = b""
        async with stream:
            while True:
                while b"\r\n\r\n" not in buffer:
                    try:
                        buffer += await stream.receive()
                    except (anyio.EndOfStream, anyio.BrokenResourceError):
                        return
                head, _, rest = buffer.partition(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                )
                while len(rest) < length:
                    rest += await stream.receive()
                body, buffer = json.loads(rest[:length]), rest[length:]
                in_flight += 1
                if in_flight > peak:
                    peak = in_flight
                    print(peak, flush=True)
                await pause(seconds)
                in_flight -= 1
                await stream.send(reply(body))

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", backlog=4096)
    local_port = anyio.abc.SocketAttribute.local_port
    print(listener.extra(local_port), flush=True)  # noqa: S610 - anyio's own extra()
    await listener.serve(handle)


def reply(body: dict[str, object]) -> bytes:
    """Write the HTTP answer to one call."""
    tools = body.get("tools")
    name = tools[0]["function"]["name"] if isinstance(tools, list) else ""
    call = {"id": "c", "type": "function", "function": {"name": name, "arguments": ANSWER}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]} if name else {
        "role": "assistant", "content": ANSWER
    }  # fmt: skip
    usage = {"prompt_tokens": 900, "completion_tokens": 20, "total_tokens": 920}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    text = json.dumps(
        {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice],
         "usage": usage}
    ).encode()  # fmt: skip
    head = f"content-type: application/json\r\ncontent-length: {len(text)}"
    return f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + text


@contextmanager
def endpoint(seconds: float) -> Iterator[str]:
    """Start the endpoint, yield its address, and print its peak at the end."""
    command = [sys.executable, __file__, "serve", str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        finally:
            server.kill()
        peaks = server.stdout.read().split()
    print(f"  calls in flight together: {peaks[-1] if peaks else 0}")


def summary(times: Sequence[float]) -> str:
    """Say median and p99 of times in seconds."""
    ordered = sorted(times)
    median, p99 = ordered[len(ordered) // 2], ordered[int(0.99 * (len(ordered) - 1))]
    return f"median {1e3 * median:6.0f} ms   p99 {1e3 * p99:6.0f} ms"


# --- the backend alone --------------------------------------------------------------------------


def request(number: int, clock: SystemClock) -> CompletionRequest:
    """Make one trader's question, with a prompt of the usual size."""
    context = samples.context()
    messages = (
        Message(role="system", content="Trade with care. " * 100),
        Message(role="user", content=f"Trader {number}. " + "BTC 100000 100010 99990\n" * 300),
    )
    return CompletionRequest(
        trader=f"t{number}",
        cycle=f"c{number}",
        model=ModelSpec(
            name="m", backend="openai", provider="openai", model_name="m", params=OpenAIParams()
        ),
        context=context,
        schema=answer_schema(context.symbols),
        deadline=clock.now() + timedelta(seconds=90),
        render=lambda: Prompt(messages=messages, digest="", versions={}),
    )


async def ask(traders: int, seconds: float, url: str) -> None:
    """Ask the backend for all traders at once."""
    clock = SystemClock()
    late: list[float] = []
    config = OpenAIConfig(base_url=url, api_key="none", max_retries=0)
    async with env(clock=clock) as around, OPENAI.open(config, around) as backend:
        await backend.complete(request(-1, clock))  # imports are not the point
        requests = [request(number, clock) for number in range(traders)]
        due = stopwatch()
        cpu = time.process_time()

        async def one(question: CompletionRequest) -> None:
            await backend.complete(question)
            late.append(stopwatch() - due - seconds)

        async with anyio.create_task_group() as tasks:
            for question in requests:
                tasks.start_soon(one, question)
        cpu = time.process_time() - cpu
    print(f"  CPU per call: {1e3 * cpu / traders:.2f} ms")
    print(f"  answers later than the model: {summary(late)}")


# --- a whole engine -----------------------------------------------------------------------------


@attrs.define
class Watch:
    """Notes how long after its due moment each cycle began and had its answer, by round."""

    clock: Clock
    shift: dict[str, timedelta]
    rounds: dict[datetime, int] = attrs.field(factory=dict)
    cycles: dict[str, tuple[datetime, datetime]] = attrs.field(factory=dict)
    began: list[tuple[int, float]] = attrs.field(factory=list)
    answered: list[tuple[int, float]] = attrs.field(factory=list)
    cpu: dict[int, float] = attrs.field(factory=dict)
    stalls: list[float] = attrs.field(factory=list)
    ended: int = 0

    def _note(self, moments: list[tuple[int, float]], scheduled: datetime, due: datetime) -> None:
        number = self.rounds.setdefault(scheduled, len(self.rounds))
        self.cpu.setdefault(number, time.process_time())
        moments.append((number, (self.clock.now() - due).total_seconds()))

    async def feel(self) -> None:
        """Note how much later than asked a short pause ends, once the rounds that count begin."""
        while True:
            before = stopwatch()
            await pause(STEP)
            if len(self.rounds) > 1:
                self.stalls.append(stopwatch() - before - STEP)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Watch every cycle while the context lasts."""
        run, complete = CycleRunner.run, OpenAIBackend.complete

        async def timed_run(runner, trader, scheduled, calls):
            due = scheduled + self.shift[trader.config.id]
            self._note(self.began, scheduled, due)
            self.cycles[cycle_id(trader.config.id, scheduled)] = scheduled, due
            try:
                return await run(runner, trader, scheduled, calls)
            finally:
                self.ended += 1

        async def timed_complete(backend, question):
            try:
                return await complete(backend, question)
            finally:
                self._note(self.answered, *self.cycles[question.cycle])

        CycleRunner.run, OpenAIBackend.complete = timed_run, timed_complete
        try:
            yield
        finally:
            CycleRunner.run, OpenAIBackend.complete = run, complete


def project(folder: Path, traders: int, spread: int, budget: int | None, url: str) -> Path:
    """Write a configuration: synthetic prices, paper exchange, one model for all traders."""
    limit = "" if budget is None else f"budget: {{daily_tokens: {budget}}}\n"
    files = {
        "llm.yaml": f"base_url: {url}\napi_key: none\n{limit}models: {{m: {{model_name: m}}}}\n",
        "executor.yaml": f"decision_interval: {EVERY}s\ndecision_timeout: {PATIENCE}s\n"
        f"max_concurrent_decisions: {traders}\ndecision_spread: {spread}s\n",
        "market.yaml": "providers: {made: {type: sim, source: synthetic}}\n"
        "symbols: [BTC, ETH, SOL, BNB, DOGE, XRP]\nintervals: [3m, 4h]\n",
        "exchange.yaml": "providers: {paper: {type: sim, initial_balance_usd: 1000000}}\n",
        "manager.yaml": "manager: {total_equity_usd: 1000000}\ntraders:\n"
        + "".join(
            f"  - {{id: t{n}, model: m, allocation_pct: {90 / traders:.6f},"
            f" prompt_template: prompts/manager/default.tmpl}}\n"
            for n in range(traders)
        ),
        "nof0.yaml": "Clock: {Speed: 1, Start: 2025-01-20T00:00:00Z}\n"
        + "".join(
            f"{name}: {{File: {name.lower()}.yaml}}\n"
            for name in ("LLM", "Executor", "Manager", "Exchange", "Market")
        ),
    }
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder / "nof0.yaml"


async def trade(
    traders: int,
    seconds: float,
    rounds: int,
    spread: int,
    budget: int | None,
    url: str,
    folder: Path,
) -> None:
    """Run an engine for one round that warms up and `rounds` that count."""
    config = configuration.load(
        project(folder, traders, spread, budget, url), load_plugins(), data_dir=folder / "data"
    )
    async with open_engine(config, full_speed=False, log=lambda _: Lines()) as engine:
        ids = engine.manager.traders
        places = shifts(len(ids), timedelta(seconds=spread))
        watch = Watch(clock=engine.clock, shift=dict(zip(ids, places, strict=True)))
        with watch.on():
            async with anyio.create_task_group() as tasks:

                async def until_done() -> None:
                    while watch.ended < traders * (rounds + 1):
                        await pause(0.2)
                    engine.manager.stop("done")

                tasks.start_soon(until_done)
                tasks.start_soon(watch.feel)
                with spared_heap():  # as `nof0 run` does
                    await engine.manager.run()
                tasks.cancel_scope.cancel()
            cpu = time.process_time() - watch.cpu[1]
        failed = sum(t.failures > 0 for t in engine.manager.traders.values())
    began = [late for number, late in watch.began if number]
    answered = [late - seconds for number, late in watch.answered if number]
    print(f"  {len(began)} cycles in {rounds} rounds, {failed} traders failing at the end")
    print(f"  CPU per cycle: {1e3 * cpu / len(began):.2f} ms")
    print(f"  cycles begin late by:         {summary(began)}")
    print(f"  answers later than the model: {summary(answered)}")
    held = [stall for stall in watch.stalls if stall > 10 * STEP]
    print(
        f"  event loop held: longest {1e3 * max(watch.stalls):.0f} ms, {sum(held):.2f} s together"
    )


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        anyio.run(serve, float(sys.argv[2]))
        return
    traders = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    print(f"{traders} traders, answers of {seconds:g} s\nthe backend alone")
    with endpoint(seconds) as url:
        anyio.run(functools.partial(ask, traders, seconds, url))
    for spread, budget in ((0, None), (0, ENOUGH), (SPREAD, None)):
        limited = "" if budget is None else ", with a budget"
        print(f"a whole engine, decision_spread: {spread}s{limited}", flush=True)
        with endpoint(seconds) as url, tempfile.TemporaryDirectory() as scratch:
            anyio.run(trade, traders, seconds, rounds, spread, budget, url, Path(scratch))


if __name__ == "__main__":
    main()
