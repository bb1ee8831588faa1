"""A local endpoint that speaks OpenAI's protocol and plays a script of answers."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, Self

import attrs

HOLD = '{"chain_of_thought": "Nothing to do.", "decisions": [{"signal": "hold", "symbol": "BTC"}]}'


@attrs.frozen(kw_only=True)
class Say:
    """One step of the script: how the endpoint treats one call.

    `text` is the answer; it comes as a tool call where the client forced one, unless `as_text`.
    `after` seconds pass before it. With a `status` other than 200 the answer is an error of the
    endpoint with `headers`. `cut` closes the connection: "before" any byte of the answer, or
    "within" its body. `body` replaces the whole answer, whatever it is. `usage` are its token
    counts (None: the endpoint says nothing), `message` further fields of the message, such as
    `reasoning_content`. With `drip` the answer's body comes byte by byte, so many seconds apart.
    """

    text: str = HOLD
    after: float = 0.0
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)
    cut: str = ""
    body: bytes | None = None
    as_text: bool = False
    finish: str = ""
    drip: float = 0.0
    message: Mapping[str, Any] = attrs.field(factory=dict)
    usage: Mapping[str, Any] | None = attrs.field(
        factory=lambda: {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    )


Reply = Callable[[dict[str, Any]], Say]
"""Chooses a step by the body of the call, for scripts that depend on model or prompt."""


class LlmServer:
    """Answers `POST /v1/chat/completions` on loopback, one thread per call.

    Steps of the script are used up in the order of the calls; after the last, `default` answers,
    which may also be a function of the call's body. `calls` are the bodies received, in order,
    `headers` their headers, `paths` where they went, with the query; `busy` is how many are being
    answered and `most_busy` the most at a time. `port` 0: any free one. With `certificate`, a file
    of certificate and key, it speaks TLS.
    """

    def __init__(
        self,
        *script: Say,
        default: Say | Reply | None = None,
        certificate: Path | None = None,
        port: int = 0,
    ) -> None:
        self.script = list(script)
        self.default: Say | Reply = default if default is not None else Say()
        self.listed: tuple[int, Any] = (404, {"error": {"message": "no such page"}})
        """Status and body of the answer to `GET /v1/models`."""
        self.calls: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.arrived: list[float] = []
        self.busy = 0
        self.most_busy = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/v1"

    @property
    def count(self) -> int:
        """Return how many calls were received."""
        return len(self.calls)

    def models(self) -> list[str]:
        """Return the model named in each call, in order."""
        return [call["model"] for call in self.calls]

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.02), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self, body: dict[str, Any], headers: dict[str, str]) -> Say:
        """Note a call and return what is to be done with it."""
        with self._lock:
            self.calls.append(body)
            self.headers.append(headers)
            self.arrived.append(time.monotonic())  # noqa: TID251 - a server has a time of its own
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
            if self.script:
                return self.script.pop(0)
        return self.default(body) if callable(self.default) else self.default

    def done(self) -> None:
        """Note that a call was answered."""
        with self._lock:
            self.busy -= 1


class _Server(ThreadingHTTPServer):
    request_queue_size = 2048
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where a client hung up: tests do that on purpose."""


def completion(body: Mapping[str, Any], step: Say) -> dict[str, Any]:
    """Return the JSON of a finished answer."""
    tool = (body.get("tools") or [{}])[0].get("function", {}).get("name")
    message: dict[str, Any] = {"role": "assistant", "content": step.text}
    if tool and not step.as_text:
        call = {"name": tool, "arguments": step.text}
        message |= {
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": call}],
        }
    finish = step.finish or ("tool_calls" if tool and not step.as_text else "stop")
    made = {
        "id": "answer",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "message": message | step.message, "finish_reason": finish}],
    }
    return made if step.usage is None else made | {"usage": step.usage}


def _handler(server: LlmServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = json.loads(self.rfile.read(length))
            server.paths.append(self.path)
            step = server.take(body, {k.lower(): v for k, v in self.headers.items()})
            try:
                time.sleep(step.after)  # noqa: TID251 - a slow endpoint
                self._answer(body, step)
            finally:
                server.done()

        def do_GET(self) -> None:
            server.take({"path": self.path}, {k.lower(): v for k, v in self.headers.items()})
            server.done()
            status, listed = server.listed
            data = json.dumps(listed).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _answer(self, body: dict[str, Any], step: Say) -> None:
            if step.cut == "before":
                self.close_connection = True
                return
            if step.body is not None:
                data = step.body
            elif step.status != 200:
                error = {"message": "the endpoint says no", "type": "test", "code": None}
                data = json.dumps({"error": error}).encode()
            else:
                data = json.dumps(completion(body, step)).encode()
            heads = {"content-type": "application/json", "content-length": str(len(data))}
            self.send_response(step.status)
            for name, value in (heads | step.headers).items():
                self.send_header(name, value)
            self.end_headers()
            if step.cut == "within":
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
                return
            _write(self.wfile, data, step.drip)

    return Handler


def _write(file: BinaryIO, data: bytes, drip: float) -> None:
    for at in range(len(data)) if drip else ():
        file.write(data[at : at + 1])
        time.sleep(drip)  # noqa: TID251 - a slow endpoint
    if not drip:
        file.write(data)


def streamed(body: Mapping[str, Any], step: Say, size: int = 7) -> bytes:
    """Return the answer as a stream of server-sent events, its texts cut every `size` letters."""
    whole = completion(body, step)
    message = whole["choices"][0]["message"]
    finish = whole["choices"][0]["finish_reason"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for key in ("reasoning_content", "content"):
        text = message.get(key) or ""
        deltas += [{key: text[n : n + size]} for n in range(0, len(text), size)]
    for index, call in enumerate(message.get("tool_calls") or ()):
        text = call["function"]["arguments"]
        first = call | {"index": index, "function": call["function"] | {"arguments": ""}}
        parts = [text[n : n + size] for n in range(0, len(text), size)]
        deltas += [{"tool_calls": [first]}]
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": p}}]} for p in parts]
    events = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    events += [{"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}]
    if step.usage is not None:
        events += [{"choices": [], "usage": dict(step.usage)}]
    lines = [f"data: {json.dumps(event)}" for event in events]
    return "\n\n".join([": wait", *lines, "data: [DONE]", ""]).encode()


def bought(body: dict[str, Any]) -> dict[str, Any]:
    """Return a decision to buy bitcoin at the mark that the prompt in a request tells."""
    prompt = next(m["content"] for m in body["messages"] if m["role"] == "user")
    mark = float(re.search(r"## BTC\nmark ([\d.]+)", prompt)[1])
    return {
        "signal": "buy_to_enter",
        "symbol": "BTC",
        "leverage": 2,
        "position_size_usd": 400,
        "entry_price": mark,
        "stop_loss": round(mark * 0.98, 1),
        "take_profit": round(mark * 1.08, 1),
        "risk_usd": 10,
        "confidence": 90,
        "invalidation_condition": "none",
        "reasoning": "because",
    }
