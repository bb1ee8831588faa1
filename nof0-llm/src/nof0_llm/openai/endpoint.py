"""The endpoint as it is called: one request out, one answer back, and nothing of others' settings.

The client reads variables that other programs set (`OPENAI_ORG_ID`, `OPENAI_CUSTOM_HEADERS`, …).
What is sent here follows from the configuration alone.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import httpx2
from openai import AsyncOpenAI, AsyncStream, DefaultAioHttpClient, Omit

from nof0_llm.openai.settings import OpenAIConfig, OpenAIParams
from nof0_llm.openai.stream import is_stream, joined
from nof0_llm.openai.surroundings import refused_settings, trusted

CONNECTIONS = httpx2.Limits(max_connections=4096, max_keepalive_connections=256)
MOST_BYTES = 4_000_000
"""Bytes of an answer that are read; a longer one has run away."""
MOST_STREAMED = 32_000_000
"""The same of a stream, in which every token has a frame of its own."""

_LEFT_OUT = {"x-stainless-retry-count": Omit(), "x-stainless-read-timeout": Omit()}


class TooLongError(ValueError):
    """An answer has more bytes than are read."""


@attrs.frozen(kw_only=True)
class Endpoint:
    """Sends calls to the address of a section."""

    client: AsyncOpenAI

    @property
    def host(self) -> str:
        """Return host and port; the rest of the address may hold a password."""
        return self.client.base_url.netloc.decode()

    async def post(self, body: bytes, seconds: float, params: OpenAIParams) -> Any:
        """Send a call's JSON and return the answer's, put together where it was streamed.

        Args:
            body: the call.
            seconds: to wait for each part of the answer; the whole is up to the caller.
            params: of the model, for headers and query.

        Raises:
            openai.OpenAIError: the endpoint refuses, or there is no connection.
            httpx2.HTTPError: the connection broke within the answer.
            ValueError: it is no JSON, a stream that broke off, or too long.
        """
        response = await self.client.post(
            "/chat/completions",
            cast_to=httpx2.Response,
            content=body,
            options={
                "timeout": seconds,
                "headers": {**params.headers, **params.secret_headers, **_LEFT_OUT},
                "params": dict(params.query),
            },
            stream=True,
            stream_cls=AsyncStream[Any],
        )
        got: Any = response
        try:
            kind = got.headers.get("content-type", "")
            data = await _read(got, MOST_STREAMED if "event-stream" in kind else MOST_BYTES)
        finally:
            await got.aclose()
        return joined(data) if is_stream(data, kind) else json.loads(data)


class _Client(AsyncOpenAI):
    """The client without what it finds in the environment."""

    @property
    def default_headers(self) -> dict[str, str | Omit]:
        """Return what is sent with every call beside the key."""
        return {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "User-Agent": "nof0",
        }

    @property
    def auth_headers(self) -> dict[str, str]:
        """Return the key, as it was configured."""
        return {"Authorization": f"Bearer {self.api_key}"}


@asynccontextmanager
async def connected(config: OpenAIConfig) -> AsyncIterator[Endpoint]:
    """Make the client of a section; no call is made.

    Raises:
        ConfigError: a proxy or certificate of the environment cannot be used.
    """
    with refused_settings():
        http = DefaultAioHttpClient(limits=CONNECTIONS, verify=trusted())
    async with _Client(
        base_url=config.base_url,
        api_key=config.api_key,
        timeout=config.timeout.total_seconds(),
        max_retries=0,
        http_client=http,
    ) as client:
        yield Endpoint(client=client)


async def _read(response: Any, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > most:
            raise TooLongError
    return b"".join(parts)


def sent(arguments: Mapping[str, Any]) -> bytes:
    """Return a call's arguments as they are sent."""
    return json.dumps(arguments).encode()
