"""What is said on the venue's websocket, read and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import TypeAlias

import attrs
import msgspec

CANDLE, CONTEXT = "candle", "activeAssetCtx"
ORDERS, FILLS, EVENTS = "orderUpdates", "userFills", "userEvents"
OF_USERS = {ORDERS: ORDERS, FILLS: FILLS, "user": EVENTS}
"""Subscriptions about a user, by the channel their messages come on."""


@attrs.frozen
class Subscription:
    """What one asks the venue to tell: a word of it, a coin as the venue writes it, an interval.

    Or what happens to a user, whom not all messages name: a connection has one user only, who is
    left out where subscriptions are compared.
    """

    type: str
    coin: str = ""
    interval: str = ""
    user: str = attrs.field(default="", eq=False)

    @property
    def wire(self) -> dict[str, str]:
        """Return it as it is sent."""
        if self.user:
            return {"type": self.type, "user": self.user}
        said = {"type": self.type, "coin": self.coin}
        return said | {"interval": self.interval} if self.interval else said


@attrs.frozen
class Bar:
    """A bar as far as it has come: open time in ms UTC, prices in USD, volume in coins."""

    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@attrs.frozen
class BarSeen:
    """The present state of a bar."""

    subscription: Subscription
    bar: Bar


@attrs.frozen
class ContextSeen:
    """Prices of a coin, as `metaAndAssetCtxs` has them: decimals are strings."""

    subscription: Subscription
    context: Mapping[str, object]


KNOWN_BY_ANSWER = frozenset({"open", "filled"})
"""States of an order that the answer to it has told."""


@attrs.frozen
class Happened:
    """Of one order or fill of a user: coin as the venue writes it, cloid; None where not told.

    It `is_expected` where whoever sent an order knows it by the answer: the order rests or was
    executed. An exit that is gone, what others do and what nobody here knows is not.
    """

    coin: str | None = None
    cloid: str | None = None
    is_expected: bool = False


@attrs.frozen
class UserSeen:
    """Something happened to a user; what, as far as it is told."""

    subscription: Subscription
    happened: tuple[Happened, ...]


@attrs.frozen
class Acknowledged:
    """The venue has done what was asked (`subscribe` or `unsubscribe`)."""

    method: str
    subscription: Subscription


@attrs.frozen
class Refused:
    """The venue said that something is wrong; None where it does not say with which subscription.

    `is_done` where it is as it was asked for already.
    """

    text: str
    subscription: Subscription | None
    is_done: bool


@attrs.frozen
class Ignored:
    """A pong, or a channel that nobody here asked for."""

    channel: str


News: TypeAlias = BarSeen | ContextSeen | UserSeen
Message: TypeAlias = News | Acknowledged | Refused | Ignored


class MalformedMessageError(ValueError):
    """What was said cannot be read, or cannot be true."""


class _Envelope(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw()


class _Candle(msgspec.Struct):
    t: int
    s: str
    i: str
    o: str
    h: str
    l: str  # noqa: E741 - the venue's name
    c: str
    v: str


class _Context(msgspec.Struct):
    coin: str
    ctx: dict[str, object]


class _Subscription(msgspec.Struct):
    type: str
    coin: str = ""
    interval: str = ""


class _Acknowledgement(msgspec.Struct):
    method: str
    subscription: _Subscription


_envelope = msgspec.json.Decoder(_Envelope)
_candle = msgspec.json.Decoder(_Candle)
_context = msgspec.json.Decoder(_Context)
_acknowledgement = msgspec.json.Decoder(_Acknowledgement)
_subscription = msgspec.json.Decoder(_Subscription)
_text = msgspec.json.Decoder(str)


def read(text: str | bytes) -> Message:
    """Read one message.

    Raises:
        MalformedMessageError: no JSON, another form than documented, or a bar that cannot be.
    """
    try:
        envelope = _envelope.decode(text)
        if envelope.channel == CANDLE:
            return _bar_seen(_candle.decode(envelope.data))
        if envelope.channel == CONTEXT:
            found = _context.decode(envelope.data)
            return ContextSeen(Subscription(CONTEXT, found.coin), found.ctx)
        if envelope.channel in OF_USERS:
            said_of_user = msgspec.json.decode(envelope.data)
            return UserSeen(Subscription(OF_USERS[envelope.channel]), _happened(said_of_user))
        if envelope.channel == "subscriptionResponse":
            said = _acknowledgement.decode(envelope.data)
            return Acknowledged(said.method, _named(said.subscription))
        if envelope.channel == "error":
            return _refused(_text.decode(envelope.data))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        shown = text[:100] if isinstance(text, str) else text[:100].decode(errors="replace")
        message = f"cannot read {shown!r}: {error}"
        raise MalformedMessageError(message) from error
    return Ignored(envelope.channel)


def _bar_seen(found: _Candle) -> BarSeen:
    numbers = [float(each) for each in (found.o, found.h, found.l, found.c, found.v)]
    bar = Bar(found.t, *numbers)
    is_true = (
        all(map(math.isfinite, numbers))
        and found.t >= 0
        and 0 < bar.low <= min(bar.open, bar.close)
        and max(bar.open, bar.close) <= bar.high
        and bar.volume >= 0
    )
    if not is_true:
        message = "the bar contradicts itself"
        raise ValueError(message)
    return BarSeen(Subscription(CANDLE, found.s, found.i), bar)


def _happened(said: object) -> tuple[Happened, ...]:
    """Find what is named in a message of a user, whatever its form: it is only a hint."""
    if isinstance(said, dict) and said.get("isSnapshot") is True:
        return (Happened(is_expected=True),)  # what was before a connection was looked at before
    named: list[Happened] = []
    if isinstance(said, list):
        named = [_of_order(each) for each in said if isinstance(each, dict)]
    elif isinstance(said, dict):
        for name, each in said.items():
            rows = each if isinstance(each, list) else [each]
            named += [_named_in(row, name == "fills") for row in rows if isinstance(row, dict)]
    return tuple(dict.fromkeys(named)) or (Happened(),)


def _of_order(row: dict[str, object]) -> Happened:
    order = row.get("order", row)
    is_expected = row.get("status") in KNOWN_BY_ANSWER
    return _named_in(order if isinstance(order, dict) else {}, is_expected)


def _named_in(row: dict[str, object], is_expected: bool) -> Happened:  # noqa: FBT001
    coin, cloid = (v if isinstance(v := row.get(key), str) else None for key in ("coin", "cloid"))
    # Of an order without a cloid nobody here had an answer.
    return Happened(coin, cloid, is_expected and cloid is not None)


def _refused(text: str) -> Refused:
    """Find the subscription in a sentence such as `Already subscribed: {"type": …}`."""
    first, last = text.find("{"), text.rfind("}")
    subscription = None
    if 0 <= first < last:
        with suppress(msgspec.DecodeError):
            subscription = _named(_subscription.decode(text[first : last + 1]))
    return Refused(text, subscription, text.lower().startswith("already "))


def _named(found: _Subscription) -> Subscription:
    return Subscription(found.type, found.coin, found.interval)
