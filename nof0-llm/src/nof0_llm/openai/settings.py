"""Settings of the backend, and of single models on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from nof0_core.config.fields import opt

if TYPE_CHECKING:
    # It brings what the command line must not import to list plugins.
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
        message = (
            "must not have a query (?…) or fragment (#…): end it with the path, "
            "such as /v1, and write the query under params.query of the models"
        )
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


LIMIT_KEYS = ("max_completion_tokens", "max_tokens")

LIMIT_KEY_OF = dict.fromkeys(
    ("mistral", "ollama", "vllm", "lmstudio", "llama.cpp", "local", "deepseek", "qwen"),
    "max_tokens",
)
"""What the limit is called by `provider`; anybody else knows it by the newer name."""

_SET_ELSEWHERE = {
    "model": "model_name",
    "messages": "",
    "tools": "mode",
    "tool_choice": "mode",
    "functions": "mode",
    "response_format": "mode",
    "stream": "params.stream",
    "stream_options": "params.stream",
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_completion_tokens",
    "max_output_tokens": "max_completion_tokens",
    "n": "",
    "best_of": "",
    "temperature": "temperature",
    "top_p": "top_p",
    **{key: f"params.{key}" for key in ("seed", "frequency_penalty", "presence_penalty")},
    **{key: f"params.{key}" for key in ("reasoning_effort", "top_k", "min_p")},
}
"""Parameters that nof0 sends itself, and the key of llm.yaml that says how; empty: none does."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TRANSPORT = ("host", "content-length", "content-type", "transfer-encoding", "connection")
_SECRET_NAME = re.compile("auth|key|token|secret|cookie|password|signature", re.IGNORECASE)


def _check_body(body: Mapping[str, Any]) -> None:
    for key in body:
        if key in _SET_ELSEWHERE:
            where = _SET_ELSEWHERE[key]
            message = f"must not have {key}: " + (
                f"{where} of the model says it" if where else "it is nof0's own"
            )
            raise ValueError(message)


def _check_headers_only(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        message = ""
        if not _HEADER_NAME.fullmatch(name):
            message = "has a name that no header has"
        elif name.lower() in _TRANSPORT:
            message = f"must not have {name}: it follows from the call"
        elif not re.fullmatch(r"[\x20-\x7e]+", value) or value != value.strip():
            message = f"has a value for {name} that no header takes"
        if message:
            raise ValueError(message)


def _check_headers(headers: Mapping[str, str]) -> None:
    _check_headers_only(headers)
    for name in headers:
        if _SECRET_NAME.search(name):
            message = f"must not have {name}, which may be a key: write it under secret_headers"
            raise ValueError(message)


def _check_query(query: Mapping[str, str]) -> None:
    for name in query:
        if _SECRET_NAME.search(name):
            message = f"must not have {name}, which may be a key: addresses are logged on their way"
            raise ValueError(message)


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
        default="",
        one_of=("", *LIMIT_KEYS),
        help="what the endpoint calls the limit; default: by provider, max_completion_tokens",
    )
    stream: bool = opt(default=False, help="read by streaming, for endpoints that do nothing else")
    extra_body: Mapping[str, Any] = opt(
        factory=dict, check=_check_body, help="sent in every call, such as {enable_thinking: false}"
    )
    headers: Mapping[str, str] = opt(
        factory=dict, check=_check_headers, help="sent with every call; keys go to secret_headers"
    )
    secret_headers: Mapping[str, str] = opt(
        factory=dict, check=_check_headers_only, secret=True, help="the same, never shown"
    )
    query: Mapping[str, str] = opt(
        factory=dict, check=_check_query, help="put behind the path, such as {api-version: v1}"
    )


DEFAULT_LIMIT = 4096
"""Completion tokens of a model whose entry says nothing: without a limit no call has a price."""


def limit_of(model: ModelSpec) -> int:
    """Return the most tokens a model may write."""
    return model.max_completion_tokens or DEFAULT_LIMIT


def params_of(model: ModelSpec) -> OpenAIParams:
    """Return a model's own settings."""
    return model.params if isinstance(model.params, OpenAIParams) else OpenAIParams()


def limit_key_of(model: ModelSpec) -> str:
    """Return what a model's endpoint calls its limit."""
    return params_of(model).limit_key or LIMIT_KEY_OF.get(model.provider.lower(), LIMIT_KEYS[0])


def mode_of(model: ModelSpec) -> str:
    """Return how a model is asked for structured output."""
    if model.mode:
        return model.mode
    if any(part in model.model_name.lower() for part in REASONERS):
        return MD_JSON
    return MODE_OF.get(model.provider.lower(), TOOLS)


def body_of(model: ModelSpec) -> dict[str, Any]:
    """Return the part of a call's body that is the same every time."""
    params = params_of(model)
    body: dict[str, Any] = {
        "model": model.model_name,
        "temperature": model.temperature,
        "top_p": model.top_p,
        limit_key_of(model): limit_of(model),
        "seed": params.seed,
        "frequency_penalty": params.frequency_penalty,
        "presence_penalty": params.presence_penalty,
        "reasoning_effort": params.reasoning_effort,
        "top_k": params.top_k,
        "min_p": params.min_p,
    }
    return {key: value for key, value in body.items() if value is not None}
