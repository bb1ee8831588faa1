"""What a critic may answer, and what becomes of the entries it judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import attrs

from nof0_core.answers import LARGEST, MOST_DIGITS, SMALLEST, Ambiguous, extract
from nof0_core.domain.decision import Decision, Signal
from nof0_core.errors import InvalidOutputError
from nof0_core.ids import Symbol
from nof0_core.money import ZERO

LONGEST_REASON = 500


class Word(StrEnum):
    """What a critic may say of an entry."""

    ALLOW = "allow"
    SHRINK = "shrink"
    VETO = "veto"


@attrs.frozen(kw_only=True)
class Review:
    """The critic's word on the entry in one coin; `size_usd` is set for a shrink alone."""

    word: Word
    size_usd: Decimal | None = None
    reason: str = ""


def schema(symbols: Iterable[Symbol]) -> Mapping[str, Any]:
    """Return the JSON schema of a critic's answer on entries in these coins."""
    review = {
        "symbol": {"type": "string", "enum": list(dict.fromkeys(symbols))},
        "verdict": {
            "type": "string",
            "enum": [word.value for word in Word],
            "description": "allow: as proposed; shrink: only with the smaller size_usd; veto.",
        },
        "size_usd": {
            "type": ["number", "null"],
            "exclusiveMinimum": 0,
            "description": "For shrink: notional in USD, below what was proposed. Else null.",
        },
        "reason": {"type": "string", "description": "Why, in one or two sentences."},
    }
    reviews = {"type": "array", "items": _closed(review)}
    return MappingProxyType(_closed({"reviews": reviews}) | {"description": "Review of entries."})


def read(text: str) -> dict[Symbol, Review]:
    """Read a critic's answer; a review that does not fit the contract is left out.

    Raises:
        InvalidOutputError: nothing in it is an answer of that form.
    """
    value, _ = extract(text, _is_answer)
    listed = value["reviews"]
    if isinstance(value, Ambiguous) or not isinstance(listed, list):
        raise InvalidOutputError(["reviews must be one list"], output=text)
    found: dict[Symbol, Review] = {}
    twice: set[Symbol] = set()
    for item in listed:
        symbol = item.get("symbol") if isinstance(item, dict) else None
        if not isinstance(symbol, str):
            continue
        if symbol in found:
            twice.add(Symbol(symbol))
        review = _review(item)
        if review is not None:
            found[Symbol(symbol)] = review
        else:
            twice.add(Symbol(symbol))
    return {symbol: review for symbol, review in found.items() if symbol not in twice}


def apply(
    decisions: Sequence[Decision], reviews: Mapping[Symbol, Review], *, critic: str, silence: str
) -> tuple[Decision, ...]:
    """Let the reviews act on the entries; everything else stays as it is.

    An entry is never made larger, and one that nothing valid was said about becomes a hold.

    Args:
        decisions: of the proposer.
        reviews: by coin.
        critic: who reviewed, for the reasoning.
        silence: why an entry without a review is vetoed.
    """
    return tuple(
        _judged(d, reviews.get(d.symbol), critic, silence) if d.signal.is_entry else d
        for d in decisions
    )


def _judged(decision: Decision, review: Review | None, critic: str, silence: str) -> Decision:
    if review is None:
        return _vetoed(decision, critic, silence)
    if review.word is Word.ALLOW:
        return decision
    wanted, size = decision.position_size_usd, review.size_usd
    if review.word is Word.VETO:
        return _vetoed(decision, critic, review.reason)
    if wanted is None or size is None or not ZERO < size <= wanted:
        return _vetoed(decision, critic, f"a shrink to {size} USD is none")
    note = f"shrunk from {wanted} USD by {critic}: {review.reason}"
    return attrs.evolve(
        decision,
        position_size_usd=size,
        risk_usd=None,
        reasoning=f"{note}; proposed because: {decision.reasoning}",
    )


def _vetoed(decision: Decision, critic: str, reason: str) -> Decision:
    return Decision(
        signal=Signal.HOLD,
        symbol=decision.symbol,
        reasoning=f"{decision.signal} vetoed by {critic}: {reason}",
    )


def _is_answer(value: object) -> bool:
    return isinstance(value, dict) and "reviews" in value


def _review(item: Mapping[str, Any]) -> Review | None:
    if isinstance(item, Ambiguous):
        return None
    word, size, reason = item.get("verdict"), item.get("size_usd"), item.get("reason")
    if word not in tuple(Word):
        return None
    if word == Word.SHRINK:
        if type(size) is int:
            size = Decimal(size)
        if not isinstance(size, Decimal) or not _is_amount(size):
            return None
    said = reason[:LONGEST_REASON] if isinstance(reason, str) else ""
    return Review(word=Word(word), size_usd=size if word == Word.SHRINK else None, reason=said)


def _is_amount(size: Decimal) -> bool:
    """Return whether a size is one that could stand in a proposal."""
    return SMALLEST <= size <= LARGEST and len(size.as_tuple().digits) <= MOST_DIGITS


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
