"""The routes to runs of backtests and sweeps: the list, a report, its page.

Reports are files that somebody may have put there or a plugin has had a hand in. Their pages bring
scripts along, so each is shown in a sandbox: as a page of an origin of its own, which reads nothing
of this server, asks nobody and sends nothing.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
import msgspec
from litestar import MediaType, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from nof0_api.asgi import Header, answer
from nof0_api.handlers import REFUSALS, refusal
from nof0_api.kept_runs import KeptRuns, NoSuchRunError
from nof0_api.negotiation import Choice
from nof0_api.problems import problem, problem_answer
from nof0_api.replies import Reply
from nof0_api.schemas.runs import Runs
from nof0_core.files import in_words

T = TypeVar("T")

PAGE_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
MOST = 1000
_JSON: Header = (b"content-type", b"application/json")
_PAGE: tuple[Header, ...] = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", PAGE_POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
)

Most = Annotated[int, Parameter(ge=1, le=MOST, required=False, description="at most so many runs")]
Skip = Annotated[
    int, Parameter(gt=-1, le=1_000_000, required=False, description="leave out so many newer ones")
]
Kind = Annotated[str, Parameter(max_length=20, description="backtests or sweeps")]
Name = Annotated[str, Parameter(max_length=500, description="the run's folder")]


class RunReader:
    """Reads runs beside the event loop, one at a time, so that no other answer waits for it."""

    def __init__(self, runs: KeptRuns) -> None:
        self._runs = runs
        self._turn = anyio.CapacityLimiter(1)

    async def __call__(self, read: Callable[[KeptRuns], T]) -> T:
        """Do `read` in a thread."""
        return await anyio.to_thread.run_sync(lambda: read(self._runs), limiter=self._turn)


async def _reply(
    reader: RunReader, read: Callable[[KeptRuns], bytes], *headers: Header
) -> Reply[Any]:
    try:
        choice = await reader(lambda runs: _choice(read(runs), *headers))
    except NoSuchRunError:
        lost = problem_answer(problem(404, "there is no such run, or it has no report yet"))
        return Reply(lambda _: lost)
    except OSError as error:
        words = f"the report cannot be read: {in_words(error)}"
        unread = problem_answer(problem(503, words))
        return Reply(lambda _: unread)
    return Reply(choice.choose)


def _choice(data: bytes, *headers: Header) -> Choice:
    tag = b'W/"%s"' % hashlib.blake2b(data, digest_size=12).hexdigest().encode()
    shared: list[Header] = [
        (b"etag", tag),
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept-Encoding"),
    ]
    whole = [*shared, *headers]
    zipped = gzip.compress(data, 1, mtime=0)
    return Choice(
        tag=tag,
        plain=answer(200, whole, data),
        zipped=answer(200, [*whole, (b"content-encoding", b"gzip")], zipped)
        if len(zipped) < len(data)
        else None,
        unchanged=answer(304, shared, None),
    )


_LOST: dict[int, ResponseSpec] = {**REFUSALS, 404: refusal("There is no such run or report")}


@get("/api/runs", summary="Backtests and sweeps", responses=REFUSALS, tags=["runs"])
async def runs(
    run_reader: NamedDependency[RunReader], limit: Most = 50, skip: Skip = 0
) -> Reply[Runs]:
    """Answer the runs the data directory keeps, the newest report first."""

    def read(kept: KeptRuns) -> bytes:
        found, total = kept.newest(limit, skip)
        return msgspec.json.encode(Runs(runs=found, total=total))

    return await _reply(run_reader, read, _JSON)


@get(
    "/api/runs/{kind:str}/{name:str}",
    summary="The report of one run",
    responses=_LOST,
    tags=["runs"],
)
async def run_report(
    run_reader: NamedDependency[RunReader], kind: Kind, name: Name
) -> Reply[dict[str, Any]]:
    """Answer the report as its file has it; of a run that was stopped what there is."""
    return await _reply(run_reader, lambda kept: kept.report(kind, name), _JSON)


@get(
    "/runs/{kind:str}/{name:str}/report.html",
    summary="The page of one run",
    responses=_LOST,
    media_type=MediaType.HTML,
    tags=["runs"],
)
async def run_page(run_reader: NamedDependency[RunReader], kind: Kind, name: Name) -> Reply[str]:
    """Answer the report's page, in a sandbox."""
    return await _reply(run_reader, lambda kept: kept.page(kind, name), *_PAGE)


RUN_HANDLERS = (runs, run_report, run_page)
