"""Reading a model's raw answer as decisions.

Strict where money is concerned (types, ranges, unknown signals), lenient in form: a single object
instead of a list, a list without the surrounding object, code fences, prose, plain decimals in
quotes, unknown keys. Hold and close need no numbers, so theirs are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from nof0_core.answers.extraction import Ambiguous, extract
from nof0_core.answers.pieces import check_object, is_in_pieces, together, unpacked
from nof0_core.domain.decision import Decision, Judgement, Signal, Verdict, VerdictKind
from nof0_core.domain.evolving import evolved
from nof0_core.errors import InvalidOutputError
from nof0_core.ids import Symbol

MOST_DECISIONS = 100
LARGEST = Decimal(10) ** 12
SMALLEST = Decimal(10) ** -12
MOST_DIGITS = 40
LONGEST_TEXT = 4000
LONGEST_THOUGHT = 50_000

_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What can move a terminal's cursor or turn the direction of writing."""
_SIGNALS = {signal.value: signal for signal in Signal}


@attrs.frozen(kw_only=True)
class Answer:
    """What a model said, in its order.

    A malformed element is a `Judgement` already: not approved, one verdict of the code `malformed`
    with the reason. Its decision carries what could be read (signal, else hold; symbol) and the
    element as text in `reasoning`; a hold is never vetoed for another reason.
    """

    elements: tuple[Decision | Judgement, ...]
    chain_of_thought: str = ""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Return the well-formed elements."""
        return tuple(e for e in self.elements if isinstance(e, Decision))

    def merged(self, judged: tuple[Judgement, ...]) -> tuple[Judgement, ...]:
        """Return one judgement per element, given those of `decisions` in order."""
        rest = iter(judged)
        return tuple(e if isinstance(e, Judgement) else next(rest) for e in self.elements)


def parse(text: str) -> Answer:
    """Read an answer.

    One with more than `MOST_DECISIONS` elements has run away: nothing of it opens a position. Its
    closes are read all the same, the first for each coin, with one malformed element that says
    why; without any it is refused.

    Raises:
        InvalidOutputError: no usable decision in it, with a reason for each element.
    """
    value, prose = extract(text)
    thought: object = None
    if is_in_pieces(value):
        value = together(value, text)
    if isinstance(value, dict):
        check_object(value, text)
        thought = value.get("chain_of_thought")
        value = value if "signal" in value else unpacked(value["decisions"])
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MOST_DECISIONS:
        elements = _closes(listed, text)
    else:
        elements = tuple(_element(item) for item in listed)
    bad = [e for e in elements if isinstance(e, Judgement)]
    if bad and len(bad) == len(elements):
        raise InvalidOutputError([b.verdicts[0].message for b in bad], output=text)
    said = thought if isinstance(thought, str) and thought.strip() else prose
    return Answer(elements=elements, chain_of_thought=_clean(said, LONGEST_THOUGHT))


def _closes(listed: list[object], text: str) -> tuple[Decision | Judgement, ...]:
    """Return what too long a list closes."""
    found: dict[str, Decision | Judgement] = {}
    for item in listed:
        made = _element(item)
        if isinstance(made, Decision) and made.signal is Signal.CLOSE:
            found.setdefault(made.symbol.upper(), made)
    reason = f"{len(listed)} decisions, at most {MOST_DECISIONS} are read"
    if not 0 < len(found) <= MOST_DECISIONS:
        raise InvalidOutputError([reason], output=text)
    return (*found.values(), _malformed({}, f"{reason}; of these, closes alone", ""))


def _element(item: object) -> Decision | Judgement:
    if not isinstance(item, dict):
        return _malformed({}, f"a decision must be an object, got {_clip(item)}", item)
    if isinstance(item, Ambiguous):
        return _malformed(item, "a key stands twice in one decision", item)
    faults: list[str] = []
    read = {key: _noted(reader, item, key, faults) for key, reader in _readers(item).items()}
    if faults:
        return _malformed(item, "; ".join(faults), item)
    return Decision(
        **read,
        invalidation_condition=_text(item, "invalidation_condition"),
        reasoning=_text(item, "reasoning"),
    )


def _readers(item: Mapping[str, Any]) -> Mapping[str, Reader]:
    """Return how each value of an element is read: of an entry all, else few."""
    word = item.get("signal")
    signal = _SIGNALS.get(word.strip().lower()) if isinstance(word, str) else None
    return _ENTRY if signal is not None and signal.is_entry else _EXIT


def _noted(reader: Reader, item: Mapping[str, Any], key: str, faults: list[str]) -> Any:
    """Read one value; what is wrong with it goes to the faults, so that all of them are told."""
    try:
        return reader(item, key)
    except ValueError as error:
        faults.append(str(error))
        return None


def _signal(item: Mapping[str, Any], key: str) -> Signal:
    word = item.get(key)
    known = _SIGNALS.get(word.strip().lower()) if isinstance(word, str) else None
    if known is None:
        message = f"signal must be one of {', '.join(_SIGNALS)}, got {_clip(word)}"
        raise ValueError(message)
    return known


def _symbol(item: Mapping[str, Any], key: str) -> Symbol:
    word = item.get(key)
    if not isinstance(word, str) or not re.fullmatch(
        r"[A-Za-z0-9@][A-Za-z0-9:._@/-]{0,31}", word.strip()
    ):
        message = f"symbol must name a coin, got {_clip(word)}"
        raise ValueError(message)
    return Symbol(word.strip())


def _number(item: Mapping[str, Any], key: str) -> Decimal | None:
    """Read a JSON number, or plain digits in quotes; None where there is none."""
    value = item.get(key)
    if value is None:
        return None
    if isinstance(value, str) and _PLAIN.fullmatch(value.strip()):
        value = Decimal(value.strip())
    if type(value) is int or isinstance(value, Decimal):
        return Decimal(value)
    message = f"{key} must be a number, got {_clip(value)}"
    raise ValueError(message)


def _amount(item: Mapping[str, Any], key: str) -> Decimal | None:
    value = _number(item, key)
    if value is not None and not 0 <= value <= LARGEST:
        message = f"{key} must be from 0 to 1e12, got {_clip(value)}"
        raise ValueError(message)
    # Nothing that money is reckoned with may be longer than exact arithmetic can hold.
    if value and (value < SMALLEST or len(value.as_tuple().digits) > MOST_DIGITS):
        message = f"{key} has more digits than are read: {_clip(value)}"
        raise ValueError(message)
    return value


def _required(item: Mapping[str, Any], key: str) -> Decimal:
    value = _amount(item, key)
    if not value:
        message = f"{key} is missing" if value is None else f"{key} must be above 0"
        raise ValueError(message)
    return value


def _whole(item: Mapping[str, Any], key: str) -> int:
    value = _required(item, key)
    if value != int(value):
        message = f"{key} must be a whole number, got {_clip(value)}"
        raise ValueError(message)
    return int(value)


def _exit(item: Mapping[str, Any], key: str) -> Decimal | None:
    return _amount(item, key) or None


def _percent(item: Mapping[str, Any], key: str) -> float:
    value = _number(item, key)
    if value is None or not 0 <= value <= 100:
        message = f"confidence must be from 0 to 100, got {_clip(item.get(key))}"
        raise ValueError(message)
    return float(value)


def _sureness(item: Mapping[str, Any], key: str) -> float | None:
    try:
        return _percent(item, key)
    except ValueError:
        return None


Reader = Callable[[Mapping[str, Any], str], Any]
_EXIT: Mapping[str, Reader] = {"signal": _signal, "symbol": _symbol, "confidence": _sureness}
_ENTRY: Mapping[str, Reader] = {
    "signal": _signal,
    "symbol": _symbol,
    "leverage": _whole,
    "position_size_usd": _required,
    "entry_price": _required,
    "stop_loss": _exit,
    "take_profit": _exit,
    "risk_usd": _exit,
    "confidence": _percent,
}


def redacted(answer: Answer, redact: Callable[[str], str]) -> Answer:
    """Return an answer without secrets: JSON may have spelt one as no search for it would."""

    def clean(element: Decision | Judgement) -> Decision | Judgement:
        if isinstance(element, Decision):
            return cleaned(element, redact)
        verdicts = tuple(attrs.evolve(v, message=redact(v.message)) for v in element.verdicts)
        return attrs.evolve(element, decision=cleaned(element.decision, redact), verdicts=verdicts)

    return Answer(
        elements=tuple(map(clean, answer.elements)),
        chain_of_thought=redact(answer.chain_of_thought),
    )


def cleaned(decision: Decision, redact: Callable[[str], str]) -> Decision:
    """Return a decision that no parser has read with texts such as a parser gives.

    They have no secrets, nothing that cannot be written or shown, and an end.
    """

    def tidy(text: str) -> str:
        return _clean(redact(text), LONGEST_TEXT) if text else text

    said = decision.symbol, decision.reasoning, decision.invalidation_condition
    symbol, reasoning, condition = map(tidy, said)
    if (symbol, reasoning, condition) == said:
        return decision
    return evolved(
        decision, symbol=Symbol(symbol), reasoning=reasoning, invalidation_condition=condition
    )


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return _clean(value, LONGEST_TEXT) if isinstance(value, str) else ""


def _malformed(item: Mapping[str, Any], reason: str, raw: object) -> Judgement:
    word, name = item.get("signal"), item.get("symbol")
    signal = _SIGNALS.get(word.strip().lower()) if isinstance(word, str) else None
    decision = Decision(
        signal=signal or Signal.HOLD,
        symbol=Symbol(_clean(name, 32) if isinstance(name, str) else ""),
        reasoning=_clip(raw, LONGEST_TEXT),
    )
    verdict = Verdict(
        kind=VerdictKind.VETO, check="schema", code="malformed", message=_clean(reason, 500)
    )
    return Judgement(decision=decision, is_approved=False, verdicts=(verdict,))


def _clip(value: object, most: int = 80) -> str:
    text = _clean(repr(str(value) if isinstance(value, Decimal) else value), most + 1)
    return text if len(text) <= most else text[: most - 1] + "…"


def _clean(text: str, most: int) -> str:
    """Cut text that came from outside, and replace what cannot be written or shown as text."""
    text = text[:most]
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub(" ", text).encode("utf-8", "replace").decode()
