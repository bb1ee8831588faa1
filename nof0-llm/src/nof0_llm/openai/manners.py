"""What an endpoint does not take of a call, learnt from its refusals and kept for the run.

A refusal of a parameter would come again at every cycle. What it names is left out or written in
another way, within the same budget, and the key of llm.yaml is told that spares the refusal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from nof0_core.domain.model import ModelSpec
from nof0_llm.openai.settings import (
    LIMIT_KEYS,
    MD_JSON,
    body_of,
    limit_key_of,
    limit_of,
    mode_of,
    params_of,
)
from nof0_llm.openai.structure import BOUNDS, prepared, unbounded

REFUSALS = (400, 404, 405, 415, 422, 501)
"""Statuses of refusals that may be about the form of a call."""

MOST_LESSONS = 8
"""More refusals in a row than this are not about the form."""

SMALLEST_LIMIT = 64

_OWN = ("temperature", "top_p")
_PARAMS = (
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
    "top_k",
    "min_p",
    "stream_options",
)
_UNKNOWN = re.compile(
    r"unsupported|unknown|unrecogni[sz]ed|not supported|not allowed|not permitted|forbidden|no such"
    r"|unexpected|extra|not accept|invalid (?:parameter|argument|name)|\binstead\b|deprecated",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])\d{1,9}(?![\w]|\.\d)")
_SCHEMA = re.compile(
    rf"schema|{'|'.join(BOUNDS)}|properties|nullable|anyOf|\$ref|keyword", re.IGNORECASE
)


@attrs.frozen(kw_only=True)
class Manners:
    """How a model is asked otherwise than its entry says.

    `left_out` are parameters that are not sent. `limit_key`, `limit`, `mode` and `streams` stand in
    for those of the entry, None: as it says. `is_plain` takes bounds out of the schema;
    `thoughts_back` tells whether thoughts are sent back with an answer, None: as they came.
    """

    left_out: frozenset[str] = frozenset()
    limit_key: str | None = None
    limit: int | None = None
    mode: str | None = None
    streams: bool | None = None
    is_plain: bool = False
    without_thoughts: bool = False

    def limit_for(self, model: ModelSpec) -> int:
        """Return the most tokens a model may write; never more than its entry says."""
        return min(self.limit or limit_of(model), limit_of(model))

    def arguments(
        self, model: ModelSpec, messages: list[dict[str, Any]], schema: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the arguments of a call."""
        body = body_of(model)
        for key in LIMIT_KEYS:
            body.pop(key, None)
        body[self.limit_key or limit_key_of(model)] = self.limit_for(model)
        params = params_of(model)
        if params.stream if self.streams is None else self.streams:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        body = {key: value for key, value in body.items() if key not in self.left_out}
        shown = messages
        if self.without_thoughts:
            shown = [{k: v for k, v in m.items() if not k.startswith("reason")} for m in messages]
        mode = self.mode or mode_of(model)
        is_plain = self.is_plain or model.provider.lower() in PLAIN_SCHEMA
        made = prepared(
            {**body, "messages": shown}, mode, unbounded(schema) if is_plain else schema
        )
        return {**made, **params.extra_body}


PLAIN_SCHEMA = ("google", "gemini")
"""Providers that know a part of JSON schema only."""


@attrs.frozen(kw_only=True)
class Lesson:
    """What was learnt, and the key of llm.yaml that spares the refusal."""

    manners: Manners
    advice: str


def lesson(
    before: Manners, model: ModelSpec, sent: Mapping[str, Any], said: str, param: str
) -> Lesson | None:
    """Return how to ask so that what was refused is not sent; None if the words do not tell.

    Args:
        before: how it was asked.
        model: its entry.
        sent: the arguments that were refused.
        said: the endpoint's words.
        param: the parameter it names apart, else empty.
    """
    told = f"{said} {param}"
    return (
        _parameter(before, model, sent, told)
        or _stream(before, model, sent, told)
        or _thoughts(before, sent, told)
        or _limit(before, model, sent, told)
        or _form(before, model, told)
    )


def _parameter(
    before: Manners, model: ModelSpec, sent: Mapping[str, Any], told: str
) -> Lesson | None:
    for key in (*_OWN, *_PARAMS):
        if key in sent and _names(told, key) and key not in params_of(model).extra_body:
            where = key if key in _OWN else f"params.{key}"
            advice = f"take {where} out of {_entry(model)}"
            if key == "stream_options":
                advice = "it is asked without token counts at the end of the stream"
            return Lesson(
                manners=attrs.evolve(before, left_out=before.left_out | {key}), advice=advice
            )
    return None


def _stream(before: Manners, model: ModelSpec, sent: Mapping[str, Any], told: str) -> Lesson | None:
    if not re.search(r"\bstream(?:ing|s|ed)?\b", told, re.IGNORECASE) or before.streams is not None:
        return None
    wanted = not sent.get("stream")
    word = "true" if wanted else "false"
    return Lesson(
        manners=attrs.evolve(before, streams=wanted),
        advice=f"write params.stream: {word} in {_entry(model)}",
    )


def _thoughts(before: Manners, sent: Mapping[str, Any], told: str) -> Lesson | None:
    sent_back = any("reasoning_content" in m or "reasoning" in m for m in sent["messages"])
    if before.without_thoughts or not sent_back or "reasoning" not in told:
        return None
    if "reasoning_effort" in told:
        return None
    return Lesson(
        manners=attrs.evolve(before, without_thoughts=True),
        advice="what the model thought is no longer sent back",
    )


def _limit(before: Manners, model: ModelSpec, sent: Mapping[str, Any], told: str) -> Lesson | None:
    key = next((k for k in LIMIT_KEYS if k in sent), None)
    if key is None:
        return None
    is_named = _names(told, key)
    if is_named and _UNKNOWN.search(told) and before.limit_key is None:
        other = next(k for k in LIMIT_KEYS if k != key)
        return Lesson(
            manners=attrs.evolve(before, limit_key=other),
            advice=f"write params.limit_key: {other} in {_entry(model)}",
        )
    if not is_named and not re.search(r"token|limit|length", told, re.IGNORECASE):
        return None
    sizes = [int(text) for text in _NUMBER.findall(told.replace(",", ""))]
    fitting = [size for size in sizes if SMALLEST_LIMIT <= size < sent[key]]
    if not fitting:
        return None
    return Lesson(
        manners=attrs.evolve(before, limit=max(fitting)),
        advice=f"write max_completion_tokens: {max(fitting)} in {_entry(model)}",
    )


def _form(before: Manners, model: ModelSpec, told: str) -> Lesson | None:
    mode = before.mode or mode_of(model)
    if mode == MD_JSON:
        return None
    is_of_schema = bool(_SCHEMA.search(told)) and not re.search("json_schema|response_format", told)
    if is_of_schema and mode != "json" and not before.is_plain:
        return Lesson(
            manners=attrs.evolve(before, is_plain=True),
            advice=f"the schema is sent without bounds; mode: md_json in {_entry(model)} has none",
        )
    words = "tool|function" if mode == "tools" else "response_format|json|structured|schema|format"
    if not re.search(words, told, re.IGNORECASE) and not _SCHEMA.search(told):
        return None
    return Lesson(
        manners=attrs.evolve(before, mode=MD_JSON),
        advice=f"write mode: md_json in {_entry(model)}",
    )


def _names(told: str, key: str) -> bool:
    return re.search(rf"(?<![A-Za-z]){key}(?![A-Za-z])", told, re.IGNORECASE) is not None


def _entry(model: ModelSpec) -> str:
    return f"models.{model.name} of llm.yaml"
