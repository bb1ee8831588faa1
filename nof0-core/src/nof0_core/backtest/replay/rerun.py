"""One recorded cycle, done again and compared with what it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from nof0_core.answers.parsing import parse
from nof0_core.backtest.replay.asking import LACKING, Desk, Desks, maker_of
from nof0_core.backtest.replay.case import Case, Known, context_of
from nof0_core.backtest.replay.difference import (
    Difference,
    Part,
    text_difference,
    value_difference,
)
from nof0_core.backtest.replay.integrity import Integrity
from nof0_core.backtest.replay.orders import Remade, remade
from nof0_core.backtest.replay.reasons import explained
from nof0_core.backtest.replay.recorded_answer import RecordedAnswer
from nof0_core.backtest.replay.rules import Rules
from nof0_core.decision.result import DecisionResult
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import CHECK_FAILED, Judgement, Verdict
from nof0_core.domain.event import CycleEnded
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import InvalidOutputError, PromptError, UsageError
from nof0_core.protocols.llm import CallLog


@attrs.frozen(kw_only=True)
class Rerun:
    """What came of doing a cycle again.

    `seq` and `cycle` name it, `number` counts the trader's cycles from 1. `missing` says why it
    could not be done again; then there is nothing else. `has_prompt` tells that a prompt was
    compared, `has_rule` that a rule decided anew, `is_asked` that there was a question at all.
    `orders` were compared, `unsent` approved ones were not sent and are taken as recorded,
    `unpriced` ones lack the price of sending.
    """

    trader: str
    cycle: str
    number: int
    seq: int
    scheduled: datetime
    missing: str = ""
    hints: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    is_asked: bool = True
    has_prompt: bool = False
    has_rule: bool = False
    orders: int = 0
    unsent: int = 0
    unpriced: int = 0


async def rerun(case: Case, desks: Desks, rules: Rules, integrity: Integrity) -> Rerun:
    """Render, answer, judge and order a cycle again; what is not as it was is in the result."""
    made = Rerun(
        trader=case.body.trader,
        cycle=case.body.cycle,
        number=case.body.number,
        seq=case.seq,
        scheduled=case.body.scheduled,
        missing=case.missing,
        is_asked=case.is_asked,
    )
    if case.missing or not case.is_asked or case.known is None:
        return made
    try:
        desk = desks.of(case.known, case.body.trader)
    except UsageError as error:
        return attrs.evolve(made, missing=str(error), hints=tuple(error.hints))
    if desk.lacks and case.body.messages is not None:
        return attrs.evolve(made, missing=desk.lacks, hints=(LACKING,))
    return await _compared(made, case, case.known, desk, rules, integrity)


async def _compared(
    made: Rerun, case: Case, known: Known, desk: Desk, rules: Rules, integrity: Integrity
) -> Rerun:
    context, body = context_of(case, known, desk.trader), case.body
    found = _prompt(desk, context, body)
    rule = await rules.of(desk.trader, context)
    if body.status is not CycleStatus.OK and body.decided is None:
        # A rule that answers today has not failed then because of what it was shown.
        rule = None
    backend = rule or RecordedAnswer(body, is_typed=_is_typed(case))
    maker = maker_of(desk, backend, case)
    result = await maker.decide(context, body.scheduled, CallLog(), known.venue)
    found += _decided(body, result)
    orders = Remade()
    if not case.is_open:
        orders = remade(case, result.approved, known.order_instruments, desk.policy)
        found += orders.differences
    return attrs.evolve(
        made,
        differences=explained(found, case, known, desk, integrity),
        has_prompt=body.messages is not None,
        has_rule=rule is not None,
        orders=orders.count,
        unsent=orders.unsent,
        unpriced=orders.unpriced,
    )


def _prompt(desk: Desk, context: DecisionContext, body: CycleEnded) -> list[Difference]:
    """Render the prompt again, where one was read."""
    if body.messages is None:
        return []
    try:
        prompt = desk.book.render(context, trader_name=desk.trader.config.name)
    except PromptError as error:
        told = f"it cannot be rendered: {error}"
        return [Difference(part=Part.PROMPT, lines=tuple(told.splitlines()))]
    recorded, found = body.messages, prompt.messages
    differences = [
        one
        for old, new in zip(recorded, found, strict=False)
        for one in text_difference(Part.PROMPT, old.content, new.content, name=old.role)
    ]
    facts = (
        (body.prompt_digest, body.prompt_cut, dict(body.template_versions)),
        (prompt.digest, prompt.cut, dict(prompt.versions)),
    )
    if not differences and facts[0] != facts[1]:
        names = ("digest", "cut", "versions")
        old, new = (dict(zip(names, each, strict=True)) for each in facts)
        return value_difference(Part.PROMPT, [old], [new])
    return differences


def _decided(body: CycleEnded, result: DecisionResult) -> list[Difference]:
    """Compare what was decided, and what the checks said of it."""
    is_ordering = body.decided is not None
    status = CycleStatus.OK if is_ordering else body.status
    error = "" if is_ordering else body.error
    was = [f"status: {status.value}", *([f"error: {error}"] if error else [])]
    now = [f"status: {result.status.value}", *([f"error: {result.error}"] if result.error else [])]
    found = text_difference(Part.DECISION, "\n".join(was), "\n".join(now))
    old, new = ([each.decision for each in said] for said in (body.judgements, result.judgements))
    found += value_difference(Part.DECISION, old, new)
    if not found:
        verdicts = [_verdicts(each) for each in body.judgements]
        found += value_difference(
            Part.VERDICT, verdicts, [_verdicts(each) for each in result.judgements]
        )
    return found


def _verdicts(judged: Judgement) -> dict[str, Any]:
    """Return what was said of a decision; where a check failed, its words name lines of files."""
    verdicts = [
        Verdict(kind=each.kind, check=each.check, code=each.code)
        if each.code == CHECK_FAILED
        else each
        for each in judged.verdicts
    ]
    said = {f.name: getattr(judged, f.name) for f in attrs.fields(Judgement)}
    decision = judged.decision
    del said["decision"]
    return {"decision": f"{decision.signal} {decision.symbol}", **said, "verdicts": verdicts}


def _is_typed(case: Case) -> bool:
    """Tell whether the answer came as decisions, or cannot be read again from its text."""
    body = case.body
    if body.status is not CycleStatus.OK and body.decided is None:
        return False
    if case.is_typed is not None:
        return case.is_typed or body.answer.endswith(" characters left out]")
    try:
        parse(body.answer)
    except InvalidOutputError:
        return True
    return False
