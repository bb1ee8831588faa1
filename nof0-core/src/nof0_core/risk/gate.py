"""The risk gate: from decisions to approvals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import localcontext

import attrs

from nof0_core.border.foreign import Origin
from nof0_core.border.shown import Copier
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision, Judgement, Signal, Verdict
from nof0_core.domain.margin import initial_margin
from nof0_core.domain.venue_view import VenueView
from nof0_core.ids import Symbol
from nof0_core.money import EXACT, ZERO
from nof0_core.protocols.risk import ApprovedEntry, RiskContext
from nof0_core.risk.after_close import after_close
from nof0_core.risk.approval import ApprovedDecision, _issue
from nof0_core.risk.checks.brakes import BRAKES
from nof0_core.risk.checks.exits import Exits, RewardRisk
from nof0_core.risk.checks.exposure import (
    Confidence,
    Equity,
    NewPositions,
    OnePosition,
    PositionCount,
)
from nof0_core.risk.checks.margin import Leverage, Liquidation, Margin
from nof0_core.risk.checks.market import Liquidity, MarketData, PriceBand
from nof0_core.risk.checks.schema import Schema
from nof0_core.risk.checks.size import MinimumOrder, PositionSize, ValueBand
from nof0_core.risk.costs import reward_risk, risk_usd, sign
from nof0_core.risk.evaluation import Evaluation, Further, Heard, Named, failed
from nof0_core.risk.verdicts import veto

_BASIC: tuple[Heard, ...] = tuple(
    (c.type, c.check) for c in (Equity(), OnePosition(), MarketData(), Exits())
)
"""What the others build on; judging ends at the first veto."""
_POLICY: tuple[Heard, ...] = tuple(
    (c.type, c.check)
    for c in (
        *BRAKES,
        Confidence(),
        PriceBand(),
        RewardRisk(),
        Liquidity(),
        PositionCount(),
        NewPositions(),
    )
)
"""Independent of each other; all are heard so that the journal has every reason."""
_SIZING: tuple[Heard, ...] = tuple((c.type, c.check) for c in (PositionSize(), Leverage()))
_FINAL: tuple[Heard, ...] = tuple(
    (c.type, c.check) for c in (Margin(), ValueBand(), MinimumOrder(), Liquidation())
)
"""Judged on what all others, the plugins' included, have left."""
_SCHEMA: tuple[Heard, ...] = ((Schema.type, Schema().check),)
_OF_A_CLOSE: tuple[Heard, ...] = (*_SCHEMA, (OnePosition.type, OnePosition().check))
_BUILTIN = frozenset(name for name, _ in (*_SCHEMA, *_BASIC, *_POLICY, *_SIZING, *_FINAL))


class RiskGate:
    """Judges decisions one by one; the only maker of `ApprovedDecision`.

    `extra` are further checks as (type, check), heard in order after the built-in ones have set
    size and leverage; a built-in check named again is not run twice. Each of them is shown copies
    of its own, and the gate never reads what it showed.

    Rules across one answer: a hold changes nothing. Decisions are judged in the order given. An
    entry that comes after a close of its coin that passed is judged as if that had been filled at
    the mark, and leaves only once it is; the close makes no room for other coins, for it may not
    fill. Of several equal decisions on a coin the first that passes counts, the others are
    `duplicate_decision`. Entries in both directions on one coin are both refused
    (`contradictory_entries`).
    """

    def __init__(self, extra: Sequence[Named] = (), origins: Sequence[Origin] = ()) -> None:
        """Take further checks and, in the same order, whose code each is (none: by its type)."""
        whose = origins or [Origin(part=f"risk check {name}") for name, _ in extra]
        self._extra = tuple(
            Further(named, origin)
            for named, origin in zip(extra, whose, strict=True)
            if named[0] not in _BUILTIN
        )

    def judge(
        self,
        decisions: Sequence[Decision],
        context: DecisionContext,
        venue: VenueView | None = None,
    ) -> tuple[tuple[Judgement, ...], tuple[ApprovedDecision, ...]]:
        """Judge an answer. Never raises: what cannot be judged is vetoed.

        Args:
            decisions: of the answer, in its order.
            context: what the trader knew when it was asked.
            venue: all traders of the venue account then; None where no check asks for them.

        Returns:
            One judgement per decision, in order, and the approvals of entries and closes.
        """
        if not decisions:
            return (), ()
        answer = _Answer(
            contradictory=_contradictions(decisions),
            venue=venue,
            further=tuple((further, Copier()) for further in self._extra),
        )
        with localcontext(EXACT):
            judgements = tuple(self._one(decision, context, answer) for decision in decisions)
        return judgements, tuple(answer.approved)

    def _one(self, decision: Decision, context: DecisionContext, answer: _Answer) -> Judgement:
        if decision.signal is Signal.HOLD:
            return Judgement(decision=decision, is_approved=True)
        try:
            hearing = Evaluation(decision=decision, context=_context(decision, context, answer))
            if decision.signal is Signal.CLOSE:
                return self._close(hearing, answer)
            return self._entry(hearing, answer)
        except Exception as error:  # noqa: BLE001 - whatever a backend handed over, the gate stays shut
            return Judgement(
                decision=decision, is_approved=False, verdicts=(failed("gate", error),)
            )

    def _close(self, hearing: Evaluation, answer: _Answer) -> Judgement:
        decision, risk = hearing.decision, hearing.context
        if hearing.is_refused(_OF_A_CLOSE) or answer.is_refused_by_further(hearing):
            return hearing.rejected()
        if decision.symbol in answer.closed or risk.holding is None:
            return hearing.rejected(_duplicate(decision))
        answer.closed.add(decision.symbol)
        answer.approved.append(
            _issue(
                _plan(
                    risk,
                    decision,
                    leverage=risk.holding.leverage,
                    reference_price=risk.quote.mark if risk.quote else risk.holding.mark,
                )
            )
        )
        return Judgement(decision=decision, is_approved=True, verdicts=tuple(hearing.verdicts))

    def _entry(self, hearing: Evaluation, answer: _Answer) -> Judgement:
        decision = hearing.decision
        if hearing.is_refused(_SCHEMA):
            return hearing.rejected()
        hearing.plan_exits()
        if hearing.is_refused(_BASIC):
            return hearing.rejected()
        if decision.symbol in answer.contradictory:
            return hearing.rejected(_contradictory(decision))
        if decision.symbol in answer.entered:
            return hearing.rejected(_duplicate(decision))
        if hearing.is_refused(_POLICY, hears_all=True):
            return hearing.rejected()
        if (
            hearing.is_refused(_SIZING)
            or answer.is_refused_by_further(hearing)
            or hearing.is_refused(_FINAL)
        ):
            return hearing.rejected()
        return _approve(hearing, answer)


