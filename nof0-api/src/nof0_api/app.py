"""The application, put together."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, cast

from litestar import Litestar, Request
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from nof0_api import routes
from nof0_api.answer_cache import AnswerCache, Query
from nof0_api.asgi import App
from nof0_api.cors import Cors
from nof0_api.dashboard import Dashboard, load_pages
from nof0_api.events import Events, events
from nof0_api.front import Front
from nof0_api.handlers import HANDLERS
from nof0_api.hosts import Hosts
from nof0_api.kept_runs import KeptRuns
from nof0_api.problems import problem_answer, problem_of
from nof0_api.replies import Reply
from nof0_api.run_handlers import RUN_HANDLERS, RunReader
from nof0_api.watch import Lag, Quarantine, Watch, health, metrics
from nof0_core.plugins.env import Logger
from nof0_core.project import ServingConfig
from nof0_core.sources import DataSource


def make_app(
    source: DataSource,
    config: ServingConfig,
    *,
    log: Logger,
    lag: Lag | None = None,
    quarantine: Quarantine | None = None,
) -> Front:
    """Make the application for one event loop.

    Args:
        source: where data comes from.
        config: TTLs, allowed origins and names, where the engine's metrics are.
        log: for what went wrong inside.
        lag: how far exporters are behind, if they run in this process.
        quarantine: likewise, why exporters are in quarantine.
    """
    cache = AnswerCache(source, config.ttl)
    watch = Watch(config.metrics_file, lag, quarantine)
    listeners = Events(source)
    reader = RunReader(KeptRuns(config.state_dir))
    dashboard = Dashboard(load_pages(config.logos))
    return Front(
        cache=cache,
        express={route.path: Query(route) for route in routes.FIXED},
        pages=dashboard,
        page_paths=dashboard.paths,
        framework=cast("App", _framework(config.name, cache, watch, listeners, reader, log)),
        cors=Cors(config.allow_origins),
        hosts=Hosts((config.host, *config.allow_hosts)),
        watch=watch,
        log=log,
        on_close=listeners.close,
    )


def _framework(
    name: str,
    cache: AnswerCache,
    watch: Watch,
    listeners: Events,
    reader: RunReader,
    log: Logger,
) -> Litestar:
    def tell(_: Request[Any, Any, Any], error: Exception) -> Reply[Any]:
        told = problem_of(error)
        if told.status == 500:
            log.error("an answer failed", error=f"{type(error).__name__}: {error}")
        given = problem_answer(told)
        return Reply(lambda _: given)

    return Litestar(
        route_handlers=[*HANDLERS, *RUN_HANDLERS, health, metrics, events],
        dependencies={
            "cache": Provide(lambda: cache, sync_to_thread=False),
            "watch": Provide(lambda: watch, sync_to_thread=False),
            "listeners": Provide(lambda: listeners, sync_to_thread=False),
            "run_reader": Provide(lambda: reader, sync_to_thread=False),
        },
        exception_handlers={Exception: tell},
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title=f"{name}: API",
            version=version("nof0-api"),
            description="What an arena of language models trades and earns. Reading only.",
            path="/schema",
            # The usual pages load scripts from elsewhere; the document itself needs none.
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        ),
    )
