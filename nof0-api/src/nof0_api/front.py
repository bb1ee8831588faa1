"""The front door: reading only, the nine routes on the shortest way, all else to its place.

Nearly all requests are for a route without parameters whose answer lies ready. They are answered
here; passing them through the framework's router would halve the number a server can answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from nof0_api.answer_cache import AnswerCache, Query
from nof0_api.asgi import Answer, App, Header, Receive, Send, with_headers, without_body
from nof0_api.cors import Cors
from nof0_api.hosts import Hosts
from nof0_api.packed import Ready
from nof0_api.problems import problem, problem_answer, problem_of
from nof0_api.watch import Watch
from nof0_core.clock import stopwatch
from nof0_core.plugins.env import Logger

_SCHEMA = frozenset({"/schema", "/schema/openapi.json"})
_MISDIRECTED = (
    "this server is not known by that name: use its address, or add the name to AllowHosts in the "
    "main file"
)
_NOSNIFF: Header = (b"x-content-type-options", b"nosniff")


class Front:
    """The whole application, as a server sees it.

    `express` are questions by their path. `pages` answers the paths named beside it; the framework
    answers everything else.
    """

    def __init__(
        self,
        *,
        cache: AnswerCache,
        express: Mapping[str, Query],
        pages: App,
        page_paths: Collection[str],
        framework: App,
        cors: Cors,
        hosts: Hosts,
        watch: Watch,
        log: Logger,
        on_close: Callable[[], object] = lambda: None,
    ) -> None:
        self._cache = cache
        self._express = express
        self._ready: dict[str, Ready] = {}
        self._pages = pages
        self._page_paths = frozenset(page_paths)
        self._framework = framework
        self._cors = cors
        self._hosts = hosts
        self._watch = watch
        self._log = log
        self.close = on_close
        """Lets what goes on by itself end; may be called from any thread."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._framework(scope, receive, send)
            return
        method = scope["method"]
        path = scope["path"]
        if not self._hosts.allow(scope["headers"]):
            chosen = problem_answer(problem(421, _MISDIRECTED))
        elif method in ("GET", "HEAD"):
            if path in self._express and not scope["query_string"]:
                chosen = await self._chosen(path, scope["headers"])
            elif path in self._page_paths:
                await self._pages(scope, receive, self._counting(send))
                return
            elif path.startswith("/schema/") and path.rstrip("/") not in _SCHEMA:
                # The framework would answer with a page of its own.
                lost = problem_answer(problem(404, "Nothing matches the given URI"))
                chosen = with_headers(lost, self._cors.headers(scope["headers"]))
            else:
                await self._through_framework(scope, receive, send)
                return
        elif method == "OPTIONS" and (asked := self._cors.preflight(scope["headers"])):
            chosen = asked
        else:
            chosen = problem_answer(problem(405, "there is nothing here but to read"))
            chosen = with_headers(chosen, self._cors.headers(scope["headers"]))
        if method == "HEAD":
            chosen = without_body(chosen)
        self._watch.answers[chosen[0]["status"]] += 1
        await send(chosen[0])
        await send(chosen[1])

    async def _chosen(self, path: str, headers: Any) -> Answer:
        ready = self._ready.get(path)
        if ready is None or ready.until <= stopwatch():
            try:
                ready = self._ready[path] = await self._cache.ready(self._express[path])
            except Exception as error:  # noqa: BLE001 - whatever it is becomes a problem answer
                return with_headers(self._problem(error), self._cors.headers(headers))
        chosen = ready.choose(headers)
        if self._cors.is_off:
            return chosen
        return with_headers(chosen, self._cors.headers(headers))

    def _problem(self, error: Exception) -> Answer:
        told = problem_of(error)
        if told.status == 500:
            self._log.error("an answer failed", error=f"{type(error).__name__}: {error}")
        return problem_answer(told)

    def _counting(self, send: Send) -> Send:
        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._watch.answers[message["status"]] += 1
            await send(message)

        return counted

    async def _through_framework(self, scope: Any, receive: Receive, send: Send) -> None:
        """Ask the framework, which knows GET only, and finish its answer."""
        is_head = scope["method"] == "HEAD"
        more = (_NOSNIFF, *self._cors.headers(scope["headers"]))
        has_begun = False
        counted = self._counting(send)

        async def finished(message: Any) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                message = {**message, "headers": [*message["headers"], *more]}
            elif is_head:
                message = {**message, "body": b""}
            await counted(message)

        inner = {**scope, "method": "GET"} if is_head else scope
        try:
            await self._framework(inner, receive, finished)
        except Exception as error:
            if has_begun:
                raise
            # The framework turns errors into answers itself; this is for an error of its own.
            for message in self._problem(error):
                await finished(message)
