"""Backends whose answers follow from what a trader is shown alone, opened to be asked again."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from nof0_core.clock import SimulatedClock
from nof0_core.config.recorded import RecordedTrader
from nof0_core.domain.context import DecisionContext
from nof0_core.plugins.env import Env, MarketRef
from nof0_core.protocols import LLMBackend
from nof0_core.protocols.market import MarketProvider


class Rules:
    """Opens each such backend once; `holder` closes them."""

    def __init__(self, holder: AsyncExitStack) -> None:
        self._holder = holder
        self._open: dict[tuple[str, str], LLMBackend] = {}

    async def of(self, trader: RecordedTrader, context: DecisionContext) -> LLMBackend | None:
        """Return what answered for a trader's model; None where that is no rule."""
        if trader.rule is None:
            return None
        kind, config = trader.rule
        key = (trader.config.model.backend, repr(config))
        if key not in self._open:
            surroundings = Env(
                section=trader.config.model.backend,
                clock=SimulatedClock(context.time),
                rng=random.Random(0),
                data_dir=Path.cwd(),
                log=_Silence(),
                market=_no_market,
                shared=_nothing_shared,
            )
            self._open[key] = await self._holder.enter_async_context(
                kind.open(config, surroundings)
            )
        return self._open[key]


class _Silence:
    """A log that nobody reads."""

    def debug(self, event: str, **values: object) -> None:
        """Drop it."""

    info = warning = error = debug


def _no_market(ref: MarketRef) -> MarketProvider:
    message = f"no market {ref} is open where cycles are done again"
    raise LookupError(message)


async def _nothing_shared(
    key: Hashable, _: Callable[[], AbstractAsyncContextManager[object]]
) -> object:
    message = f"nothing is shared where cycles are done again: {key}"
    raise LookupError(message)
