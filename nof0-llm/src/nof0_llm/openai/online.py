"""What an endpoint says of itself before a run: its list of models, which costs nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import openai

from nof0_core.domain.finding import Finding, FindingLevel
from nof0_core.plugins.env import Env
from nof0_llm.openai.endpoint import connected
from nof0_llm.openai.failure import HINTS, failure_of
from nof0_llm.openai.settings import OpenAIConfig

WITHIN = 15.0
"""Seconds for the list: it is short, and the whole check has 20."""
REFUSED = (401, 403)


async def look(config: OpenAIConfig, env: Env) -> Sequence[Finding]:
    """Ask for the list of models: is the endpoint there, is the key good, are the models known."""
    async with connected(config) as endpoint:
        client = endpoint.client.with_options(timeout=min(WITHIN, config.timeout.total_seconds()))
        try:
            known = {str(model.id) async for model in await client.models.list()}
        except openai.APIStatusError as error:
            return [_refusal(error)]
        except openai.APIError as error:
            return [_found(FindingLevel.PROBLEM, failure_of(error).message)]
        except (AttributeError, TypeError, ValueError):
            # The client takes what comes for a list.
            return [_found(FindingLevel.WARNING, "what the endpoint answers is no list of models")]
    return list(_models(known, env))


def _refusal(error: openai.APIStatusError) -> Finding:
    said = failure_of(error).message
    status = error.status_code
    if status in REFUSED:
        return _found(FindingLevel.PROBLEM, f"the key is not accepted: {said}; {HINTS[status]}")
    if status in (404, 405, 501):
        return _found(
            FindingLevel.WARNING,
            f"there is no list of models, so neither key nor models are known to be right ({said})",
        )
    return _found(FindingLevel.PROBLEM, said)


def _models(known: Collection[str], env: Env) -> Iterator[Finding]:
    if not known:
        sentence = "the endpoint answers, but its list of models is empty"
        yield _found(FindingLevel.WARNING, sentence)
        return
    yield _found(FindingLevel.OK, f"the endpoint answers and lists {len(known)} models")
    for model in env.models:
        if model.model_name in known:
            yield _found(FindingLevel.OK, f"{model.name}: {model.model_name} is listed")
        else:
            sentence = f"{model.name}: the endpoint does not list a model {model.model_name}"
            yield _found(FindingLevel.PROBLEM, sentence)


def _found(level: FindingLevel, sentence: str) -> Finding:
    return Finding(level=level, sentence=sentence)
