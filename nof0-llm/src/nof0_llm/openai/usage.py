"""What a call took, read from whatever an endpoint counts.

Counts that do not add up are taken at their highest reading, and what was not counted at the most
it can have been: a budget may stop too early, never too late.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from nof0_core.domain.model import ModelPrice, Usage

TOKENS_PER_BYTE = 2 / 3
"""Upper bound of the estimate: long runs of digits take most tokens, about two for three bytes."""

MOST = 10**12
"""A count above it is none."""


@attrs.frozen(kw_only=True)
class Counted:
    """`usage` is what was booked; `is_estimate` that a part of it was not counted."""

    usage: Usage
    is_estimate: bool


def highest(first: Any, second: Any) -> Any:
    """Return one set of counts from two of the same call, each count at its highest."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        keys = dict.fromkeys((*first, *second))
        return {key: highest(first.get(key), second.get(key)) for key in keys}
    one, other = _number(first), _number(second)
    if one is None or other is None:
        return first if second is None or (one is not None and other is None) else second
    return first if one >= other else second


def counted(told: Any, worst: Usage, price: ModelPrice | None) -> Counted | None:
    """Read the counts of a call.

    Args:
        told: the endpoint's `usage`.
        worst: the most the call can have taken.
        price: what the model costs, None if that is not known.

    Returns:
        None if nothing was counted.
    """
    read_, written = _prompt(told), _count(told, "completion_tokens", "output_tokens")
    total, thought = _count(told, "total_tokens"), _thought(told)
    if not (read_ or written or total or thought):
        return None
    # Thoughts are within what was written, unless they are more, or the total says otherwise.
    written += thought if thought > written else 0
    if read_:
        written = max(written, total - read_)
    elif total > written > 0:
        read_ = total - written
    is_estimate = not read_ or not written
    usage = Usage(
        prompt_tokens=read_ or worst.prompt_tokens,
        completion_tokens=written or max(worst.completion_tokens, total),
        cached_tokens=min(read_, _cached(told)),
        reasoning_tokens=thought,
    )
    return Counted(usage=_at_least(priced(usage, price), told), is_estimate=is_estimate)


def priced(usage: Usage, price: ModelPrice | None) -> Usage:
    """Return a usage with its cost filled in; nothing where the price is not known."""
    return usage if price is None else attrs.evolve(usage, cost_usd=price.cost(usage))


def worst(sent: int, limit: int, price: ModelPrice | None) -> Usage:
    """Return the most a call can take.

    Args:
        sent: bytes of the call's body.
        limit: most tokens the model may write.
        price: what it costs, None if that is not known.
    """
    tokens = int(sent * TOKENS_PER_BYTE) + 1
    return priced(Usage(prompt_tokens=tokens, completion_tokens=limit), price)


def _at_least(usage: Usage, told: Any) -> Usage:
    """Raise the cost to what the endpoint says that it took, where it says so in dollars."""
    value = _number(told.get("cost")) if isinstance(told, Mapping) else None
    cost = Decimal(str(value)) if value is not None else usage.cost_usd
    return attrs.evolve(usage, cost_usd=cost) if cost > usage.cost_usd else usage


def _prompt(told: Any) -> int:
    """Return what was read; where input is counted without the cache, with it."""
    apart = _count(told, "cache_read_input_tokens") + _count(told, "cache_creation_input_tokens")
    return max(_count(told, "prompt_tokens"), _count(told, "input_tokens") + apart)


def _thought(told: Any) -> int:
    places = ("completion_tokens_details", "output_tokens_details")
    found = [_count(told.get(place), "reasoning_tokens") for place in places if _is_map(told)]
    return max((*found, _count(told, "reasoning_tokens")))


def _cached(told: Any) -> int:
    """Return how much of the prompt came from a cache; DeepSeek has a name of its own for it."""
    places = ("prompt_tokens_details", "input_tokens_details")
    found = [(told.get(place), "cached_tokens") for place in places if _is_map(told)]
    own = ("prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens")
    values = [w.get(name) for w, name in (*found, *((told, n) for n in own)) if _is_map(w)]
    # What makes a call cheaper must be a number beyond doubt.
    return max((v for v in values if type(v) is int and v > 0), default=0)


def _is_map(told: Any) -> bool:
    return isinstance(told, Mapping)


def _count(told: Any, *names: str) -> int:
    if not isinstance(told, Mapping):
        return 0
    return max(int(_number(told.get(name)) or 0) for name in names)


def _number(value: Any) -> float | int | None:
    """Return a count or an amount; None for what is none, such as a negative one."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 14:
        value = int(value)
    if type(value) not in (int, float) or not 0 <= value <= MOST:
        return None
    number: float | int = value
    return number
