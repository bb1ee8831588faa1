"""One of several models that are asked about the same thing."""

from __future__ import annotations

import anyio
import attrs

from nof0_core.answers import Answer, validate
from nof0_core.clock import stopwatch
from nof0_core.domain.decision import Judgement
from nof0_core.domain.model import Completion, DailyBudget, ModelCall, ModelSpec, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import (
    BudgetExceededError,
    InvalidOutputError,
    LLMError,
    ModelTimeoutError,
)
from nof0_core.plugins.env import BackendRef, Env, ModelRef
from nof0_core.protocols import LLMBackend
from nof0_core.protocols.llm import CompletionRequest

MOST_KEPT = 40_000
"""Characters of one model's answer that are kept beside those of the others."""
KEPT_FREE = 0.05
"""Share of the time left in which nobody is waited for, so that who has answered can be heard."""


@attrs.frozen(kw_only=True)
class Heard:
    """What came of asking one model.

    Either `completion` with its `answer`, or `error`; a completion that cannot be read has both.
    """

    model: str
    completion: Completion | None = None
    answer: Answer | None = None
    error: Exception | None = None

    @property
    def usage(self) -> Usage:
        """Return what the backend says the answer took."""
        return self.completion.usage if self.completion is not None else Usage()

    @property
    def record(self) -> dict[str, str]:
        """Return what is kept of it, as the raw answer of the whole."""
        kept = {"model": self.model}
        said = self.completion.text if self.completion is not None else text_in(self.error)
        if self.completion is not None or said:
            kept["answer"] = said[:MOST_KEPT]
        if self.error is not None:
            kept["error"] = str(self.error)[:MOST_KEPT]
        return kept

    @property
    def thought(self) -> str:
        """Return how it got there, under its name; the reason where it gave no usable answer."""
        if self.error is not None or self.answer is None or self.completion is None:
            return f"[{self.model}] no usable answer: {self.error}"
        said = self.completion.chain_of_thought or self.answer.chain_of_thought
        lines = [f"[{self.model}] {said[:MOST_KEPT]}".rstrip()]
        for element in self.answer.elements:
            if isinstance(element, Judgement):
                lines.append(f"left out: {element.verdicts[0].message}")
            else:
                lines.append(f"{element.signal} {element.symbol}: {element.reasoning}".rstrip(": "))
        return "\n".join(lines)


async def ask(env: Env, ref: ModelRef, request: CompletionRequest) -> Heard:
    """Ask one model; every failure of it is a value. Cancellation passes through.

    Args:
        env: of the section that asks.
        ref: the model.
        request: the question. It is told to the model as one to itself; calls are noted in its
            `calls`, and it is given up at `expires`.
    """
    spec = env.model(ref)
    asked, noted = request.asking(spec), len(request.calls)
    completion: Completion | None = None
    try:
        completion = await in_time(env.backend(BackendRef(spec.backend)), asked)
        if completion is None:
            raise ModelTimeoutError("no answer in time")  # noqa: EM101, TRY301 - a value below
        answer = validate(completion, request.context)
    except Exception as error:  # noqa: BLE001 - one model's trouble must not be that of the others
        note(request, spec, noted, error)
        return Heard(model=spec.name, completion=completion, error=error)
    return Heard(model=spec.name, completion=completion, answer=answer)


async def in_time(backend: LLMBackend, request: CompletionRequest) -> Completion | None:
    """Return what a backend answers before the request expires, None if it has not by then."""
    expires = request.expires
    with anyio.move_on_after(None if expires is None else max(0.0, expires - stopwatch())):
        return await backend.complete(request)
    return None


def part_of_time(request: CompletionRequest, share: float) -> float | None:
    """Return the moment at which a share of the time left is over, None where time is not short."""
    if request.expires is None:
        return None
    now = stopwatch()
    return now + share * max(0.0, request.expires - now)


def text_in(error: Exception | None) -> str:
    """Return the answer an error is about, empty if there was none."""
    return error.output if isinstance(error, InvalidOutputError) else ""


def note(request: CompletionRequest, spec: ModelSpec, noted: int, error: Exception) -> None:
    """Note among the calls that there was none, unless the backend has noted more than `noted`."""
    if len(request.calls) == noted:
        is_budget = isinstance(error, BudgetExceededError)
        outcome = CallOutcome.BUDGET if is_budget else CallOutcome.REFUSED
        call = ModelCall(model=spec.name, outcome=outcome, detail=str(error)[:500])
        request.calls.add(call)


def unused(model: ModelSpec) -> str | None:
    """Say which settings of an entry mean nothing where other models are asked; None for none."""
    means_nothing = {
        "temperature": model.temperature is not None,
        "max_completion_tokens": model.max_completion_tokens is not None,
        "top_p": model.top_p is not None,
        "mode": bool(model.mode),
        "model_name": model.model_name != model.name,
        "price": model.price is not None,
        "budget": model.budget != DailyBudget(),
    }
    keys = [key for key, is_set in means_nothing.items() if is_set]
    if not keys:
        return None
    return f"{', '.join(keys)}: mean nothing here, write them at the models that are asked"


def why(heard: list[Heard], message: str) -> LLMError:
    """Return the error for too few answers: of the kind that all of the failures are."""
    failures = [each for each in heard if each.error is not None]
    text = f"{message}: " + "; ".join(f"{each.model}: {each.error}" for each in failures)
    if failures and all(isinstance(each.error, BudgetExceededError) for each in failures):
        return BudgetExceededError(text, scope="members")
    if failures and all(isinstance(each.error, ModelTimeoutError) for each in failures):
        return ModelTimeoutError(text)
    return LLMError(text)
