"""One question to one model, outside any run."""

from __future__ import annotations

import attrs

from nof0_core.config.model import Config
from nof0_core.decision import DecisionMaker
from nof0_core.decision.result import DecisionResult
from nof0_core.domain.decision import Judgement
from nof0_core.domain.model import Completion, ModelCall, ModelSpec, Prompt
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import UsageError
from nof0_core.project.first_prompt import find_trader, first_context
from nof0_core.project.outside_a_run import sections_outside_a_run
from nof0_core.protocols.llm import CallLog
from nof0_core.redaction import Redactor
from nof0_core.risk.gate import RiskGate
from nof0_core.runtime import origins
from nof0_core.runtime.preview import prompt_book


@attrs.frozen(kw_only=True)
class Asked:
    """What came of one question to one model.

    `error` is a sentence unless `status` is ok. `completion` is the answer, also where it could not
    be used, None for none. `judgements` are in the order of the answer, malformed elements
    included. `prompt` is None where the backend read none. `calls` are those it took, with what
    they cost; `latency_s` is real time.
    """

    status: CycleStatus
    error: str = ""
    completion: Completion | None = None
    judgements: tuple[Judgement, ...] = ()
    prompt: Prompt | None = None
    calls: tuple[ModelCall, ...] = ()
    latency_s: float = 0.0


def what_came(result: DecisionResult, calls: tuple[ModelCall, ...]) -> Asked:
    """Return what came of a decision that took these calls."""
    return Asked(
        status=result.status,
        error=result.error,
        completion=result.completion,
        judgements=result.judgements,
        prompt=result.prompt,
        calls=calls,
        latency_s=result.latency_s,
    )


def find_model(config: Config, name: str) -> ModelSpec:
    """Return an entry of llm.yaml whose backend is opened by a run.

    Raises:
        UsageError: there is none of that name, or no trader uses its backend.
    """
    spec = config.models.get(name)
    if spec is None:
        message = f'no model "{name}" in the configuration'
        raise UsageError(message, hints=("models: " + ", ".join(config.models),))
    if spec.backend not in config.backends:
        message = f"no trader uses the backend of {name} ({spec.backend}), so it was not set up"
        raise UsageError(message, hints=("let a trader use the model, if only as a fallback",))
    return spec


async def ask(config: Config, model: ModelSpec, trader_id: str) -> Asked:
    """Ask a model what a trader would be asked first, and judge the answer; nothing is ordered.

    A model that has to be paid is paid, and no run's budget counts it. It is asked once, without
    the trader's fallbacks; an answer that cannot be used is a value.

    Args:
        config: the configuration.
        model: who is asked, as `find_model` returns it.
        trader_id: whose first prompt it is, and whose limits the answer is judged by.

    Raises:
        UsageError: there is no such trader.
        Nof0Error: market or backend cannot be opened, or a recording holds no answer.
    """
    trader = attrs.evolve(find_trader(config, trader_id), model=model, fallbacks=())
    context = await first_context(config, trader_id)
    async with sections_outside_a_run(config) as (driver, sections):
        backends = await sections.open_all("llm", config.backends)
        maker = DecisionMaker(
            trader=trader,
            backend=backends[model.backend],
            gate=RiskGate(trader.risk_checks, origins.of_checks(config, trader)),
            prompts=prompt_book(config, trader),
            clock=driver.clock,
            grace=driver.tempo.model_grace,
            origins=origins.of_backends(config),
            redact=Redactor(config.secrets).text,
        )
        calls = CallLog()
        result = await maker.decide(context, context.time, calls)
        return what_came(result, maker.read(calls).calls)
