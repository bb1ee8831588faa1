"""The sections of a configuration, opened for a moment outside any run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from nof0_core.config.model import Config
from nof0_core.manager.drivers import Driver
from nof0_core.redaction import Redactor
from nof0_core.runtime import clocks
from nof0_core.runtime.logs import logging_to
from nof0_core.runtime.sections import Sections, sections_of


@asynccontextmanager
async def sections_outside_a_run(config: Config) -> AsyncIterator[tuple[Driver, Sections]]:
    """Give what opens sections, in a time that stands at `Clock.Start` where that is set.

    What is opened is closed at the end. Nothing is written but the log.
    """
    driver = clocks.driving(config.clock, full_speed=True)(None)
    async with sections_on(config, driver) as sections:
        yield driver, sections


@asynccontextmanager
async def sections_on(config: Config, driver: Driver) -> AsyncIterator[Sections]:
    """Give what opens sections in the time of a driver; see `sections_outside_a_run`."""
    async with AsyncExitStack() as stack:
        log = stack.enter_context(
            logging_to(
                config.state_dir / "nof0.log",
                is_verbose=False,
                redactor=Redactor(config.secrets),
                settings=config.logging,
            )
        )
        sections, _ = await stack.enter_async_context(sections_of(config, driver, log))
        yield sections
