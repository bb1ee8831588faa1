"""A worker process and its one line of talk: an order goes in, an answer comes out, or it is over.

A worker that takes too long is killed, one that died is noticed; the next order starts another.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from typing import Any

import attrs

from nof0_core.clock import stopwatch

_CHUNK = 1 << 16
_LONGEST_WAIT = 3600.0
"""Seconds of one call to the system, which counts milliseconds in 31 bits."""
_TOLD = 2000
"""Bytes of what a worker said last that are looked at when it died."""
ATTEMPTS = 3
"""How often an order is begun whose process dies."""


@attrs.frozen(kw_only=True)
class Answer:
    """What came of an order: `found`, or an `error` of a `kind`.

    Kinds: `failed` (what was ordered says so), `look-ahead`, `disk` (no room, or a broken one),
    `limit` (it took too long), `died` (the process ended).
    """

    found: dict[str, Any] | None = None
    error: str = ""
    kind: str = ""


_ENDED = Answer(error="the worker process was ended", kind="died")


class Child:
    """One process of a module at a time (`python -m MODULE`). One thread asks; any may end it."""

    def __init__(self, module: str) -> None:
        self._command = (sys.executable, "-m", module)
        # A signal may end it while it is being ended.
        self._asking = threading.RLock()
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._said: Any = None
        self._rest = b""

    @property
    def is_over(self) -> bool:
        """Tell whether it was ended."""
        return self._over.is_set()

    @property
    def pid(self) -> int | None:
        """Return the process that works now."""
        return None if self._process is None else self._process.pid

    def ask(self, order: dict[str, Any], *, limit: float) -> Answer:
        """Let an order be done, in at most so many seconds."""
        with self._asking:
            return self._ask(order, limit)

    def persist(self, order: dict[str, Any], *, limit: float) -> Answer:
        """Let an order be done, anew where the process dies; the last attempt's answer counts."""
        answer = Answer()
        for _ in range(ATTEMPTS):
            answer = self.ask(order, limit=limit)
            if answer.kind != "died" or self.is_over:
                return answer
        return attrs.evolve(answer, error=f"{answer.error} ({ATTEMPTS} times)")

    def end(self) -> None:
        """End the process, whatever it is doing; who has asked is told that it died."""
        self._over.set()
        process = self._process
        if process is not None:
            process.kill()
        with self._asking:
            self._close()

    def _ask(self, order: dict[str, Any], limit: float) -> Answer:
        if self.is_over:
            return _ENDED
        try:
            process = self._started()
            if self._over.is_set():
                # Whoever ended it may have looked before there was a process.
                self._close()
                return _ENDED
            assert process.stdin is not None  # noqa: S101 - a pipe
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            return self._died(f"could not be started or told: {error}")
        line = self._line(process, limit)
        if line is None:
            self._close()
            return Answer(error=f"took longer than the time limit, {limit:g} s", kind="limit")
        if not line:
            return self._died("")
        return Answer(**json.loads(line))

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was not written yet goes nowhere
                    continue
        process.wait()
        self._said.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._rest = b""
            self._said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                # Ctrl-C is for who started it.
                start_new_session=True,
            )
        return self._process

    def _line(self, process: subprocess.Popen[bytes], limit: float) -> bytes | None:
        """Return the next line, b"" where the process ended, None where the time is over."""
        assert process.stdout is not None  # noqa: S101 - a pipe
        descriptor, end = process.stdout.fileno(), stopwatch() + limit
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        while b"\n" not in self._rest:
            if not waiting.poll(1000 * max(0.0, min(end - stopwatch(), _LONGEST_WAIT))):
                if stopwatch() >= end:
                    return None
                continue
            chunk = os.read(descriptor, _CHUNK)
            if not chunk:
                return b""
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _died(self, why: str) -> Answer:
        process, said = self._process, self._said
        if process is not None:
            code = process.wait()
            why = why or (f"killed by signal {-code}" if code < 0 else f"ended with code {code}")
            said.seek(max(0, said.seek(0, os.SEEK_END) - _TOLD))
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
            why += f": {last}" if last and code > 0 else ""
        self._close()
        return Answer(error=f"the worker process {why}", kind="died")
