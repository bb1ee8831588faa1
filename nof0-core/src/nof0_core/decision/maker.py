"""One question to one model, and what may be ordered on its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import anyio
import attrs

from nof0_core.answers.sanitizing import Redact, clean, cut
from nof0_core.answers.schema import answer_schema
from nof0_core.answers.validation import validate
from nof0_core.border.completions import wrong_answer
from nof0_core.border.foreign import Origin, reraise
from nof0_core.clock import Clock, stopwatch
from nof0_core.config.model import TraderConfig
from nof0_core.decision.calls_made import CallsMade, read_calls
from nof0_core.decision.preconditions import unmet
from nof0_core.decision.result import DecisionResult
from nof0_core.decision.verbose_log import log_decision
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import Completion, ModelCall, ModelSpec, Prompt
from nof0_core.domain.venue_view import VenueView
from nof0_core.domain.vocabulary import CallOutcome, CycleStatus
from nof0_core.errors import (
    BudgetExceededError,
    InvalidOutputError,
    LLMError,
    ModelTimeoutError,
    PromptError,
    ReplayMissError,
    TapeOverError,
)
from nof0_core.plugins.env import Logger
from nof0_core.protocols import LLMBackend
from nof0_core.protocols.llm import CallLog, CompletionRequest
from nof0_core.redaction import Redactor
from nof0_core.risk.gate import RiskGate

SHARE = 2 / 3
"""Part of the time left that a model has while others stand in behind it."""


_FINAL = frozenset({CycleStatus.INVALID_OUTPUT, CycleStatus.REPLAY_MISS})
"""After these nobody else is asked: there was an answer, or a recording holds none."""


class PromptSource(Protocol):
    """What renders a trader's prompt."""

    def render(self, context: DecisionContext, *, trader_name: str) -> Prompt:
        """Render system and user message."""


class DecisionMaker:
    """Decides for one trader.

    The answer is due `decision_timeout` after the question, told to the backend as `deadline` in
    the engine's time and as `expires` in real time. What is enforced is the latter: a model does
    not answer sooner because a demo's clock runs faster. Where results must not depend on the
    speed of the machine, backends keep to `expires` themselves; one that hangs `grace` seconds
    longer is given up all the same.

    Where a model gives no answer, or its budget is spent, the `fallbacks` are asked in their order
    within the same time, of which a silent model leaves them a third. An answer that cannot be used
    ends the cycle: it was an answer.
    """

    def __init__(
        self,
        *,
        trader: TraderConfig,
        backend: LLMBackend,
        gate: RiskGate,
        prompts: PromptSource,
        clock: Clock,
        grace: float = 0.0,
        fallbacks: Sequence[tuple[ModelSpec, LLMBackend]] = (),
        origins: Mapping[str, Origin] | None = None,
        redact: Redact | None = None,
        verbose: Logger | None = None,
    ) -> None:
        self._trader = trader
        self._chain = ((trader.model, backend), *fallbacks)
        self._gate = gate
        self._prompts = prompts
        self._clock = clock
        self._grace = grace
        self._origins = origins or {}
        self._redact = redact or Redactor().text
        self._verbose = verbose

    async def decide(
        self,
        context: DecisionContext,
        scheduled: datetime,
        calls: CallLog,
        venue: VenueView | None = None,
    ) -> DecisionResult:
        """Ask the model and judge its answer.

        Args:
            context: what the trader knows now.
            scheduled: when the cycle was due, UTC.
            calls: of the cycle; holds what the question has cost, also where it is cut off.
            venue: all traders of the venue account, for risk checks alone; None where none asks.

        Returns:
            The result; trouble with the model is a status of it, not an exception. Cancellation
            passes through.
        """
        stopped = unmet(context)
        if stopped is not None:
            return DecisionResult(status=stopped[0], error=stopped[1])
        trader, started = self._trader, stopwatch()
        request = CompletionRequest(
            trader=context.trader,
            cycle=context.cycle,
            model=trader.model,
            context=context,
            schema=answer_schema(context.symbols),
            deadline=max(scheduled, self._clock.now()) + trader.decision_timeout,
            render=lambda: self._prompts.render(context, trader_name=trader.name),
            expires=started + trader.decision_timeout.total_seconds(),
            calls=calls,
        )
        outcome = await self._ask(request)
        latency = stopwatch() - started
        made = self.read(calls)
        if made.wrong:
            # What cannot be written down cannot be accounted for.
            outcome = DecisionResult(status=CycleStatus.INVALID_OUTPUT, error=made.wrong)
        if isinstance(outcome, Completion):
            outcome = self._judge(clean(outcome, self._redact), context, venue)
        said = outcome.completion
        done = DecisionResult(
            status=outcome.status,
            error=self._redact(outcome.error),
            completion=cut(clean(said, self._redact)) if said is not None else None,
            judgements=outcome.judgements,
            approved=outcome.approved,
            prompt=request.rendered,
            latency_s=latency,
        )
        if self._verbose is not None:
            log_decision(self._verbose, context, done, made.calls)
        return done

    def read(self, calls: CallLog) -> CallsMade:
        """Return what a log holds, as it is recorded: without secrets."""
        return read_calls(calls, self._redact)

    async def _ask(self, request: CompletionRequest) -> Completion | DecisionResult:
        """Ask one model after the other until one answers."""
        failures: list[tuple[CycleStatus, str, str]] = []
        whole = self._trader.decision_timeout.total_seconds()
        ends = stopwatch() + whole
        for place, (spec, backend) in enumerate(self._chain, start=1):
            # The first has all of it, however slow the machine is.
            left = ends - stopwatch() if failures else whole
            if failures and left <= 0:
                break
            allowed = left if place == len(self._chain) else left * SHARE
            noted = len(request.calls)
            outcome = await self._ask_within(allowed, request, spec, backend)
            if isinstance(outcome, Completion) or outcome.status in _FINAL:
                return outcome
            failures.append((outcome.status, spec.name, outcome.error))
            if len(request.calls) == noted and len(self._chain) > 1:
                # Somebody else will answer: the journal must say why it was not this one.
                is_budget = outcome.status is CycleStatus.BUDGET_EXCEEDED
                word = CallOutcome.BUDGET if is_budget else CallOutcome.REFUSED
                request.calls.add(ModelCall(model=spec.name, outcome=word, detail=outcome.error))
        return _failed(failures)

    async def _ask_within(
        self, allowed: float, request: CompletionRequest, spec: ModelSpec, backend: LLMBackend
    ) -> Completion | DecisionResult:
        """Ask one model, which is told how many seconds it has."""
        asked = request.asking(spec, expires=stopwatch() + allowed)
        origin = self._origins.get(spec.backend) or Origin(part=f"llm {spec.backend}")
        # Where time stands still it counts when the backend itself gives up: that is on a tape.
        if allowed + self._grace == math.inf:
            return await _ask_one(asked, backend, origin)
        with anyio.move_on_after(allowed + self._grace):
            return await _ask_one(asked, backend, origin)
        message = f"no answer within {round(allowed, 2):g} s"
        return DecisionResult(status=CycleStatus.MODEL_TIMEOUT, error=message)

    def _judge(
        self, completion: Completion, context: DecisionContext, venue: VenueView | None
    ) -> DecisionResult:
        try:
            answer = validate(completion, context, redact=self._redact)
        except InvalidOutputError as error:
            return DecisionResult(
                status=CycleStatus.INVALID_OUTPUT, error=str(error), completion=completion
            )
        judged, approved = self._gate.judge(answer.decisions, context, venue)
        if answer.chain_of_thought and not completion.chain_of_thought:
            completion = attrs.evolve(completion, chain_of_thought=answer.chain_of_thought)
        return DecisionResult(
            status=CycleStatus.OK,
            completion=completion,
            judgements=answer.merged(judged),
            approved=approved,
        )


