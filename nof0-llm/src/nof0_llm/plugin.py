"""What this package offers to nof0."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from nof0_core.plugins.env import Env
from nof0_core.plugins.hookspecs import hookimpl
from nof0_core.plugins.kinds import BackendKind
from nof0_llm.baseline.params import BaselineConfig, BaselineParams
from nof0_llm.critic.params import CriticConfig, CriticParams
from nof0_llm.ensemble.params import EnsembleConfig, EnsembleParams
from nof0_llm.openai.settings import OpenAIConfig, OpenAIParams
from nof0_llm.tape.config import TapeConfig, asks, caveat

if TYPE_CHECKING:
    import click

    from nof0_core.domain.finding import Finding
    from nof0_core.domain.model import ModelSpec
    from nof0_core.domain.outlook import TraderOutlook
    from nof0_core.ids import Symbol
    from nof0_core.protocols import LLMBackend
    from nof0_core.protocols.wakes import Stance, WakeArray, WakeColumns


@asynccontextmanager
async def open_baseline(_config: BaselineConfig, _env: Env) -> AsyncIterator[LLMBackend]:
    """Open the rule-based traders; they own nothing that has to be closed."""
    from nof0_llm.baseline.backend import BaselineBackend

    yield BaselineBackend()


def check_baseline(model: ModelSpec) -> str | None:
    """Say what is wrong with a model entry of the baseline backend, None for nothing."""
    from nof0_llm.baseline.backend import problem

    return problem(model)


def check_baseline_trader(model: ModelSpec, trader: TraderOutlook) -> Sequence[str]:
    """Say what of a model entry does not fit what a trader is going to see."""
    from nof0_llm.baseline.fit import misfits

    return misfits(model, trader)


def baseline_wakes(
    model: ModelSpec, trader: TraderOutlook, symbol: Symbol, columns: WakeColumns
) -> Mapping[Stance, WakeArray]:
    """Say when a model of the baseline backend may act."""
    from nof0_llm.baseline.wakes import wakes

    return wakes(model, trader, symbol, columns)


BASELINE: BackendKind[BaselineConfig] = BackendKind(
    type="baseline",
    config=BaselineConfig,
    open=open_baseline,
    params=BaselineParams,
    reads_prompt=False,
    is_baseline=True,
    check_model=check_baseline,
    check_trader=check_baseline_trader,
    wakes=baseline_wakes,
    summary="rule-based traders: buy_and_hold, ema_cross, mean_reversion, random (no key needed)",
)


@asynccontextmanager
async def open_openai(config: OpenAIConfig, env: Env) -> AsyncIterator[LLMBackend]:
    """Open an endpoint."""
    from nof0_llm.openai.backend import opened

    async with opened(config, env) as backend:
        yield backend


async def check_openai(config: OpenAIConfig, env: Env) -> Sequence[Finding]:
    """Ask an endpoint for its models."""
    from nof0_llm.openai.online import look

    return await look(config, env)


def openai_host(config: OpenAIConfig) -> str:
    """Return the host of an endpoint alone: the rest of an address may hold a key."""
    from urllib.parse import urlsplit

    return urlsplit(config.base_url).netloc


OPENAI: BackendKind[OpenAIConfig] = BackendKind(
    type="openai",
    config=OpenAIConfig,
    open=open_openai,
    check_online=check_openai,
    address=openai_host,
    params=OpenAIParams,
    is_paid=True,
    summary="any endpoint that speaks OpenAI's protocol",
)


@asynccontextmanager
async def open_tape(config: TapeConfig, env: Env) -> AsyncIterator[LLMBackend]:
    """Open a tape."""
    from nof0_llm.tape.backend import open_tape as open_

    async with open_(config, env) as backend:
        yield backend


TAPE: BackendKind[TapeConfig] = BackendKind(
    type="tape",
    config=TapeConfig,
    open=open_tape,
    opens_backends=asks,
    caveat=caveat,
    summary="records what another backend answers, and plays it back without asking",
)


@asynccontextmanager
async def open_ensemble(_config: EnsembleConfig, env: Env) -> AsyncIterator[LLMBackend]:
    """Open the vote; its members are opened by whoever opens their sections."""
    from nof0_llm.ensemble.backend import EnsembleBackend

    yield EnsembleBackend(env)


@asynccontextmanager
async def open_critic(_config: CriticConfig, env: Env) -> AsyncIterator[LLMBackend]:
    """Open the pair; both models are opened by whoever opens their sections."""
    from nof0_llm.critic.backend import CriticBackend

    yield CriticBackend(env)


def check_ensemble(model: ModelSpec) -> str | None:
    """Say what is wrong with a model entry of the ensemble backend, None for nothing."""
    from nof0_llm.ensemble.backend import problem

    return problem(model)


ENSEMBLE: BackendKind[EnsembleConfig] = BackendKind(
    type="ensemble",
    config=EnsembleConfig,
    open=open_ensemble,
    params=EnsembleParams,
    check_model=check_ensemble,
    summary="several models vote on each coin; needs no settings, its models name the members",
)


def check_critic(model: ModelSpec) -> str | None:
    """Say what is wrong with a model entry of the critic backend, None for nothing."""
    from nof0_llm.critic.backend import problem

    return problem(model)


CRITIC: BackendKind[CriticConfig] = BackendKind(
    type="critic",
    config=CriticConfig,
    open=open_critic,
    params=CriticParams,
    check_model=check_critic,
    summary="one model proposes, a second may only veto or shrink its entries",
)


@hookimpl
def nof0_llm_backends() -> Iterable[BackendKind[Any]]:
    """Offer the backends of this package."""
    return [BASELINE, OPENAI, TAPE, ENSEMBLE, CRITIC]


@hookimpl
def nof0_commands(cli: click.Group) -> None:
    """Add the commands of this package."""
    from nof0_llm.openai.commands import llm
    from nof0_llm.tape.commands import tape

    cli.add_command(llm)
    cli.add_command(tape)
