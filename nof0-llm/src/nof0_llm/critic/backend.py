"""The backend behind `backend: critic`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import attrs

from nof0_core.domain.decision import Decision
from nof0_core.domain.model import Completion, ModelSpec, Usage
from nof0_core.errors import LLMError, ReplayMissError
from nof0_core.ids import Symbol
from nof0_core.plugins.env import BackendRef, Env
from nof0_core.protocols.llm import CompletionRequest
from nof0_llm.critic.params import CriticParams
from nof0_llm.critic.question import question
from nof0_llm.critic.review import LONGEST_REASON, Review, apply, read, schema
from nof0_llm.member import (
    KEPT_FREE,
    MOST_KEPT,
    Heard,
    ask,
    in_time,
    note,
    part_of_time,
    text_in,
    unused,
)

PROPOSER_SHARE = 0.6
"""Of the time there is, at most this much goes to the proposer; the rest is the critic's."""


@attrs.frozen(kw_only=True)
class _Verdict:
    """What came of asking the critic; `silence` says why an entry without a review is vetoed."""

    name: str
    reviews: Mapping[Symbol, Review]
    silence: str
    text: str = ""
    usage: Usage = Usage()


class CriticBackend:
    """Asks the proposer, then the critic about its entries, if there are any.

    Holds and closes pass as they are: nobody may keep a trader from ending a position. A critic
    that fails, answers late or in another form has vetoed.
    """

    def __init__(self, env: Env) -> None:
        self._env = env

    async def complete(self, request: CompletionRequest) -> Completion:
        """Ask one after the other.

        Raises:
            LLMError: whatever the proposer failed with.
            ReplayMissError: a recording has no answer of one of them.
        """
        params = request.model.params
        if not isinstance(params, CriticParams):
            message = f"model {request.model.name}: params are not those of a critic"
            raise LLMError(message)
        first = attrs.evolve(
            request, render=lambda: request.prompt, expires=part_of_time(request, PROPOSER_SHARE)
        )
        proposed = await ask(self._env, params.proposer, first)
        if proposed.answer is None:
            raise proposed.error or LLMError("the proposer gave no answer")
        decisions = proposed.answer.decisions
        entries = [decision for decision in decisions if decision.signal.is_entry]
        verdict = await self._review(request, params, entries) if entries else None
        return _completion(request, proposed, decisions, verdict)

    async def _review(
        self, request: CompletionRequest, params: CriticParams, entries: Sequence[Decision]
    ) -> _Verdict:
        spec = self._env.model(params.critic)
        asked = attrs.evolve(
            request,
            model=spec,
            schema=schema(entry.symbol for entry in entries),
            render=lambda: question(request.prompt, entries, params.instructions),
            expires=part_of_time(request, 1 - KEPT_FREE),
            check=read,
        )
        backend, noted = self._env.backend(BackendRef(spec.backend)), len(request.calls)
        completion: Completion | None = None
        unread = ""
        try:
            completion = await in_time(backend, asked)
            if completion is None:
                return _Verdict(name=spec.name, reviews={}, silence="no review in time")
            reviews, silence = read(completion.text), "no valid review of this entry"
        except ReplayMissError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with a critic is a veto
            note(request, spec, noted, error)
            unread = text_in(error)
            reviews, silence = {}, f"no review: {error}"[:LONGEST_REASON]
        return _Verdict(
            name=spec.name,
            reviews=reviews,
            silence=silence,
            text=completion.text if completion is not None else unread,
            usage=completion.usage if completion is not None else Usage(),
        )


def _completion(
    request: CompletionRequest,
    proposed: Heard,
    decisions: tuple[Decision, ...],
    verdict: _Verdict | None,
) -> Completion:
    raw: dict[str, object] = {"proposer": proposed.record}
    thought, usage = proposed.thought, proposed.usage
    if verdict is not None:
        raw["critic"] = {"model": verdict.name, "answer": verdict.text[:MOST_KEPT]}
        decisions = apply(decisions, verdict.reviews, critic=verdict.name, silence=verdict.silence)
        said = [f"{symbol} {r.word}: {r.reason}" for symbol, r in verdict.reviews.items()]
        thought += f"\n\n[{verdict.name}] " + ("\n".join(said) or verdict.silence)
        usage += verdict.usage
    return Completion(
        model=request.model.name,
        text=json.dumps(raw, ensure_ascii=False),
        decisions=decisions,
        chain_of_thought=thought,
        usage=usage,
        attempts=1 if verdict is None else 2,
    )


def problem(model: ModelSpec) -> str | None:
    """Say what is wrong with a model entry, None for nothing."""
    params = model.params
    if not isinstance(params, CriticParams):
        return "params are not those of a critic"
    if not params.proposer or not params.critic:
        return "params.proposer and params.critic must each name a model"
    return unused(model)
