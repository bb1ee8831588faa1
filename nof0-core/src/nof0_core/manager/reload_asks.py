"""Who has asked for the configuration to be read again, and was not answered yet."""

from __future__ import annotations

import anyio

from nof0_core.manager.requests import Request


class ReloadAsks:
    """Collects what was asked for, whoever asked: all that has come is done with one reading."""

    def __init__(self) -> None:
        self._requests: dict[str, Request] = {}
        self._heard: set[str] = set()
        self._is_signalled = False
        self._come = anyio.Event()

    def ask(self, request: Request) -> None:
        """Note a request of a person; one that was noted already is not noted again."""
        if request.id not in self._heard:
            self._heard.add(request.id)
            self._requests[request.id] = request
            self._come.set()

    def signal(self) -> None:
        """Note a signal, which nobody waits for the answer of."""
        self._is_signalled = True
        self._come.set()

    async def take(self) -> tuple[Request, ...]:
        """Wait until somebody asks, and return who has; none where only a signal came."""
        await self._come.wait()
        found = tuple(self._requests.values())
        self._requests.clear()
        self._is_signalled = False
        self._come = anyio.Event()
        return found

    def is_waiting(self) -> bool:
        """Tell whether somebody has asked since `take`."""
        return self._is_signalled or bool(self._requests)
