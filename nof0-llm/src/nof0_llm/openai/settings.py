"""Settings of the backend, and of single models on it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs

from nof0_core.config.fields import opt

if TYPE_CHECKING:
    from nof0_core.domain.model import ModelSpec


HEADER_WORD = re.compile(r"[\x21-\x7e]+")
"""What may stand in a header; anything else fails with an error that quotes the key."""

TOOLS, JSON_SCHEMA, JSON, MD_JSON = "tools", "json_schema", "json", "md_json"

MODE_OF = {
    "qwen": JSON,
    "ollama": JSON_SCHEMA,
    "vllm": JSON_SCHEMA,
    "lmstudio": JSON_SCHEMA,
    "llama.cpp": JSON_SCHEMA,
    "local": MD_JSON,
}
"""What is known to work by `provider`; anybody else is asked by a forced tool call."""

REASONERS = ("reasoner", "-r1", "/r1")
"""Parts of the names of models that think first and take no forced tool call."""


def _check_address(text: str) -> None:
    """Refuse what would fail at every call. The address itself is not shown: it may hold a key."""
    message = ""
    if not _is_address(text):
        message = "must be an address such as https://api.openai.com/v1"
    elif "@" in urlsplit(text).netloc:
        message = "must not hold a user or password: the key is api_key"
    elif "?" in text or "#" in text:
        message = "must not have a query (?…) or fragment (#…): end it with the path, such as /v1"
    elif text.rstrip("/").endswith("/chat/completions"):
        message = "must end before /chat/completions, in most cases with /v1"
    if message:
        raise ValueError(message)


def _check_key(text: str) -> None:
    if not HEADER_WORD.fullmatch(text):
        message = "has a space, a line break or a character that no key has"
        raise ValueError(message)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # what stands for the port or the host is none
        return False
    return is_whole and text.isascii() and text.isprintable() and " " not in text


@attrs.frozen(kw_only=True)
class OpenAIConfig:
    """An endpoint. A section at the top level of llm.yaml, or one under `backends`."""

    base_url: str = opt(
        default="https://api.openai.com/v1", check=_check_address, help="address up to /v1"
    )
    api_key: str = opt(
        secret=True, check=_check_key, help="any word for an endpoint that wants none"
    )
    timeout: timedelta = opt(
        default=timedelta(seconds=60),
        gt=timedelta(0),
        help="of one call; a cycle may end it sooner",
    )
    max_retries: int = opt(
        default=3,
        ge=0,
        le=10,
        help="further calls after a refusal that may pass (408, 409, 429, 5xx)",
    )
    log_level: str = opt(
        default="info",
        one_of=("debug", "info", "warning", "error"),
        help="least important lines to log: debug has every call, info every retry",
    )


@attrs.frozen(kw_only=True)
class OpenAIParams:
    """`params` of a model: what the endpoint is told beside the usual sampling settings."""

    seed: int | None = opt(default=None, help="for endpoints that sample repeatably")
    frequency_penalty: float | None = opt(default=None, ge=-2, le=2)
    presence_penalty: float | None = opt(default=None, ge=-2, le=2)
    top_k: int | None = opt(default=None, ge=1, help="outside OpenAI's own protocol")
    min_p: float | None = opt(default=None, ge=0, le=1, help="outside OpenAI's own protocol")
    reasoning_effort: str | None = opt(
        default=None, one_of=("none", "minimal", "low", "medium", "high", "xhigh")
    )
    limit_key: str = opt(
        default="max_completion_tokens",
        one_of=("max_completion_tokens", "max_tokens"),
        help="what the endpoint calls the limit; older servers know max_tokens only",
    )


DEFAULT_LIMIT = 4096
"""Completion tokens of a model whose entry says nothing: without a limit no call has a price."""


def limit_of(model: ModelSpec) -> int:
    """Return the most tokens a model may write."""
    return model.max_completion_tokens or DEFAULT_LIMIT


def mode_of(model: ModelSpec) -> str:
    """Return how a model is asked for structured output."""
    if model.mode:
        return model.mode
    if any(part in model.model_name.lower() for part in REASONERS):
        return MD_JSON
    return MODE_OF.get(model.provider.lower(), TOOLS)


def body_of(model: ModelSpec) -> dict[str, object]:
    """Return the part of a call's body that is the same every time."""
    params = model.params if isinstance(model.params, OpenAIParams) else OpenAIParams()
    body: dict[str, object] = {
        "model": model.model_name,
        "temperature": model.temperature,
        "top_p": model.top_p,
        params.limit_key: limit_of(model),
        "seed": params.seed,
        "frequency_penalty": params.frequency_penalty,
        "presence_penalty": params.presence_penalty,
        "reasoning_effort": params.reasoning_effort,
        "top_k": params.top_k,
        "min_p": params.min_p,
    }
    return {key: value for key, value in body.items() if value is not None}
