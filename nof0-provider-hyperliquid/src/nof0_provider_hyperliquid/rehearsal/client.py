"""One client of the websocket: what it asked for, and what it was told last."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field

from nof0_provider_hyperliquid.rehearsal.faults import Faults, Harm
from nof0_provider_hyperliquid.rehearsal.subscription import OF_USERS, REFUSED, Subscription

QUEUE = 10_000
"""Messages that may wait for a client that does not read; then it is closed."""


class RefusedError(ValueError):
    """What a client asked for is refused; the text is what it is told."""


@define(eq=False, kw_only=True)
class Client:
    """Keeps what is to be sent; somebody else sends it.

    `put` takes a text to send; `told` remembers for each subscription what was said last, so that
    only what is new is said.
    """

    put: Callable[[str], None]
    faults: Faults
    address: str = ""
    subscriptions: dict[Subscription, Mapping[str, Any]] = field(factory=dict)
    told: dict[Subscription, Any] = field(factory=dict)
    spoken_ms: int = 0
    """Venue time of the last message to it: silence of a minute ends the connection."""
    is_muted: bool = False

    @property
    def users(self) -> set[str]:
        """Return the users it listens to."""
        return {each.user for each in self.subscriptions if each.user}

    def subscribe(self, said: Mapping[str, Any]) -> Subscription:
        """Take a subscription.

        Raises:
            RefusedError: it cannot be read, is not offered, or is there already.
        """
        if said.get("type") in REFUSED:
            message = f"Invalid subscription {json.dumps(said)}"
            raise RefusedError(message)
        try:
            subscription = Subscription.read(said)
        except ValueError as error:
            raise RefusedError(str(error)) from error
        if subscription in self.subscriptions:
            message = f"Already subscribed: {json.dumps(said)}"
            raise RefusedError(message)
        self.subscriptions[subscription] = dict(said)
        return subscription

    def unsubscribe(self, said: Mapping[str, Any]) -> None:
        """Give a subscription up.

        Raises:
            RefusedError: there is none.
        """
        try:
            subscription = Subscription.read(said)
            del self.subscriptions[subscription]
        except (ValueError, KeyError) as error:
            message = f"Already unsubscribed: {json.dumps(said)}"
            raise RefusedError(message) from error
        self.told.pop(subscription, None)

    def tell(self, channel: str, data: Any, now_ms: int, *, kind: str = "") -> None:
        """Send a message; `kind` is the type of subscription it belongs to, for faults."""
        if self.is_muted:
            return
        text = json.dumps(
            {"channel": channel} if data is None else {"channel": channel, "data": data}
        )
        fault = self.faults.strike(kind, now_ms, is_message=True) if kind else None
        harm = fault.harm if fault else None
        if harm is Harm.MISSED:
            return
        self.spoken_ms = now_ms
        self.put(text[: len(text) // 2] if harm is Harm.UNREADABLE else text)
        if harm is Harm.REPEATED:
            self.put(text)

    def listens(self, kind: str, user: str) -> list[Subscription]:
        """Return its subscriptions of a type for a user."""
        return [
            each
            for each in self.subscriptions
            if kind in OF_USERS and each.type == kind and each.user == user.lower()
        ]
