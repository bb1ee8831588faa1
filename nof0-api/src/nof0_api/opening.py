"""From a configuration to a running server."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import attrs

from nof0_api.app import make_app
from nof0_api.server import bind, serving
from nof0_api.watch import Lag, Quarantine
from nof0_core.plugins.companion import CompanionEnv
from nof0_core.plugins.env import Logger
from nof0_core.project import ServingConfig, load_serving
from nof0_core.sources import DataSource, FileSource, open_database


@attrs.frozen(kw_only=True)
class Running:
    """A server: where it is, and the thread that ends with it."""

    url: str
    thread: threading.Thread


@asynccontextmanager
async def open_server(
    config: ServingConfig,
    *,
    log: Logger,
    say: Callable[[str], object],
    lag: Lag | None = None,
    quarantine: Quarantine | None = None,
) -> AsyncIterator[Running]:
    """Serve what the configuration names, saying where.

    Raises:
        UsageError: the address cannot be listened on.
        ProviderError: the database is none, or the driver for it is not installed.
    """
    address = bind(config.host, config.port)
    async with AsyncExitStack() as stack:
        place = config.database
        source: DataSource = FileSource(config.data_path, log=log)
        if place is not None:
            source = await stack.enter_async_context(open_database(place, log=log))
        app = make_app(source, config, log=log, lag=lag, quarantine=quarantine)
        thread = await stack.enter_async_context(serving(app, address))
        what = config.data_path if place is None else f'the database\'s data of "{place.engine}"'
        say(f"serving {what} at {address.url} (reading only)")
        if address.is_public:
            say(
                f"note: {config.host} is not a loopback address: whoever reaches this machine can "
                "read all of it, prompts and positions included"
            )
        yield Running(url=address.url, thread=thread)


@asynccontextmanager
async def open_beside(env: CompanionEnv) -> AsyncIterator[Running]:
    """Serve beside an engine, in one process.

    Raises:
        UsageError: the address cannot be listened on.
    """
    config = load_serving(env.config_file, catalog=env.catalog, data_dir=env.data_dir)
    async with open_server(
        config, log=env.log, say=env.say, lag=env.lag, quarantine=env.quarantine
    ) as running:
        yield running
