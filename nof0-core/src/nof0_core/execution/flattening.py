"""Setting opposite positions off against each other before the rest is closed at the venue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from nof0_core.domain.snapshot import Quote
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.execution.closing import Closing
from nof0_core.execution.pre_trade import PreTradeCheck
from nof0_core.ids import Symbol, TraderId
from nof0_core.ledger import Position
from nof0_core.money import ZERO, exactly
from nof0_core.state.recorder import Recorder


class Flattening:
    """Settles opposite positions of a coin at the mark: only the net goes to the venue."""

    def __init__(self, *, recorder: Recorder, closing: Closing, pre_trade: PreTradeCheck) -> None:
        self._recorder = recorder
        self._closing = closing
        self._pre_trade = pre_trade

    @exactly
    def set_off(self, positions: Sequence[Position], quotes: Mapping[Symbol, Quote]) -> None:
        """Set off what can be; what has an order under way or is not booked yet waits."""
        for symbol in dict.fromkeys(position.symbol for position in positions):
            quote = quotes.get(symbol)
            if quote is None:
                continue
            booked: dict[TraderId, Decimal] = {}
            for position in positions:
                now = self._recorder.state.position(position.trader, symbol)
                if (
                    position.symbol == symbol
                    and now is not None
                    and now.quantity == position.quantity
                    and not self._pre_trade.is_under_way(position.trader, symbol)
                ):
                    booked[position.trader] = now.quantity
            longs = sum((q for q in booked.values() if q > 0), ZERO)
            shorts = -sum((q for q in booked.values() if q < 0), ZERO)
            amount = min(longs, shorts)
            if amount:
                changes = {
                    **_taken(amount, {t: q for t, q in booked.items() if q > 0}),
                    **_taken(amount, {t: q for t, q in booked.items() if q < 0}),
                }
                self._closing.offset(symbol, quote.mark, changes, ExitReason.FLATTEN)


def _taken(amount: Decimal, held: Mapping[TraderId, Decimal]) -> dict[TraderId, Decimal]:
    """Take `amount` coins from those who hold one side, in order; returns the signed changes."""
    changes: dict[TraderId, Decimal] = {}
    for trader, quantity in held.items():
        part = min(amount, abs(quantity))
        if part:
            changes[trader] = -part.copy_sign(quantity)
            amount -= part
    return changes
