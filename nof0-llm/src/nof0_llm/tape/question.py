"""What makes one question to a model different from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import Any

import attrs
import msgspec

from nof0_core.config.fields import info_of
from nof0_core.domain.model import Message, ModelSpec
from nof0_core.protocols.llm import CompletionRequest

_KEPT = 64


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


class Questions:
    """Tells what requests ask; of models and schemas that come again the digest is made once.

    A model and a schema are told from others by being the same object: none is changed after it was
    made.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._models: dict[int, _Asked] = {}
        self._schemas: dict[int, tuple[object, str]] = {}

    def of(self, request: CompletionRequest) -> Question:
        """Return what a request asks; renders its prompt."""
        asked, messages = self._asked(request.model), request.prompt.messages
        schema = self._schema(request.schema)
        whole = b'{"messages":%b,%b,"schema":"%b"}' % (
            _encoded(messages),
            asked.text,
            schema.encode(),
        )
        return Question(
            digest=hashlib.sha256(whole).hexdigest(),
            model=asked.model,
            parameters=asked.parameters,
            schema=schema,
            messages=messages,
        )

    def _asked(self, spec: ModelSpec) -> _Asked:
        known = self._models.get(id(spec))
        if known is None:
            _make_room(self._models)
            known = self._models[id(spec)] = _Asked.of(spec)
        return known

    def _schema(self, schema: Mapping[str, Any]) -> str:
        known = self._schemas.get(id(schema))
        if known is None:
            _make_room(self._schemas)
            # It is kept, too, so that no other object can get its id meanwhile.
            known = self._schemas[id(schema)] = schema, _digest(schema)
        return known[1]


@attrs.frozen
class _Asked:
    """What is asked of a model beside the prompt; `text` is that part of the canonical JSON."""

    spec: ModelSpec
    model: Mapping[str, str]
    parameters: Mapping[str, Any]
    text: bytes

    @classmethod
    def of(cls, spec: ModelSpec) -> _Asked:
        model = {"name": spec.name, "provider": spec.provider, "model_name": spec.model_name}
        parameters = parameters_of(spec)
        text = _canonical({"model": model, "parameters": parameters})[1:-1]
        return cls(spec, model, parameters, text)


def _make_room(kept: dict[int, Any]) -> None:
    while len(kept) >= _KEPT:
        del kept[next(iter(kept))]


def _encoded(messages: Sequence[Message]) -> bytes:
    """Return the canonical JSON of messages."""
    listed = [[message.role, message.content] for message in messages]
    try:
        return msgspec.json.encode(listed)
    except UnicodeEncodeError:
        return _canonical(listed)


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
    return hashlib.sha256(_canonical(value)).hexdigest()


def _canonical(value: object) -> bytes:
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_mapping
    )
    # A lone surrogate cannot be written as UTF-8; it still makes another question.
    return text.encode("utf-8", "surrogatepass")


def _mapping(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    message = f"{type(value).__name__} has no form in JSON"
    raise TypeError(message)
