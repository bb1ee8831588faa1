"""`executor.yaml`: what holds for every trader that does not say otherwise."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.config.fields import opt
from nof0_core.config.scalars import Label
from nof0_core.domain.limits import MAJORS


@attrs.frozen(kw_only=True)
class ExecutorFile:
    """Default limits and the rhythm of decisions."""

    major_coin_leverage: int = opt(default=20, ge=1, le=1000, help="highest for major coins")
    altcoin_leverage: int = opt(default=10, ge=1, le=1000, help="highest for other coins")
    major_coins: tuple[str, ...] = opt(
        default=MAJORS, help="coins under major_coin_leverage; []: none"
    )
    min_confidence: float = opt(
        default=75.0, ge=0, le=100, help="of an entry, on a scale from 0 to 100"
    )
    min_risk_reward: Decimal = opt(default=Decimal(3), ge=0, help="reward per risk, after costs")
    max_positions: int = opt(default=4, ge=1, help="of one trader at a time")
    decision_interval: timedelta = opt(
        default=timedelta(minutes=3), gt=timedelta(0), help="time from one decision to the next"
    )
    decision_timeout: timedelta = opt(
        default=timedelta(seconds=60),
        gt=timedelta(0),
        help="most that models may take for one decision; shorter than the interval",
    )
    max_concurrent_decisions: int = opt(
        default=1,
        ge=1,
        help="traders deciding at a time. On a lockstep clock one decides after the other",
    )
    decision_spread: timedelta = opt(
        default=timedelta(0),
        ge=timedelta(0),
        help="over this time after a common moment traders begin, evenly, in the order of"
        " manager.yaml; 0s: all at once. Not in a simulation",
    )
    max_prompt_tokens: int | None = opt(
        default=None,
        ge=500,
        help="size above which the oldest bars are left out of a prompt; default: no limit",
    )
    prompt_schema_version: Label | None = opt(
        default=None, help="version every prompt template must have in its header"
    )
