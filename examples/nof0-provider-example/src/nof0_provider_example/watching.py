"""Something that runs beside the engine: it says who fell behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nof0_core import CompanionEnv
from nof0_core.project import data_directory


@asynccontextmanager
async def watch(env: CompanionEnv) -> AsyncIterator[None]:
    """Say where the run keeps its data, and at its end which exporters lack events."""
    place = env.data_dir or data_directory(env.config_file)
    env.say(f"watching {place}")
    yield
    behind = {name: count for name, count in env.lag().items() if count}
    env.say(f"behind at the end: {behind or 'nobody'}")
