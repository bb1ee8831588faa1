"""A whole engine, opened and put together as the command does it."""

from __future__ import annotations

from contextlib import asynccontextmanager

from nof0_core.execution.limits import LIMITS
from nof0_core.runtime import clocks
from nof0_core.runtime.assemble import assemble
from nof0_core.runtime.services import open_services


@asynccontextmanager
async def open_engine(config, *, full_speed, log, limits=LIMITS, **options):
    """Open what a configuration names, for a clock it names; `options` are of `open_services`."""
    driver = clocks.driving(config.clock, full_speed=full_speed, limits=limits)
    async with open_services(config, driver, log=log, **options) as services:
        yield assemble(services, services.driver)
