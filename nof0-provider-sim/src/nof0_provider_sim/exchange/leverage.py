"""Changing leverage and margin mode of a coin, with the venue's refusals."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from nof0_core.domain.position import MarginMode
from nof0_core.errors import RejectedError
from nof0_core.ids import Symbol
from nof0_core.money import ZERO
from nof0_provider_sim.exchange import margin, refusals
from nof0_provider_sim.exchange.margin import Instruments
from nof0_provider_sim.exchange.state import VenueState


def check_leverage(
    state: VenueState,
    instruments: Instruments,
    marks: Mapping[Symbol, Decimal],
    symbol: Symbol,
    leverage: int,
    mode: MarginMode,
) -> bool:
    """Return whether a change of leverage or margin mode changes anything.

    `marks` has every coin held. The margin mode stays while there is a position or a waiting order
    in the coin; a lower leverage needs its margin, from the position itself where it is isolated,
    from what is free where it is cross or waits. A higher one frees the margin of a cross position;
    an isolated one keeps what it has.

    Raises:
        RejectedError: the venue does not allow it; with the venue's words.
    """
    instrument = instruments.get(symbol)
    if instrument is None:
        raise RejectedError(refusals.UNKNOWN_ASSET.format(symbol=symbol))
    account = state.account
    current, held = account.leverage(instrument), account.quantity(symbol)
    notional = abs(held) * marks[symbol] if held else ZERO
    if not 1 <= leverage <= instrument.leverage_cap(notional):
        raise RejectedError(refusals.LEVERAGE)
    is_same_mode = account.mode(symbol) is mode
    if not is_same_mode and (held or state.book.open_of(symbol)):
        raise RejectedError(refusals.SWITCH_MODE)
    waiting = list(state.book.open())
    if leverage < current and not margin.can_lower(
        account, marks, instruments, symbol, leverage, waiting
    ):
        is_cross = mode is MarginMode.CROSS
        raise RejectedError(refusals.LOWER_LEVERAGE if is_cross else refusals.LOWER_ISOLATED)
    return leverage != current or not is_same_mode
