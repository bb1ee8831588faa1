"""What makes one question to a model different from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

import attrs

from nof0_core.config.fields import info_of
from nof0_core.domain.model import Message, ModelSpec
from nof0_core.protocols.llm import CompletionRequest


@attrs.frozen(kw_only=True)
class Question:
    """A question as a tape knows it.

    `digest` is the SHA-256, in hex, of the canonical JSON (keys sorted, no blanks, UTF-8) of model,
    parameters, messages and answer schema. `schema` is the same of the schema alone. Who asks, when
    and through which backend is not part of it, and neither is what a call costs.
    """

    digest: str
    model: Mapping[str, str]
    parameters: Mapping[str, Any]
    schema: str
    messages: tuple[Message, ...]


def question_of(request: CompletionRequest) -> Question:
    """Return what a request asks; renders its prompt."""
    spec, messages = request.model, request.prompt.messages
    model = {"name": spec.name, "provider": spec.provider, "model_name": spec.model_name}
    parameters = parameters_of(spec)
    schema = _digest(request.schema)
    whole = {
        "model": model,
        "parameters": parameters,
        "messages": [[message.role, message.content] for message in messages],
        "schema": schema,
    }
    return Question(
        digest=_digest(whole),
        model=model,
        parameters=parameters,
        schema=schema,
        messages=messages,
    )


def parameters_of(spec: ModelSpec) -> dict[str, Any]:
    """Return what shapes a model's answers beside the prompt.

    What is not set, or as a new setting would be by default, is left out, so that a tape stays good
    when a later version knows more settings. Secrets are left out too.
    """
    found = {
        "temperature": spec.temperature,
        "max_completion_tokens": spec.max_completion_tokens,
        "top_p": spec.top_p,
        "mode": spec.mode,
        "params": _plain(spec.params),
    }
    return {name: value for name, value in found.items() if value not in (None, "", {})}


def _plain(value: Any) -> Any:
    """Return settings as JSON knows them."""
    if attrs.has(type(value)):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in attrs.fields(type(value))
            if not info_of(field).secret and getattr(value, field.name) != _default(field)
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _default(field: attrs.Attribute[Any]) -> Any:
    default: Any = field.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # Factory is a class
        return attrs.NOTHING if default.takes_self else default.factory()
    return default


def _digest(value: object) -> str:
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_mapping
    )
    # A lone surrogate cannot be written as UTF-8; it still makes another question.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _mapping(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    message = f"{type(value).__name__} has no form in JSON"
    raise TypeError(message)
