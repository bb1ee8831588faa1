"""The backend behind `backend: ensemble`."""

from __future__ import annotations

import json

import anyio
import attrs

from nof0_core.domain.model import Completion, ModelSpec, Usage
from nof0_core.errors import LLMError, ReplayMissError
from nof0_core.plugins.env import Env, ModelRef
from nof0_core.protocols.llm import CompletionRequest
from nof0_llm.ensemble.ballot import decide
from nof0_llm.ensemble.params import CONFIDENCE, EnsembleParams
from nof0_llm.member import KEPT_FREE, Heard, ask, part_of_time, unused, why


class EnsembleBackend:
    """Asks all members at the same time and counts their votes.

    A member that fails, or is not done in time, abstains. The raw answer is a JSON object with
    what each member wrote.
    """

    def __init__(self, env: Env) -> None:
        self._env = env

    async def complete(self, request: CompletionRequest) -> Completion:
        """Ask and count.

        Raises:
            BudgetExceededError: too few answered, and budgets alone were the reason.
            ModelTimeoutError: too few answered in time.
            LLMError: too few answered.
        """
        params = request.model.params
        if not isinstance(params, EnsembleParams):
            message = f"model {request.model.name}: params are not those of an ensemble"
            raise LLMError(message)
        heard = await self._ask(request, params.members)
        for each in heard:
            if isinstance(each.error, ReplayMissError):
                raise each.error
        ballots = {each.model: each.answer.decisions for each in heard if each.answer is not None}
        if len(ballots) < params.needed:
            counted = f"{len(ballots)} of {len(heard)} members answered, {params.needed} must"
            raise why(heard, counted)
        decisions = decide(
            ballots, request.context.symbols, by_confidence=params.vote == CONFIDENCE
        )
        return Completion(
            model=request.model.name,
            text=json.dumps({"members": [each.record for each in heard]}, ensure_ascii=False),
            decisions=decisions,
            chain_of_thought="\n\n".join(each.thought for each in heard),
            usage=sum((each.usage for each in heard), Usage()),
            attempts=len(heard),
        )

    async def _ask(self, request: CompletionRequest, members: tuple[ModelRef, ...]) -> list[Heard]:
        """Ask all members; answers and calls are in the order of the members, not of time."""
        expires = part_of_time(request, 1 - KEPT_FREE)
        heard: dict[ModelRef, Heard] = {}
        calls = {member: request.calls.part() for member in members}

        async def one(member: ModelRef) -> None:
            own = attrs.evolve(
                request, render=lambda: request.prompt, calls=calls[member], expires=expires
            )
            heard[member] = await ask(self._env, member, own)

        async with anyio.create_task_group() as tasks:
            for member in members:
                tasks.start_soon(one, member)
        return [heard[member] for member in members]


def problem(model: ModelSpec) -> str | None:
    """Say what is wrong with a model entry, None for nothing."""
    params = model.params
    if not isinstance(params, EnsembleParams):
        return "params are not those of an ensemble"
    if len(params.members) < 2:
        return "params.members must name at least two models"
    if len(set(params.members)) < len(params.members):
        return "params.members names a model twice: each has one vote"
    if params.needed > len(params.members):
        return f"params.quorum is {params.needed}, but there are {len(params.members)} members"
    return unused(model)
