"""Requests to the venue: what they ask for, what they weigh, and what goes wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from attrs import define, field, frozen

from nof0_provider_hyperliquid.rehearsal.audit import Audit, Request
from nof0_provider_hyperliquid.rehearsal.faults import Fault, Faults, Harm
from nof0_provider_hyperliquid.rehearsal.info import MarketInfo, NotUnderstoodError
from nof0_provider_hyperliquid.rehearsal.limits import Limit, Limits, action_weight, info_weight

UNREADABLE = "Failed to deserialize the JSON body into the target type"
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@frozen
class Reply:
    """What is sent back: HTTP status, text of the body, and whether it is JSON.

    `harm` tells how the sending goes wrong; None for an answer that arrives.
    """

    status: int
    text: str
    is_json: bool = True
    harm: Harm | None = None


class Answered(Protocol):
    """An HTTP answer of the exchange side: status, and a JSON object or a text."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""

    @property
    def body(self) -> Any:
        """Return what was answered."""

    @property
    def signed(self) -> tuple[str, int] | None:
        """Return signer and nonce of an action that was carried out."""


class Accounts(Protocol):
    """The exchange side of the venue."""

    def act(self, envelope: Any, now_ms: int) -> Answered:
        """Carry out a signed action, or refuse it."""

    def info(self, request: Mapping[str, Any], now_ms: int) -> tuple[bool, Any]:
        """Return whether a question is about a user, and the answer.

        Raises:
            NotUnderstoodError: it is, and cannot be read.
        """


@define(kw_only=True)
class Handler:
    """Answers requests; knows no sockets."""

    market: MarketInfo
    accounts: Accounts
    faults: Faults
    audit: Audit
    limits: Limits
    when_acted: Callable[[int], None] = lambda _: None
    """Called with the time after each action that was carried out."""
    late: list[tuple[int, Any]] = field(factory=list)
    """(venue time in ms, envelope) of actions under way: they arrive later."""

    def handle(self, path: str, body: bytes, now_ms: int, address: str) -> Reply:
        """Answer one request of an IP address; it happens at `now_ms`."""
        reply, kind, weight = self._handled(path, body, now_ms, self.limits.of(address).weight)
        self.audit.requests.append(Request(now_ms, path, kind, weight, reply.status, address))
        return reply

    def _handled(self, path: str, body: bytes, now_ms: int, limit: Limit) -> tuple[Reply, str, int]:
        """Return the answer, and type and weight of the request."""
        try:
            request = json.loads(body)
            action = request["action"] if path == "/exchange" else request
            kind = str(action["type"])
        except (ValueError, KeyError, TypeError):
            return Reply(422, UNREADABLE, is_json=False), "?", 0
        fault = self.faults.strike(kind, now_ms)
        harm = fault.harm if fault else None
        weight = self._weight(path, action)
        if harm is Harm.RATE_LIMITED or not limit.take(weight, now_ms):
            return Reply(429, "null"), kind, weight
        if fault is not None and (instead := self._prevented(path, request, fault, now_ms)):
            return instead, kind, weight
        reply, rows = self._carried_out(path, request, now_ms)
        if path == "/info" and (more := info_weight(kind, rows) - weight) > 0:
            weight += more
            limit.debit(more, now_ms)
        return _harmed(reply, harm), kind, weight

    def arrive(self, now_ms: int) -> None:
        """Carry out what was on its way and has come by now."""
        due = [item for item in self.late if item[0] <= now_ms]
        self.late = [item for item in self.late if item[0] > now_ms]
        for time, envelope in sorted(due, key=lambda item: item[0]):
            self._note_taken(envelope, self.accounts.act(envelope, time))
            self.when_acted(time)

    def _prevented(self, path: str, request: Any, fault: Fault, now_ms: int) -> Reply | None:
        """Return what comes back for a request that is not carried out now."""
        harm = fault.harm
        if harm is Harm.BAD_GATEWAY_BEFORE:
            return Reply(502, BAD_GATEWAY, is_json=False)
        if harm in {Harm.LOST_BEFORE, Harm.SILENT_BEFORE}:
            return Reply(0, "", harm=harm)
        if harm is Harm.DELAYED:
            if path == "/exchange":
                self.late.append((now_ms + fault.delay_ms, request))
            return Reply(0, "", harm=Harm.LOST_AFTER)
        return None

    def _carried_out(self, path: str, request: Any, now_ms: int) -> tuple[Reply, int]:
        """Return the answer, and how many rows it has."""
        if path == "/exchange":
            answer = self.accounts.act(request, now_ms)
            self._note_taken(request, answer)
            self.when_acted(now_ms)
            if isinstance(answer.body, str):
                return Reply(answer.status, answer.body, is_json=False), 0
            return Reply(answer.status, json.dumps(answer.body)), 0
        try:
            is_known, found = self.market.answer(request, now_ms)
            if not is_known:
                is_known, found = self.accounts.info(request, now_ms)
        except NotUnderstoodError:
            is_known = False
        if not is_known:
            return Reply(422, UNREADABLE, is_json=False), 0
        return Reply(200, json.dumps(found)), len(found) if isinstance(found, list) else 0

    def _note_taken(self, envelope: Any, answer: Answered) -> None:
        """Tell the audit under which nonce it was done, and which orders with client ids."""
        body = answer.body
        if answer.signed is not None:
            self.audit.carried_out(*answer.signed)
        orders = envelope["action"].get("orders")
        if not isinstance(orders, list) or not isinstance(body, dict) or body["status"] != "ok":
            return
        for order, status in zip(orders, body["response"]["data"]["statuses"], strict=False):
            is_taken = isinstance(status, str) or "error" not in status
            if is_taken and isinstance(order, dict) and order.get("c"):
                self.audit.taken(order["c"])

    def _weight(self, path: str, action: Mapping[str, Any]) -> int:
        if path == "/info":
            return info_weight(str(action["type"]), 0)
        batch = action.get("orders") or action.get("cancels") or action.get("modifies") or ()
        return action_weight(len(batch) if isinstance(batch, list) else 0)


