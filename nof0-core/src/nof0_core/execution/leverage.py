"""Leverage and margin mode of each coin at the venue."""

from __future__ import annotations

from collections.abc import Sequence

from nof0_core.domain.position import MarginMode, VenuePosition
from nof0_core.errors import ProviderError
from nof0_core.execution.gateway import Gateway
from nof0_core.ids import Symbol
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class Leverage:
    """Sets what an entry needs, and remembers what is set.

    At the venue both belong to the coin of the whole account. Of traders that share a coin the
    highest leverage is set: with cross margin the venue checks the net position only, and each
    trader's own margin is kept by the risk gate and the ledger. Isolated margin is shared with no
    other trader, so the leverage is the trader's own.
    """

    def __init__(self, *, gateway: Gateway, recorder: Recorder) -> None:
        self._venue_account = gateway.venue_account
        self._gateway = gateway
        self._recorder = recorder
        self._set: dict[Symbol, tuple[int, MarginMode]] = {}
        self._alerts: AlertOnce[Symbol] = AlertOnce(recorder, "margin_refused")

    async def prepare(self, symbol: Symbol, wanted: int, mode: MarginMode) -> str:
        """Set a coin up for an entry; return why that was not possible, empty if it was.

        A refusal of isolated margin, which a position in the other mode or at a higher leverage
        causes, raises one alert until the coin could be set again: a person has to look at it.
        """
        leverage = self._needed(symbol, wanted)
        if self._set.get(symbol) == (leverage, mode):
            return ""
        try:
            await self._gateway.set_leverage(symbol, leverage, mode)
        except ProviderError as error:
            self._set.pop(symbol, None)
            if mode is MarginMode.ISOLATED:
                self._alerts.alert(
                    symbol,
                    f"{self._venue_account}: {symbol} cannot be traded with isolated margin at "
                    f"{leverage}x: {error}",
                    symbol=symbol,
                )
            return f"leverage not set: {error}"
        self._set[symbol] = leverage, mode
        self._alerts.clear(symbol)
        return ""

    def is_set(self, symbol: Symbol, wanted: int, mode: MarginMode) -> bool:
        """Tell whether a coin is set up for an entry already."""
        return self._set.get(symbol) == (self._needed(symbol, wanted), mode)

    def _needed(self, symbol: Symbol, wanted: int) -> int:
        return max([wanted, *self._recorder.state.leverages(self._venue_account, symbol)])

    def refresh(self, positions: Sequence[VenuePosition]) -> None:
        """Forget what somebody has set differently in the venue's own screen."""
        for position in positions:
            if self._set.get(position.symbol) != (position.leverage, position.margin_mode):
                self._set.pop(position.symbol, None)
