"""What the exchange endpoint answers."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json


@frozen
class Answer:
    """An HTTP answer; `body` is plain text where the request was not understood.

    `signed` are signer and nonce of an action that was carried out.
    """

    status: int
    body: Json | str
    signed: tuple[str, int] | None = None


def ok(kind: str, data: Any) -> Answer:
    """Return an answer with data of its kind."""
    return Answer(200, {"status": "ok", "response": {"type": kind, "data": data}})


def done() -> Answer:
    """Return the answer of actions that have nothing to tell."""
    return Answer(200, {"status": "ok", "response": {"type": "default"}})


def refused(reason: str) -> Answer:
    """Return the refusal of a whole request; HTTP says 200 all the same."""
    return Answer(200, {"status": "err", "response": reason})


def not_understood() -> Answer:
    """Return the answer to a body of the wrong shape."""
    return Answer(422, "Failed to deserialize the JSON body into the target type")
