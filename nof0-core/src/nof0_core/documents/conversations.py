"""`conversations.json`: what was said in the newest cycles.

Rows are large, and each is written as a piece of its own once it is no longer among the newest few
of all, with each prompt in it once. The main file has those few as the API answers them.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence

import attrs

from nof0_core.documents.pieces import Part, Piece, Sheet
from nof0_core.documents.prompt_once import with_prompt
from nof0_core.documents.wire import Json, encode, fraction, number_or_null, seconds
from nof0_core.domain.decision import Decision, Judgement
from nof0_core.domain.event import CycleEnded, Event
from nof0_core.ids import TraderId
from nof0_core.money import EXACT, USD

_SUMMARY = 280

MAIN_ROWS = 10
MAIN_BYTES = 64_000
"""At most so many rows, and so much text, are in the main file; the newest one is in any case."""


@attrs.define(eq=False)
class _Talk:
    """One row: `told` until somebody wants it written, `row` after that."""

    seq: int
    told: tuple[Event, CycleEnded] | None
    row: bytes = b""
    piece: Piece | None = None

    def text(self) -> bytes:
        """Return the row with each prompt in it once."""
        if self.told is not None:
            self.row, self.told = encode(conversation(*self.told)), None
        return self.row

    def sealed(self) -> Piece:
        """Return the piece it is."""
        if self.piece is None:
            self.piece = Piece.of("conversations", "conversations", [self.text()])
        return self.piece


KeptTalks = dict[TraderId, list[tuple[int, bytes]]]
"""A `ConversationFile`, written down: number and row of each cycle, the newest first."""


class ConversationFile:
    """The rows as they are written, the newest `per_trader` of each trader."""

    def __init__(self, per_trader: int) -> None:
        self._per_trader = per_trader
        self._talks: dict[TraderId, deque[_Talk]] = {}
        self._sheet: Sheet | None = None

    def keep(self) -> KeptTalks:
        """Return all of it in what can be written down."""
        return {
            trader: [(talk.seq, talk.text()) for talk in talks]
            for trader, talks in self._talks.items()
        }

    def take(self, kept: KeptTalks) -> None:
        """Take over what `keep` has returned, into a new one."""
        for trader, talks in kept.items():
            made = (_Talk(seq, None, row) for seq, row in talks)
            self._talks[trader] = deque(made, maxlen=self._per_trader)

    def add(self, event: Event, cycle: CycleEnded) -> None:
        """Take over one cycle; it is not written out before the next sheet is asked for."""
        talks = self._talks.setdefault(cycle.trader, deque(maxlen=self._per_trader))
        talks.appendleft(_Talk(event.seq, (event, cycle)))
        self._sheet = None

    def sheet(self) -> Sheet:
        """Return what is to be written, newest first; the same object while no cycle ended."""
        if self._sheet is None:
            talks = [*heapq.merge(*self._talks.values(), key=_seq, reverse=True)]
            rows = _newest(talks)
            pieces = [talk.sealed() for talk in talks[len(rows) :]]
            layout = [Part(len(rows)), *(piece.part() for piece in pieces)] if pieces else ()
            names = [piece.name for piece in pieces]
            self._sheet = Sheet(rows=rows, layout=layout, pieces=pieces, names=names)
        return self._sheet


def _seq(talk: _Talk) -> int:
    return talk.seq


def _newest(talks: Sequence[_Talk]) -> list[bytes]:
    """Return the rows of the main file, as the API answers them."""
    rows: list[bytes] = []
    size = 0
    for talk in talks[:MAIN_ROWS]:
        row = with_prompt(talk.text())
        size += len(row)
        if rows and size > MAIN_BYTES:
            break
        rows.append(row)
    return rows


def conversation(event: Event, cycle: CycleEnded) -> Json:
    """Write one cycle, with its `user_prompt` left to `with_prompt`, which makes it of `messages`.

    A trader that decided without reading a prompt has an empty one, and its only message is its own
    reasoning, else the summary. `summary` says in a line what was decided, or why not.
    `verdicts` has every decision in the order of the answer, `llm_response` one per coin: the
    approved one where there is one, else the first.
    """
    time = seconds(event.time)
    rendered = cycle.messages or ()
    said = cycle.answer or reasoning(cycle) or cycle.error or summary(cycle)
    spoken = [(message.role, message.content) for message in rendered]
    return {
        "model_id": cycle.trader,
        "messages": [
            {"role": role, "content": text, "timestamp": time}
            for role, text in [*spoken, ("assistant", said)]
        ],
        "timestamp": time,
        "inserted_at": time,
        "cot_trace_summary": _shorten(reasoning(cycle)),
        "summary": summary(cycle),
        "user_prompt": None,
        "cot_trace": reasoning(cycle),
        "llm_response": _by_coin(cycle.judgements),
        "verdicts": [_verdict(judgement) for judgement in cycle.judgements],
        "status": str(cycle.status),
    }


def reasoning(cycle: CycleEnded) -> str:
    """Return the chain of thought, else what was said about each symbol, one line each."""
    if cycle.chain_of_thought:
        return cycle.chain_of_thought
    decisions = (judgement.decision for judgement in cycle.judgements)
    return "\n".join(f"{one.symbol}: {one.reasoning}" for one in decisions if one.reasoning)


def summary(cycle: CycleEnded) -> str:
    """Say in one line what came of a cycle."""
    if cycle.status != "ok":
        return f"{cycle.status}: {cycle.error}" if cycle.error else cycle.status
    words = []
    for judgement in cycle.judgements:
        decision = judgement.decision
        refused = "" if judgement.is_approved else " (refused)"
        words.append(f"{decision.symbol} {decision.signal.value}{refused}")
    return _shorten(", ".join(words) or "no decisions")


def _by_coin(judgements: Sequence[Judgement]) -> Json:
    chosen: dict[str, Judgement] = {}
    for judgement in judgements:
        first = chosen.setdefault(judgement.decision.symbol, judgement)
        if judgement.is_approved and not first.is_approved:
            chosen[judgement.decision.symbol] = judgement
    return {symbol: _decision(judgement.decision) for symbol, judgement in chosen.items()}


def _verdict(judgement: Judgement) -> Json:
    """Write what was said about one decision; `reasons` also tells of an approved one what was cut.

    `size_usd` and `leverage` are those approved, null for all but approved entries.
    """
    return {
        "symbol": judgement.decision.symbol,
        "signal": judgement.decision.signal.value,
        "is_approved": judgement.is_approved,
        "size_usd": number_or_null(judgement.size_usd),
        "leverage": judgement.leverage,
        "reasons": [{"code": each.code, "message": each.message} for each in judgement.verdicts],
    }


def _decision(decision: Decision) -> Json:
    """Write one decision as it was asked for; what it did not say is null.

    `quantity` is in coins, signed, at the entry price the model named.
    """
    quantity = None
    if decision.position_size_usd is not None and decision.entry_price:
        sign = -1 if decision.signal == "sell_to_enter" else 1
        # Nobody has judged these numbers: with the digits of other contexts they need not fit.
        coins = EXACT.divide(decision.position_size_usd, decision.entry_price)
        quantity = sign * coins.quantize(USD, context=EXACT)
    confidence = decision.confidence
    return {
        "signal": decision.signal.value,
        "leverage": decision.leverage,
        "profit_target": number_or_null(decision.take_profit),
        "stop_loss": number_or_null(decision.stop_loss),
        "risk_usd": number_or_null(decision.risk_usd),
        "invalidation_condition": decision.invalidation_condition,
        "confidence": None if confidence is None else fraction(confidence),
        "quantity": number_or_null(quantity),
    }


def _shorten(text: str) -> str:
    return text if len(text) <= _SUMMARY else text[: _SUMMARY - 1].rstrip() + "…"
