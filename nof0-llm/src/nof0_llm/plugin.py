"""What this package offers to nof0."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from nof0_core.domain.model import ModelSpec
from nof0_core.plugins.env import Env
from nof0_core.plugins.hookspecs import hookimpl
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.protocols import LLMBackend
from nof0_llm.baseline.params import BaselineConfig, BaselineParams
from nof0_llm.tape.config import TapeConfig, asks


@asynccontextmanager
async def open_baseline(_config: BaselineConfig, _env: Env) -> AsyncIterator[LLMBackend]:
    """Open the rule-based traders; they own nothing that has to be closed."""
    from nof0_llm.baseline.backend import BaselineBackend

    yield BaselineBackend()


def check_baseline(model: ModelSpec) -> str | None:
    """Say what is wrong with a model entry of the baseline backend, None for nothing."""
    from nof0_llm.baseline.backend import problem

    return problem(model)


BASELINE: ServiceKind[BaselineConfig, LLMBackend] = ServiceKind(
    type="baseline",
    config=BaselineConfig,
    open=open_baseline,
    params=BaselineParams,
    reads_prompt=False,
    check_model=check_baseline,
    summary="rule-based traders: buy_and_hold, ema_cross, mean_reversion, random (no key needed)",
)


@asynccontextmanager
async def open_tape(config: TapeConfig, env: Env) -> AsyncIterator[LLMBackend]:
    """Open a tape."""
    from nof0_llm.tape.backend import open_tape as open_

    async with open_(config, env) as backend:
        yield backend


TAPE: ServiceKind[TapeConfig, LLMBackend] = ServiceKind(
    type="tape",
    config=TapeConfig,
    open=open_tape,
    opens_backends=asks,
    summary="records what another backend answers, and plays it back without asking",
)


@hookimpl
def nof0_llm_backends() -> Iterable[ServiceKind[Any, LLMBackend]]:
    """Offer the backends of this package."""
    return [BASELINE, TAPE]
