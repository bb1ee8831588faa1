"""One question to one model, and what may be ordered on its answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import anyio
import attrs

from nof0_core.clock import Clock, stopwatch
from nof0_core.config.model import TraderConfig
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision
from nof0_core.domain.model import Completion, CompletionRequest, Prompt
from nof0_core.errors import InvalidOutputError, LLMError, PromptError
from nof0_core.executor.answer import Answer, parse
from nof0_core.executor.deliberation import CycleStatus, Deliberation
from nof0_core.executor.readiness import obstacle
from nof0_core.executor.schema import answer_schema
from nof0_core.protocols import LLMBackend
from nof0_core.risk.gate import RiskGate


class PromptSource(Protocol):
    """What renders a trader's prompt."""

    def render(self, context: DecisionContext, *, trader_name: str) -> Prompt:
        """Render system and user message."""


class Executor:
    """Decides for one trader.

    The answer is due at the scheduled time plus `decision_timeout`, told to the backend as
    `deadline` in the engine's time. What is enforced is `decision_timeout` of real time: a model
    does not answer sooner because a demo's clock runs faster. On a lockstep clock, where time
    stands still while a model thinks, nothing is enforced, so that results never depend on the
    speed of the machine.
    """

    def __init__(
        self,
        *,
        trader: TraderConfig,
        backend: LLMBackend,
        gate: RiskGate,
        prompts: PromptSource,
        clock: Clock,
    ) -> None:
        self._trader = trader
        self._backend = backend
        self._gate = gate
        self._prompts = prompts
        self._clock = clock

    async def decide(self, context: DecisionContext, scheduled: datetime) -> Deliberation:
        """Ask the model and judge its answer.

        Args:
            context: what the trader knows now.
            scheduled: when the cycle was due, UTC.

        Returns:
            A deliberation; trouble with the model is a status of it, not an exception. Cancellation
            passes through.
        """
        stopped = obstacle(context)
        if stopped is not None:
            return Deliberation(status=stopped[0], error=stopped[1])
        trader = self._trader
        request = CompletionRequest(
            trader=context.trader,
            cycle=context.cycle,
            model=trader.model,
            context=context,
            schema=answer_schema(context.symbols),
            deadline=scheduled + trader.decision_timeout,
            render=lambda: self._prompts.render(context, trader_name=trader.name),
        )
        started = stopwatch()
        outcome = await self._ask(request)
        latency = stopwatch() - started
        if isinstance(outcome, Completion):
            outcome = self._judge(outcome, context)
        return Deliberation(
            status=outcome.status,
            error=outcome.error,
            completion=outcome.completion,
            judgements=outcome.judgements,
            approved=outcome.approved,
            prompt=request.rendered,
            latency_s=latency,
        )

    async def _ask(self, request: CompletionRequest) -> Completion | Deliberation:
        try:
            if self._clock.is_lockstep:
                return await self._backend.complete(request)
            allowed = self._trader.decision_timeout.total_seconds()
            with anyio.move_on_after(allowed) as scope:
                return await self._backend.complete(request)
        except InvalidOutputError as error:
            return Deliberation(
                status=CycleStatus.INVALID_OUTPUT,
                error=str(error),
                completion=Completion(model=request.model.name, text=error.output),
            )
        except (LLMError, PromptError) as error:
            return Deliberation(status=CycleStatus.MODEL_ERROR, error=str(error))
        except Exception as error:  # noqa: BLE001 - a broken backend must not take the engine down
            message = f"{type(error).__name__}: {error}"
            return Deliberation(status=CycleStatus.MODEL_ERROR, error=message)
        assert scope.cancelled_caught  # noqa: S101 - the block returns unless the scope cut it off
        message = f"no answer within {allowed:g} s"
        return Deliberation(status=CycleStatus.MODEL_TIMEOUT, error=message)

    def _judge(self, completion: Completion, context: DecisionContext) -> Deliberation:
        if not (completion.text.isascii() and completion.chain_of_thought.isascii()):
            completion = attrs.evolve(
                completion,
                text=_writable(completion.text),
                chain_of_thought=_writable(completion.chain_of_thought),
            )
        try:
            answer = _read(completion)
        except InvalidOutputError as error:
            return Deliberation(
                status=CycleStatus.INVALID_OUTPUT, error=str(error), completion=completion
            )
        judged, approved = self._gate.judge(answer.decisions, context)
        if answer.chain_of_thought and not completion.chain_of_thought:
            completion = attrs.evolve(completion, chain_of_thought=answer.chain_of_thought)
        return Deliberation(
            status=CycleStatus.OK,
            completion=completion,
            judgements=answer.merged(judged),
            approved=approved,
        )


def _read(completion: Completion) -> Answer:
    if completion.decisions is None:
        return parse(completion.text)
    return Answer(elements=_typed(completion.decisions))


def _writable(text: str) -> str:
    """Replace what cannot be written as UTF-8 (lone surrogates), so that the journal takes it."""
    return text.encode("utf-8", "replace").decode()


def _typed(decisions: Sequence[object]) -> tuple[Decision, ...]:
    """Return a backend's own decisions, after making sure that they are decisions."""
    checked = tuple(d for d in decisions if isinstance(d, Decision) and isinstance(d.symbol, str))
    if len(checked) != len(decisions):
        raise InvalidOutputError(["the backend gave something that is not a decision"])
    return checked
