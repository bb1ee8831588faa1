"""Writing the decisions of a strategy."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision, Signal
from nof0_core.ids import Symbol
from nof0_core.money import HUNDRED, decimal
from nof0_llm.baseline.params import BaselineParams
from nof0_llm.baseline.reading import Market

_CENT = Decimal("0.01")


def has_room(context: DecisionContext) -> bool:
    """Tell whether the trader may take another position and has equity for one."""
    account = context.account
    return len(account.holdings) < context.limits.max_positions and account.equity > 0


def enter(
    market: Market,
    context: DecisionContext,
    params: BaselineParams,
    *,
    is_long: bool,
    risk: float,
    reasoning: str,
    invalidation: str = "",
) -> Decision | None:
    """Return an entry with its exits, or None if its prices cannot be.

    Args:
        market: the coin.
        context: what the trader knows.
        params: settings of the strategy.
        is_long: buy or sell short.
        risk: distance of the stop from the mark, USD per coin; the target is `reward` times that
            away. Exits that the trader has switched off are left out.
        reasoning: one sentence for the journal.
        invalidation: what would prove the idea wrong.
    """
    mark, limits = market.snapshot.quote.mark, context.limits
    distance = decimal(risk) if risk > 0 else Decimal(0)
    direction = 1 if is_long else -1
    stop = mark - direction * distance
    target = mark + direction * distance * decimal(params.reward)
    if not distance or stop <= 0 or target <= 0:
        return None
    size = context.account.equity * decimal(params.size_pct) / HUNDRED
    round_price = market.instrument.round_price
    return Decision(
        signal=Signal.BUY_TO_ENTER if is_long else Signal.SELL_TO_ENTER,
        symbol=market.symbol,
        leverage=params.leverage,
        position_size_usd=size.quantize(_CENT),
        entry_price=mark,
        stop_loss=round_price(stop) if limits.stop_loss_enabled else None,
        take_profit=round_price(target) if limits.take_profit_enabled else None,
        risk_usd=(size * distance / mark).quantize(_CENT) if limits.stop_loss_enabled else None,
        confidence=params.confidence,
        invalidation_condition=invalidation,
        reasoning=reasoning,
    )


def leave(symbol: Symbol, params: BaselineParams, reasoning: str) -> Decision:
    """Return a close."""
    return Decision(
        signal=Signal.CLOSE, symbol=symbol, confidence=params.confidence, reasoning=reasoning
    )
