"""What templates see of a trader's past: its last answer and its last trades."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.feedback import PastTrade, Shortfall
from nof0_core.domain.fence import fenced
from nof0_core.ids import Symbol
from nof0_core.prompts.figures import cents, minutes
from nof0_core.prompts.view import View


def past(context: DecisionContext) -> View:
    """Return what became of the last answer, and the last trades, newest first."""
    answer = context.past.answer
    return View(
        "past",
        minutes_ago=None if answer is None else minutes(context.time - answer.time),
        unreadable=fenced(answer.error) if answer is not None and answer.error else None,
        setbacks=tuple(_setback(context, each) for each in answer.setbacks) if answer else (),
        left_out=answer.left_out if answer is not None else 0,
        trades=tuple(_trade(context, trade) for trade in context.past.trades),
    )


def _setback(context: DecisionContext, each: Shortfall) -> View:
    return View(
        "setback",
        symbol=_symbol(context, each.symbol),
        signal=each.signal.value,
        outcome=each.outcome.value,
        reasons=fenced("; ".join(each.reasons)),
    )


def _symbol(context: DecisionContext, symbol: Symbol) -> str:
    """Return a coin's name; one the venue does not know is whatever the model wrote."""
    return symbol if symbol in context.instruments else fenced(symbol)


def _trade(context: DecisionContext, trade: PastTrade) -> View:
    def price(value: Decimal) -> Decimal:
        instrument = context.instruments.get(trade.symbol)
        return value if instrument is None else value.quantize(instrument.tick(value))

    return View(
        "past trade",
        symbol=trade.symbol,
        side="long" if trade.is_long else "short",
        size=trade.size,
        entry=price(trade.entry_price),
        exit=price(trade.exit_price),
        fees=cents(trade.fees),
        funding=cents(trade.funding),
        net_pnl=cents(trade.net_pnl),
        ended_by=trade.reason,
        minutes_held=minutes(trade.closed_at - trade.opened_at),
        # The venue's clock may be ahead of ours by a moment.
        minutes_ago=minutes(max(context.time - trade.closed_at, timedelta(0))),
    )