async def _ask_one(
    request: CompletionRequest, backend: LLMBackend, origin: Origin
) -> Completion | DecisionResult:
    """Ask one model; every failure of it becomes a value. Cancellation passes through.

    Raises:
        ReplayMissError: a replay cannot go on.
    """
    try:
        answer = await _complete(request, backend, origin)
    except InvalidOutputError as error:
        return DecisionResult(
            status=CycleStatus.INVALID_OUTPUT,
            error=str(error),
            completion=Completion(
                model=request.model.name, text=error.output, chain_of_thought=error.thought
            ),
        )
    except TapeOverError as error:
        return DecisionResult(status=CycleStatus.REPLAY_MISS, error=str(error))
    except BudgetExceededError as error:
        return DecisionResult(status=CycleStatus.BUDGET_EXCEEDED, error=str(error))
    except ModelTimeoutError as error:
        return DecisionResult(status=CycleStatus.MODEL_TIMEOUT, error=str(error))
    except (LLMError, PromptError) as error:
        return DecisionResult(status=CycleStatus.MODEL_ERROR, error=str(error))
    wrong = wrong_answer(answer)
    if not wrong:
        return answer
    # What was said at such length, or paid for, is not lost.
    text: object = getattr(answer, "text", "") if type(answer) is Completion else ""
    kept = Completion(model=request.model.name, text=text) if type(text) is str and text else None
    return DecisionResult(
        status=CycleStatus.INVALID_OUTPUT, error=origin.at_fault(wrong), completion=kept
    )


async def _complete(request: CompletionRequest, backend: LLMBackend, origin: Origin) -> Completion:
    """Ask one model; what no backend may raise is an `LLMError`."""
    try:
        return await backend.complete(request)
    except BaseException as error:  # noqa: BLE001 - foreign code raises anything
        reraise(
            error,
            origin=origin,
            verb="complete",
            allowed=(LLMError, PromptError, ReplayMissError),
            make=LLMError,
        )


def _failed(failures: Sequence[tuple[CycleStatus, str, str]]) -> DecisionResult:
    """Sum up why nobody answered; a spent budget is the reason only if it is the only one."""
    if len(failures) == 1:
        status, _, error = failures[0]
        return DecisionResult(status=status, error=error)
    others = [status for status, _, _ in failures if status is not CycleStatus.BUDGET_EXCEEDED]
    return DecisionResult(
        status=others[-1] if others else CycleStatus.BUDGET_EXCEEDED,
        error="; ".join(f"{name}: {error}" for _, name, error in failures),
    )
