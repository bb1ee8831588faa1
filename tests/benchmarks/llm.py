"""Many traders waiting for models: `python tests/benchmarks/llm.py [TRADERS] [SECONDS]`.

A local endpoint in a process of its own answers every call after SECONDS (2). TRADERS (1,000) ask
at once. Prints how many calls were in flight together, what a call costs the engine in CPU time,
and how much later than the model the answers came back. Compare numbers of one run only.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
from datetime import timedelta

import anyio
import anyio.abc

from nof0_core.clock import SystemClock, pause, stopwatch
from nof0_core.domain.model import CompletionRequest, Message, ModelSpec, Prompt
from nof0_core.executor.schema import answer_schema
from nof0_core.testing import samples
from nof0_core.testing.environment import env
from nof0_llm.openai.settings import OpenAIConfig, OpenAIParams
from nof0_llm.plugin import OPENAI

ANSWER = json.dumps({"chain_of_thought": "quiet", "decisions": []})


async def serve(seconds: float) -> None:
    """Answer every call after `seconds`; say the port first and the peak at the end."""
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


async def ask(traders: int, seconds: float, port: int) -> None:
    clock = SystemClock()
    late: list[float] = []
    config = OpenAIConfig(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
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
    late.sort()
    print(
        f"{traders} calls of {seconds:g} s: {1e3 * cpu / traders:.2f} ms of CPU each; later than "
        f"the model by {1e3 * late[len(late) // 2]:.0f} ms (median), "
        f"{1e3 * late[int(0.99 * (len(late) - 1))]:.0f} ms (p99)"
    )


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        anyio.run(serve, float(sys.argv[2]))
        return
    traders = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    command = [sys.executable, __file__, "serve", str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            anyio.run(functools.partial(ask, traders, seconds, port))
        finally:
            server.kill()
        peaks = server.stdout.read().split()
    print(f"calls in flight together: {peaks[-1] if peaks else 0}")


if __name__ == "__main__":
    main()
