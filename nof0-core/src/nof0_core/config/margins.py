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
    the other. A clash is reported once, at the trader with isolated margin, or the later of two.
    """
    for number, (named, trader) in enumerate(traders):
        if trader.limits.margin_mode is not MarginMode.ISOLATED:
            continue
        others = [
            other
            for position, (_, other) in enumerate(traders)
            if other.exchange == trader.exchange
            and set(other.symbols) & set(trader.symbols)
            and (position < number or other.limits.margin_mode is MarginMode.CROSS)
            and position != number
        ]
        if others:
            taken = {symbol for other in others for symbol in other.symbols}
            session.problems.add(
                named.node.below("margin_mode"),
                f"isolated margin is one trader's own, but {', '.join(o.id for o in others)} trade"
                f" {', '.join(s for s in trader.symbols if s in taken)} on {trader.exchange} too",
                "give them different symbols, or an exchange section each",
            )
