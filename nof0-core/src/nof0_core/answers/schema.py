"""The decision contract as a JSON schema."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from nof0_core.domain.decision import Signal

_AMOUNT = {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1e12}


def answer_schema(symbols: Sequence[str]) -> Mapping[str, Any]:
    """Return the JSON schema of an answer for a trader of these symbols.

    Every property is required and no other is allowed, as structured output wants it; what a hold
    or close does not need is null. The parser is more lenient (see `nof0_core.answers.parsing`).
    The result is shared: do not change it.
    """
    return _answer(tuple(symbols))


@functools.lru_cache(maxsize=256)
def _answer(symbols: tuple[str, ...]) -> Mapping[str, Any]:
    properties = {
        "chain_of_thought": {
            "type": ["string", "null"],
            "description": "How you got there, in a few sentences.",
        },
        "decisions": {
            "type": "array",
            "description": "One element per symbol you have something to say about.",
            "items": _decision(symbols),
        },
    }
    return MappingProxyType(_closed("Answer of a trader in one decision cycle.", properties))


def _decision(symbols: tuple[str, ...]) -> dict[str, Any]:
    properties = {
        "signal": {
            "type": "string",
            "enum": [signal.value for signal in Signal],
            "description": "buy_to_enter opens a long, sell_to_enter a short, close ends your own "
            "position in the symbol, hold changes nothing.",
        },
        "symbol": {"type": "string", "enum": list(symbols), "description": "Coin to act on."},
        "leverage": {
            "type": ["integer", "null"],
            "minimum": 1,
            "description": "Margin taken is position_size_usd / leverage. Entries only.",
        },
        "position_size_usd": _AMOUNT
        | {"description": "Notional of the position in USD, not its margin. Entries only."},
        "entry_price": _AMOUNT
        | {"description": "Current price you decided on, USD per coin. Entries only."},
        "stop_loss": _AMOUNT
        | {"description": "Price at which the position is given up, USD per coin. Entries only."},
        "take_profit": _AMOUNT
        | {"description": "Price at which the profit is taken, USD per coin. Entries only."},
        "risk_usd": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 1e12,
            "description": "What you expect to lose at the stop, in USD. Entries only.",
        },
        "confidence": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 100,
            "description": "How sure you are, 0 to 100.",
        },
        "invalidation_condition": {
            "type": ["string", "null"],
            "description": "What, if it happens, proves the idea wrong before the stop is hit.",
        },
        "reasoning": {"type": ["string", "null"], "description": "Why, in one or two sentences."},
    }
    return _closed("One decision.", properties)


def _closed(description: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