def _harmed(reply: Reply, harm: Harm | None) -> Reply:
    """Return what is sent of an answer to a request that was carried out."""
    if harm is None:
        return reply
    if harm is Harm.BAD_GATEWAY_AFTER:
        return Reply(502, BAD_GATEWAY, is_json=False)
    if harm in {Harm.LOST_AFTER, Harm.SILENT_AFTER}:
        return Reply(0, "", harm=harm)
    if harm is Harm.NOT_JSON:
        return Reply(200, "<html>maintenance</html>", is_json=False)
    if harm in {Harm.TRUNCATED, Harm.SLOW}:
        return Reply(reply.status, reply.text, reply.is_json, harm)
    if harm is Harm.UNKNOWN_KEYS:
        return Reply(reply.status, json.dumps(_widened(json.loads(reply.text))))
    if harm is Harm.NULLS:
        return Reply(reply.status, json.dumps(_emptied(json.loads(reply.text))))
    return reply


def _widened(value: Any) -> Any:
    """Return JSON with a key nobody knows in each object that describes something."""
    if isinstance(value, dict):
        wider = {key: _widened(inner) for key, inner in value.items()}
        # A map from coins has coins as keys: another key there would be another coin.
        is_map = all(isinstance(inner, str) for inner in value.values()) and len(value) > 3
        return wider if is_map and "time" not in value else wider | {"newKey": {"of": [1, None]}}
    if isinstance(value, list):
        return [_widened(inner) for inner in value]
    return value


def _emptied(value: Any) -> Any:
    """Return JSON with null for what the venue may leave open."""
    if isinstance(value, dict):
        return {
            key: None if key in {"midPx", "impactPxs", "premium", "liquidationPx"} else _emptied(v)
            for key, v in value.items()
        }
    return [_emptied(inner) for inner in value] if isinstance(value, list) else value
