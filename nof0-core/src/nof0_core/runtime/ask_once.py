"""One question to one model, outside any run."""

from __future__ import annotations

from contextlib import AsyncExitStack

import attrs

from nof0_core.config.model import Config
from nof0_core.decision import CallsMade, DecisionMaker, DecisionResult
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import ModelSpec
from nof0_core.errors import UsageError
from nof0_core.protocols.llm import CallLog
from nof0_core.redaction import Redactor
from nof0_core.risk.gate import RiskGate
from nof0_core.runtime import clocks, origins, preview
from nof0_core.runtime.logs import logging_to
from nof0_core.runtime.preview import prompt_book
from nof0_core.runtime.sections import sections_of


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


async def ask(config: Config, model: ModelSpec, trader_id: str) -> tuple[DecisionResult, CallsMade]:
    """Ask a model what a trader would be asked first, and judge the answer; nothing is ordered.

    The calls it took say what it costs; no run's budget counts it.

    Raises:
        UsageError: there is no such trader.
        Nof0Error: market or backend cannot be opened.
    """
    trader = attrs.evolve(preview.find_trader(config, trader_id), model=model, fallbacks=())
    context: DecisionContext = await preview.context(config, trader_id)
    driver = clocks.driving(config.clock, full_speed=True)(None)
    async with AsyncExitStack() as stack:
        log = stack.enter_context(
            logging_to(
                config.state_dir / "nof0.log",
                is_verbose=False,
                redactor=Redactor(config.secrets),
            )
        )
        sections, _ = await stack.enter_async_context(sections_of(config, driver, log))
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
        return await maker.decide(context, context.time, calls), maker.read(calls)
