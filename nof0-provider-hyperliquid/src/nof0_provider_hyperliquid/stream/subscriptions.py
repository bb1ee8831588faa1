"""What the venue was asked to tell, and whether it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from nof0_provider_hyperliquid.stream.messages import CONTEXT, OF_USERS, Subscription

UNANSWERED = 15.0
"""Seconds after which a request without an answer is sent again, …"""
TRIES = 3
"""… this often; then it counts as refused."""
REFUSED = 600.0
"""Seconds until what was refused is asked for again."""
QUIET = {CONTEXT: 60.0}
QUIET_OTHERWISE = 150.0
"""Seconds of silence after which a subscription is made anew, by its type: prices come each second,
of a coin that nobody trades no bar comes at all."""

_SELDOM = frozenset(OF_USERS.values())
"""Types of which nothing may come for hours."""


@attrs.define
class _State:
    """Of one subscription on this connection; times in seconds."""

    sent: float = 0.0
    tries: int = 0
    heard: float | None = None
    """When it was last answered or something came; None before."""
    refused_until: float = 0.0


class Subscriptions:
    """What is wanted, compared with what was sent and answered on the present connection.

    Knows no socket and no clock: moments are given, in seconds.
    """

    def __init__(self) -> None:
        """Begin with nothing wanted."""
        self._wanted: dict[Subscription, _State] = {}
        self._unwanted: dict[Subscription, None] = {}

    def __len__(self) -> int:
        """Return how many are wanted."""
        return len(self._wanted)

    def __contains__(self, subscription: object) -> bool:
        """Tell whether one is wanted."""
        return subscription in self._wanted

    def want(self, subscription: Subscription) -> None:
        """Ask for one, unless it is wanted already."""
        if subscription not in self._wanted:
            self._wanted[subscription] = _State()

    def drop(self, subscription: Subscription) -> None:
        """Ask for it no longer."""
        state = self._wanted.pop(subscription, None)
        if state is not None and state.tries:
            self._unwanted[subscription] = None

    def lost(self) -> None:
        """Forget what was sent: the connection is gone."""
        self._unwanted.clear()
        for state in self._wanted.values():
            state.sent, state.tries, state.heard = 0.0, 0, None

    def due(self, clock: Callable[[], float]) -> Iterator[tuple[str, Subscription]]:
        """Yield what is to be sent, method first; each counts as sent once it is yielded."""
        for subscription in list(self._unwanted):
            self._unwanted.pop(subscription, None)
            yield "unsubscribe", subscription
        for subscription, state in list(self._wanted.items()):
            now = clock()
            if now < state.refused_until or self._wanted.get(subscription) is not state:
                continue
            if state.heard is None:
                if state.tries and now - state.sent < UNANSWERED:
                    continue
                if state.tries >= TRIES:
                    state.tries, state.refused_until = 0, now + REFUSED
                    continue
            elif now - state.heard >= QUIET.get(subscription.type, QUIET_OTHERWISE):
                yield "unsubscribe", subscription
                state.tries = 0
            else:
                continue
            state.sent, state.heard, state.tries = now, None, state.tries + 1
            yield "subscribe", subscription

    def heard(self, subscription: Subscription, now: float) -> bool:
        """Remember that it is answered, or that something came; False if nobody wants it."""
        state = self._wanted.get(subscription)
        if state is None:
            return False
        state.heard, state.refused_until = now, 0.0
        return True

    def refused(self, subscription: Subscription, now: float) -> bool:
        """Leave it alone for a while; False if nobody wants it."""
        state = self._wanted.get(subscription)
        if state is None:
            return False
        state.heard, state.tries, state.refused_until = None, 0, now + REFUSED
        return True

    def is_told(self, subscription: Subscription) -> bool:
        """Tell whether the venue has answered that it tells it."""
        state = self._wanted.get(subscription)
        return state is not None and state.heard is not None

    def expects(self, now: float) -> bool:
        """Tell whether anything is wanted that comes again and again, and was not refused."""
        return any(
            now >= state.refused_until and subscription.type not in _SELDOM
            for subscription, state in self._wanted.items()
        )

    def refusals(self, now: float) -> int:
        """Return how many are refused at the moment."""
        return sum(now < state.refused_until for state in self._wanted.values())
