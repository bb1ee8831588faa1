"""The engine of a rehearsal, as a process that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import Process

from nof0_core.errors import ProviderError
from nof0_provider_hyperliquid.rehearse.plan import RehearsalPlan, as_bytes

ENDS_WITHIN = 20.0
"""Seconds of real time in which an engine that is told to end does."""
_WORDS = 2_000


class EngineProcess:
    """Starts an engine by its plan, kills it, starts it again; what it says goes to a file."""

    def __init__(self, plan: RehearsalPlan) -> None:
        self._plan = plan
        self._process: Process | None = None
        self.starts = 0

    @property
    def said(self) -> Path:
        """Return the file with what it wrote to its standard error."""
        return self._plan.data_dir / "engine.stderr"

    async def start(self) -> None:
        """Start it; it has not opened anything yet when this returns."""
        self.starts += 1
        # A proxy knows nothing of this machine's venue.
        environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        with self.said.open("ab") as file:
            process = await anyio.open_process(
                [sys.executable, "-m", "nof0_provider_hyperliquid.rehearse.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=file,
                env=environment,
                start_new_session=True,
            )
        self._process = process
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        await process.stdin.send(as_bytes(self._plan))
        await process.stdin.aclose()

    def check(self) -> None:
        """See that it runs.

        Raises:
            ProviderError: it has ended, with what it said.
        """
        process = self._process
        if process is not None and process.returncode is not None:
            words = self.said.read_text(errors="replace").strip()[-_WORDS:]
            message = f"the engine ended by itself with exit code {process.returncode}: {words}"
            raise ProviderError(message)

    async def kill(self) -> None:
        """End it as a power failure does (SIGKILL)."""
        if (process := self._process) is not None and process.returncode is None:
            process.send_signal(signal.SIGKILL)
            with anyio.CancelScope(shield=True):
                await process.wait()
        self._process = None

    async def end(self) -> int | None:
        """Ask it to end (SIGTERM) and return its exit code; None where it had to be killed."""
        process = self._process
        if process is None:
            return None
        process.send_signal(signal.SIGTERM)
        code: int | None = None
        with anyio.move_on_after(ENDS_WITHIN):
            code = await process.wait()
        await self.kill()
        return code


@asynccontextmanager
async def engine_process(plan: RehearsalPlan) -> AsyncIterator[EngineProcess]:
    """Give an engine that is killed at the end, whatever happens."""
    engine = EngineProcess(plan)
    try:
        yield engine
    finally:
        with anyio.CancelScope(shield=True):
            await engine.kill()
