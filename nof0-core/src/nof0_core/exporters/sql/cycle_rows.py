"""Rows of decisions: cycles, calls to models, and what the gate said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nof0_core.domain.decision import Judgement, VerdictKind
from nof0_core.domain.event import ConfigLoaded, CycleEnded
from nof0_core.domain.model import ModelCall
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.exporters.sql.cleaning import clean_json
from nof0_core.exporters.sql.rows import Rows


class Models:
    """What the newest configuration calls the models, and whether it knows what they cost."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, bool]] = {}

    def load(self, body: ConfigLoaded) -> None:
        """Take over the models of a configuration."""
        models = body.config.get("LLM", {}).get("models", {})
        self.known = {
            name: (str(one.get("model_name") or ""), one.get("price") is not None)
            for name, one in models.items()
        }


def put_traders(body: ConfigLoaded, time: datetime, rows: Rows) -> None:
    """Write the traders as a configuration has them."""
    for entry in body.config.get("Manager", {}).get("traders", ()):
        rows.put(
            "traders",
            trader_id=str(entry["id"]),
            valid_from=time,
            name=str(entry.get("name") or entry["id"]),
            config=clean_json({key: each for key, each in entry.items() if key != "limits"}),
            risk_params=clean_json(entry.get("limits", {})),
        )


def put_cycle(
    body: CycleEnded, decided_at: datetime, took: float, models: Models, rows: Rows
) -> None:
    """Write a cycle, made whole, with its calls and judgements."""
    place = {"trader_id": body.trader, "cycle_id": body.cycle}
    rows.put(
        "decision_cycles",
        **place,
        number=body.number,
        timestamp=body.scheduled,
        decided_at=decided_at,
        status=body.status.value,
        prompt_digest=body.prompt_digest,
        decisions_json=[_decision(each) for each in body.judgements],
        error=body.error,
        latency_s=took or None,
    )
    _put_calls(body, place, decided_at, models, rows)
    for number, each in enumerate(body.judgements, 1):
        said = [verdict for verdict in each.verdicts if verdict.kind is not VerdictKind.ALLOW]
        rows.put(
            "decision_validations",
            **place,
            number=number,
            timestamp=decided_at,
            symbol=each.decision.symbol,
            action=each.decision.signal.value,
            validation_result=_result(each),
            error_msg="; ".join(f"{one.code}: {one.message}" for one in said),
            checks=clean_json(each.verdicts),
        )


def _put_calls(
    body: CycleEnded, place: Mapping[str, Any], time: datetime, models: Models, rows: Rows
) -> None:
    if body.messages is None:
        return
    calls = body.calls or (
        ModelCall(model=body.model, outcome=CallOutcome.ANSWERED, usage=body.usage),
    )
    prompt = [{"role": message.role, "content": message.content} for message in body.messages]
    for number, call in enumerate(calls, 1):
        # What was said stands once in a cycle: it is that of the last call.
        is_last = number == len(calls)
        name, is_priced = models.known.get(call.model, ("", True))
        rows.put(
            "llm_conversations",
            **place,
            number=number,
            timestamp=time,
            prompt=clean_json(prompt),
            response=body.answer if is_last else "",
            chain_of_thought=body.chain_of_thought if is_last else "",
            outcome=call.outcome.value,
            detail=call.detail,
            tokens=call.usage.tokens,
            usage=clean_json(call.usage) | {"is_estimate": call.is_estimate},
            cost_usd=call.usage.cost_usd if is_priced else None,
            model=call.model,
            endpoint_model=name or None,
        )


def _decision(each: Judgement) -> Any:
    return clean_json(
        {
            "decision": each.decision,
            "is_approved": each.is_approved,
            "verdicts": each.verdicts,
            "size_usd": each.size_usd,
            "leverage": each.leverage,
            "risk_usd": each.risk_usd,
            "reward_risk": each.reward_risk,
        }
    )


def _result(each: Judgement) -> str:
    if not each.is_approved:
        return "rejected"
    wanted, given = each.decision, each
    is_smaller = (
        wanted.position_size_usd is not None
        and given.size_usd is not None
        and given.size_usd < wanted.position_size_usd
    )
    has_said = any(verdict.kind is VerdictKind.SHRINK for verdict in each.verdicts)
    return "shrunk" if is_smaller or has_said else "approved"
