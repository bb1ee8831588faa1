"""From a configuration to a running server."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs

from nof0_api.app import make_app
from nof0_api.server import bind, serving
from nof0_api.watch import Lag, Quarantine
from nof0_core.plugins.companion import CompanionEnv
from nof0_core.plugins.env import Logger
from nof0_core.project import ServingConfig, load_serving
from nof0_core.sources import FileSource


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
    """
    address = bind(config.host, config.port)
    app = make_app(
        FileSource(config.data_path, log=log), config, log=log, lag=lag, quarantine=quarantine
    )
    async with serving(app, address) as thread:
        say(f"serving {config.data_path} at {address.url} (reading only)")
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
