"""What operators look at: `/api/health` and `/metrics`."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import anyio.to_thread
import attrs
import msgspec
from litestar import MediaType, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from nof0_api.answer_cache import AnswerCache
from nof0_api.asgi import Answer, answer
from nof0_api.replies import Reply
from nof0_api.schemas.answers import DocumentState, Health
from nof0_api.schemas.status import ServiceStatus
from nof0_core.clock import wall_time
from nof0_core.files import read_regular
from nof0_core.sources import DataSource, SourceDownError

Lag = Callable[[], Mapping[str, int]]
"""Returns how many events each exporter is behind, by name."""

Quarantine = Callable[[], Mapping[str, str]]
"""Returns why exporters are in quarantine, by name; those that are not are missing."""

LAG = "nof0_exporter_lag_events"
"""The engine's metrics have it, too, where it exports any."""

_TEXT = b"text/plain; version=0.0.4; charset=utf-8"


@attrs.define(eq=False)
class Watch:
    """Counts answers and knows where the engine's metrics are.

    `lag` and `quarantine` are None where the exporters run in another process. `answers` counts by
    HTTP status.
    """

    metrics_file: Path | None
    lag: Lag | None
    quarantine: Quarantine | None = None
    answers: Counter[int] = attrs.field(factory=Counter)
    _registry: CollectorRegistry = attrs.field(init=False)
    _lags: CollectorRegistry = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Register what this process can say of itself."""
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(_Answers(self))
        self._lags = CollectorRegistry(auto_describe=False)
        self._lags.register(_Lags(self))

    def text(self) -> bytes:
        """Return the engine's metrics, if there are any, and those of this process.

        May take a while: it reads a file.
        """
        engine = b""
        if self.metrics_file is not None:
            # Where no engine has run yet its metrics are simply not there.
            with contextlib.suppress(OSError):
                engine, _ = read_regular(self.metrics_file)
        if engine and not engine.endswith(b"\n"):
            engine += b"\n"
        own = generate_latest(self._registry)
        if LAG.encode() not in engine:  # a metric may stand in a text once
            own += generate_latest(self._lags)
        return engine + own


@attrs.frozen(eq=False)
class _Answers:
    """A collector of `prometheus_client` for the answers given so far."""

    watch: Watch

    def describe(self) -> list[Metric]:
        """Tell the registry nothing beforehand."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the counts of this moment."""
        given = CounterMetricFamily("nof0_api_answers", "Answers by status", labels=["status"])
        for status, count in sorted(self.watch.answers.items()):
            given.add_metric([str(status)], count)
        yield given


@attrs.frozen(eq=False)
class _Lags:
    """A collector for how far the exporters of this process are behind."""

    watch: Watch

    def describe(self) -> list[Metric]:
        """Tell the registry nothing beforehand."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the numbers of this moment."""
        if self.watch.lag is not None:
            behind = GaugeMetricFamily(LAG, "Events an exporter is behind", labels=["exporter"])
            for name, count in sorted(self.watch.lag().items()):
                behind.add_metric([name], count)
            yield behind


@get(
    "/api/health",
    summary="How the data is",
    tags=["operation"],
    responses={
        503: ResponseSpec(
            data_container=Health,
            description="Some data cannot be read, and there is nothing older",
            generate_examples=False,
        )
    },
)
async def health(
    cache: NamedDependency[AnswerCache], watch: NamedDependency[Watch]
) -> Reply[Health]:
    """Answer source, age of the newest data, state of each document, exporters and services."""
    source = cache.source
    found, newest = await source.health(), await source.export()
    lag, services = await _told(source)
    told = Health(
        status=found.state,
        source=found.source,
        data_age_seconds=found.newest_age_seconds,
        documents={
            name: DocumentState(state=one.state, age_seconds=one.age_seconds)
            for name, one in found.documents.items()
        },
        export=newest.number,
        exporters=lag if watch.lag is None else dict(watch.lag()),
        services=services,
        quarantine=None if watch.quarantine is None else dict(watch.quarantine()),
        serverTime=int(wall_time().timestamp() * 1000),
    )
    status = 503 if found.state == "down" else 200
    given = _plain(status, b"application/json", msgspec.json.encode(told), newest.number)
    return Reply(lambda _: given)


@get(
    "/metrics",
    summary="Metrics for Prometheus",
    tags=["operation"],
    media_type=MediaType.TEXT,
)
async def metrics(watch: NamedDependency[Watch]) -> Reply[str]:
    """Answer the engine's metrics, where it exports them, and those of this server."""
    given = _plain(200, _TEXT, await anyio.to_thread.run_sync(watch.text))
    return Reply(lambda _: given)


async def _told(source: DataSource) -> tuple[dict[str, int] | None, list[ServiceStatus] | None]:
    """Return what the status says of exporters and services, None where there is no status."""
    try:
        told = (await source.status()).members
        lag = msgspec.json.decode(told["exporters"], type=dict[str, int])
        services = msgspec.json.decode(told["services"], type=list[ServiceStatus])
    except (SourceDownError, KeyError, msgspec.MsgspecError):
        return None, None
    return lag or None, services or None


def _plain(status: int, kind: bytes, body: bytes, export: int | None = None) -> Answer:
    more = [] if export is None else [(b"nof0-export", b"%d" % export)]
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), *more]
    return answer(status, headers, body)
