"""Closing out a trader before it loses what belongs to others.

The venue looks at the shared account as a whole: while that has margin, it lets a single virtual
account sink below zero. So the engine applies the venue's own rule to every trader by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.position import MarginMode
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError
from nof0_core.ids import Symbol, TraderId, is_shared
from nof0_core.ledger import Pool, Position
from nof0_core.money import plain
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class MarginWatch:
    """Watches the virtual accounts of one venue account."""

    def __init__(
        self, *, venue_account: str, recorder: Recorder, instruments: Mapping[Symbol, Instrument]
    ) -> None:
        self._venue_account = venue_account
        self._recorder = recorder
        self._instruments = instruments
        self._alerts: AlertOnce[tuple[TraderId, Symbol | None]] = AlertOnce(recorder, "insolvent")
        self._sound: tuple[tuple[Position, ...], Mapping[Symbol, Decimal]] = ((), {})
        """The positions, and the marks, at which nobody was short."""
        self._unknown: set[TraderId] = set()

    @property
    def is_sound(self) -> bool:
        """Tell whether nobody was short at the last look."""
        return not self._alerts.raised

    def due(self, quotes: Mapping[Symbol, Quote]) -> list[Position]:
        """Return all positions whose backing is below the maintenance margin they need together.

        The cross positions of a trader are backed by its account, an isolated one by its own
        margin. Each case raises one alert, again only after there was enough in between. A trader
        that cannot be valued because a price is missing is not judged. The shared accounts are left
        alone: what they hold, no trader decided.
        """
        found: list[Position] = []
        positions = self._recorder.state.positions(self._venue_account)
        if not positions:
            self._alerts.clear_all_but()
            return found
        marks = {p.symbol: quotes[p.symbol].mark for p in positions if p.symbol in quotes}
        # Else they are other objects: nothing but marks changes what backs them meanwhile.
        if positions is self._sound[0] and marks == self._sound[1]:
            return found
        short: set[tuple[TraderId, Symbol | None]] = set()
        unknown: set[TraderId] = set()
        traders = {p.trader: None for p in positions}
        for trader in traders:
            if is_shared(trader):
                continue
            try:
                pools = self._recorder.state.pools(
                    self._venue_account, trader, marks, self._instruments
                )
            except DataError as error:
                if trader not in self._unknown:
                    self._recorder.log.warning("margin of a trader unknown", error=str(error))
                short |= {key for key in self._alerts.raised if key[0] == trader}
                unknown.add(trader)
                continue
            for pool in pools:
                if pool.equity < pool.needed:
                    found += pool.positions
                    short.add(self._alert(trader, pool))
        self._alerts.clear_all_but(short)
        self._unknown = unknown
        if not unknown and not short:
            self._sound = positions, marks
        return found

    def _alert(self, trader: TraderId, pool: Pool) -> tuple[TraderId, Symbol | None]:
        symbol = pool.positions[0].symbol if pool.mode is MarginMode.ISOLATED else None
        backing, what = "equity", "all positions of the trader are closed"
        if symbol is not None:
            backing, what = "isolated margin", f"the position in {symbol} is closed"
        self._alerts.alert(
            (trader, symbol),
            f"{backing} of {plain(pool.equity)} USD is below the maintenance margin of "
            f"{plain(pool.needed)} USD: {what}",
            trader=trader,
            symbol=symbol,
        )
        return trader, symbol
