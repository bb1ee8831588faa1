"""Isolated margin belongs to one trader: the venue keeps one position and one margin per coin."""

from __future__ import annotations

from collections.abc import Sequence

from nof0_core.config.model import TraderConfig
from nof0_core.config.session import Session
from nof0_core.config.traders import Named
from nof0_core.domain.position import MarginMode


def check_isolated(session: Session, traders: Sequence[tuple[Named, TraderConfig]]) -> None:
    """Refuse coins with isolated margin that another trader of the account trades as well.

    The venue would back both with the same margin at one leverage: what one loses would liquidate
    the other. A pair is reported once, at the trader with isolated margin.
    """
    for number, (named, trader) in enumerate(traders):
        if trader.limits.margin_mode is not MarginMode.ISOLATED:
            continue
        for place, (_, other) in enumerate(traders):
            both_isolated = other.limits.margin_mode is MarginMode.ISOLATED
            if place == number or (both_isolated and place > number):
                continue
            shared = [s for s in trader.symbols if s in other.symbols]
            if other.exchange == trader.exchange and shared:
                session.problems.add(
                    named.node.below("margin_mode"),
                    f"isolated margin is one trader's own, but {other.id} trades"
                    f" {', '.join(shared)} on {trader.exchange} too",
                    "give them different symbols, or an exchange section each",
                )
