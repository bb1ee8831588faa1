"""Counting votes: from the decisions of several models to one for each coin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from statistics import median_low
from typing import TypeVar

import attrs

from nof0_core.domain.decision import Decision, Signal
from nof0_core.ids import Symbol

UNSURE = 50.0
"""Confidence of a vote that names none: a hold or a close need not."""

T = TypeVar("T", bound=Decimal | int | float)


@attrs.frozen(kw_only=True)
class Vote:
    """What one member wants in one coin; a member that says nothing about it wants to hold."""

    member: str
    decision: Decision

    @property
    def confidence(self) -> float:
        """Return how sure the member is, 0 to 100."""
        return UNSURE if self.decision.confidence is None else self.decision.confidence


def decide(
    ballots: Mapping[str, Sequence[Decision]], symbols: Iterable[Symbol], *, by_confidence: bool
) -> tuple[Decision, ...]:
    """Count the votes coin by coin.

    A signal wins with more than half of the votes (or of all confidence); otherwise, so also on a
    tie, the coin is held. A member that wants two different things in one coin votes to hold it.

    Args:
        ballots: well-formed decisions of each member that answered, by its name.
        symbols: coins the trader may trade, in the order of the answer; others are not counted.
        by_confidence: weigh votes.

    Returns:
        One decision for each of the coins that somebody named. Of the winners' numbers the careful
        ones are taken: median size, lowest leverage, the nearest stop and the nearest target.
    """
    named = {d.symbol for decisions in ballots.values() for d in decisions}
    return tuple(
        _coin(symbol, ballots, by_confidence=by_confidence) for symbol in symbols if symbol in named
    )


def _coin(
    symbol: Symbol, ballots: Mapping[str, Sequence[Decision]], *, by_confidence: bool
) -> Decision:
    votes = [_vote(symbol, member, decisions) for member, decisions in ballots.items()]
    weights: dict[Signal, float] = {}
    for vote in votes:
        weight = vote.confidence if by_confidence else 1.0
        signal = vote.decision.signal
        weights[signal] = weights.get(signal, 0.0) + weight
    total = sum(weights.values())
    winner = next((s for s, weight in weights.items() if 2 * weight > total), Signal.HOLD)
    winners = [vote for vote in votes if vote.decision.signal is winner]
    tally = _tally(votes)
    if winner is Signal.HOLD:
        return Decision(signal=Signal.HOLD, symbol=symbol, reasoning=tally)
    confidence = median_low([vote.confidence for vote in winners])
    if winner is Signal.CLOSE:
        return Decision(signal=winner, symbol=symbol, confidence=confidence, reasoning=tally)
    return _entry(winner, symbol, [vote.decision for vote in winners], confidence, tally)


def _vote(symbol: Symbol, member: str, decisions: Sequence[Decision]) -> Vote:
    own = [d for d in decisions if d.symbol == symbol]
    if len(own) == 1:
        return Vote(member=member, decision=own[0])
    word = "wants more than one thing" if own else ""
    return Vote(member=member, decision=Decision(signal=Signal.HOLD, symbol=symbol, reasoning=word))


def _entry(
    signal: Signal, symbol: Symbol, wanted: list[Decision], confidence: float, tally: str
) -> Decision:
    # A long's stop lies below the price and its target above; a short's lie the other way round.
    is_long = signal is Signal.BUY_TO_ENTER
    stop, target = (max, min) if is_long else (min, max)
    conditions = dict.fromkeys(d.invalidation_condition for d in wanted if d.invalidation_condition)
    return Decision(
        signal=signal,
        symbol=symbol,
        leverage=_of([d.leverage for d in wanted], min),
        position_size_usd=_of([d.position_size_usd for d in wanted], median_low),
        entry_price=_of([d.entry_price for d in wanted], median_low),
        stop_loss=_of([d.stop_loss for d in wanted], stop),
        take_profit=_of([d.take_profit for d in wanted], target),
        confidence=confidence,
        invalidation_condition=" or ".join(conditions),
        reasoning=tally,
    )


def _of(values: Iterable[T | None], choose: Callable[[list[T]], T]) -> T | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None


def _tally(votes: Sequence[Vote]) -> str:
    lines = []
    for vote in votes:
        sure = "" if vote.decision.confidence is None else f" ({vote.decision.confidence:g})"
        why = f": {vote.decision.reasoning}" if vote.decision.reasoning else ""
        lines.append(f"{vote.member} {vote.decision.signal}{sure}{why}")
    return "; ".join(lines)