@attrs.define(kw_only=True, eq=False)
class _Answer:
    """What was approved so far in one answer, and what plugins' checks are shown in it."""

    contradictory: frozenset[Symbol]
    further: tuple[tuple[Further, Copier], ...] = ()
    venue: VenueView | None = None
    closed: set[Symbol] = attrs.field(factory=set)
    entered: set[Symbol] = attrs.field(factory=set)
    approved: list[ApprovedDecision] = attrs.field(factory=list)
    entries: tuple[ApprovedEntry, ...] = ()

    def is_refused_by_further(self, hearing: Evaluation) -> bool:
        """Hear the checks of plugins until one says no; return whether one did."""
        return any(hearing.ask_foreign(further, copier) for further, copier in self.further)


def _approve(hearing: Evaluation, answer: _Answer) -> Judgement:
    decision, risk = hearing.decision, hearing.context
    quote, instrument = risk.quote, risk.instrument
    if quote is None or instrument is None:  # market_data has vetoed this before
        return hearing.rejected(failed("market_data", ValueError("no quote")))
    mark, direction = quote.mark, sign(decision)
    size = instrument.round_size(risk.size_usd / mark) * mark
    risked = risk_usd(direction, mark, size, risk, at_most=risk.context.account.equity)
    ratio = reward_risk(direction, mark, risk)
    answer.entered.add(decision.symbol)
    entry = ApprovedEntry(
        symbol=decision.symbol,
        is_long=direction > 0,
        size_usd=size,
        leverage=risk.leverage,
        margin=initial_margin(size, risk.leverage, step=None),
    )
    answer.entries = (*answer.entries, entry)
    answer.approved.append(
        _issue(
            _plan(
                risk,
                decision,
                leverage=risk.leverage,
                reference_price=mark,
                size_usd=size,
                stop_loss=risk.stop_loss,
                take_profit=risk.take_profit,
                risk_usd=risked,
                reward_risk=ratio,
            )
        )
    )
    return Judgement(
        decision=decision,
        is_approved=True,
        verdicts=tuple(hearing.verdicts),
        size_usd=size,
        leverage=risk.leverage,
        risk_usd=risked,
        reward_risk=ratio,
    )


def _plan(risk: RiskContext, decision: Decision, **numbers: object) -> dict[str, object]:
    return {
        "trader": risk.context.trader,
        "cycle": risk.context.cycle,
        "decision": decision,
        "confidence": float(decision.confidence or 0.0),
        "invalidation_condition": decision.invalidation_condition,
        "decided_on": risk.quote.time if risk.quote is not None else risk.context.time,
        "size_usd": ZERO,
        "stop_loss": None,
        "take_profit": None,
        "risk_usd": ZERO,
        "reward_risk": None,
    } | numbers


def _context(decision: Decision, context: DecisionContext, answer: _Answer) -> RiskContext:
    is_entry = decision.signal is not Signal.CLOSE
    snapshot = context.snapshots.get(decision.symbol)
    if is_entry and decision.symbol in answer.closed:
        context = after_close(context, decision.symbol)
    return RiskContext(
        context=context,
        quote=snapshot.quote if snapshot is not None else None,
        instrument=context.instruments.get(decision.symbol),
        holding=context.holding(decision.symbol),
        size_usd=(decision.position_size_usd or ZERO) if is_entry else ZERO,
        leverage=(decision.leverage or 1) if is_entry else 1,
        approved=answer.entries,
        book=snapshot.book_within(context.limits.max_data_age) if snapshot is not None else None,
        venue=answer.venue,
    )


def _contradictions(decisions: Sequence[Decision]) -> frozenset[Symbol]:
    if len(decisions) == 1:
        return frozenset()
    wanted = {
        signal: {d.symbol for d in decisions if d.signal is signal}
        for signal in (Signal.BUY_TO_ENTER, Signal.SELL_TO_ENTER)
    }
    return frozenset(wanted[Signal.BUY_TO_ENTER] & wanted[Signal.SELL_TO_ENTER])


def _duplicate(decision: Decision) -> Verdict:
    message = f"{decision.symbol} was already decided on in this answer"
    return veto("one_position", "duplicate_decision", message)


def _contradictory(decision: Decision) -> Verdict:
    message = f"the answer wants to buy and to sell {decision.symbol}"
    return veto("one_position", "contradictory_entries", message)
