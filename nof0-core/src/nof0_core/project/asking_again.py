"""Asking a model what a trader was asked in recorded cycles, or would have been."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import attrs

from nof0_core.backtest.replay.asking import FixedPrompt
from nof0_core.backtest.replay.case import context_of
from nof0_core.backtest.replay.what_if import Variant
from nof0_core.config.model import Config
from nof0_core.decision import DecisionMaker
from nof0_core.domain.model import ModelSpec, Usage
from nof0_core.plugins.kinds import BackendKind
from nof0_core.project.asking import Asked, what_came
from nof0_core.project.outside_a_run import sections_outside_a_run
from nof0_core.protocols.llm import CallLog
from nof0_core.redaction import Redactor
from nof0_core.runtime import origins


def is_paid(config: Config, model: ModelSpec) -> bool:
    """Tell whether asking a model may cost money: one that reads prompts, or says so."""
    kind = config.backends[model.backend].kind
    return isinstance(kind, BackendKind) and (
        kind.is_paid or model.price is not None or (kind.reads_prompt and not kind.is_baseline)
    )


def cost_of(model: ModelSpec, wanted: Sequence[Variant]) -> Decimal | None:
    """Return what one answer to each prompt costs at most, in USD; None: it has no price.

    A repair comes on top, and without `max_completion_tokens` the answers do.
    """
    if model.price is None:
        return None
    usage = Usage(
        prompt_tokens=sum(one.tokens for one in wanted),
        completion_tokens=len(wanted) * (model.max_completion_tokens or 0),
    )
    return model.price.cost(usage)


async def ask_again(
    config: Config, model: ModelSpec, wanted: Sequence[Variant]
) -> AsyncIterator[tuple[Variant, Asked]]:
    """Ask a model each prompt, one after the other, and judge its answers as they would have been.

    Nothing is ordered, no budget of a run counts it, and nobody stands in for the model.

    Args:
        config: where the model stands.
        model: who is asked, as `nof0_core.project.find_model` returns it.
        wanted: the cycles with their prompts.

    Raises:
        Nof0Error: the backend cannot be opened, or a tape has no such answer.
    """
    async with sections_outside_a_run(config) as (driver, sections):
        backends = await sections.open_all("llm", config.backends)
        for each in wanted:
            case, desk = each.case, each.desk
            assert case.known is not None  # noqa: S101 - that is what a variant was made of
            maker = DecisionMaker(
                trader=attrs.evolve(desk.trader.config, model=model, fallbacks=()),
                backend=backends[model.backend],
                gate=desk.gate,
                prompts=FixedPrompt(each.prompt),
                clock=driver.clock,
                grace=driver.tempo.model_grace,
                origins=origins.of_backends(config),
                redact=Redactor(config.secrets).text,
            )
            calls = CallLog()
            context = context_of(case, case.known, desk.trader)
            result = await maker.decide(context, case.body.scheduled, calls, case.known.venue)
            yield each, what_came(result, maker.read(calls).calls)
