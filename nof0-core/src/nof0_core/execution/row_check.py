"""Whether what a venue lists can be booked, by all the ledger knows."""

from __future__ import annotations

from collections.abc import Mapping

from nof0_core.border.answers import BadRow, Told
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.instrument import Instrument
from nof0_core.ids import Symbol
from nof0_core.money import plain
from nof0_core.state.engine_state import EngineState


class RowCheck:
    """Parts rows that are good in themselves from those that cannot be true here."""

    def __init__(
        self,
        *,
        venue_account: str,
        state: EngineState,
        instruments: Mapping[Symbol, Instrument],
    ) -> None:
        self._venue_account = venue_account
        self._state = state
        self._instruments = instruments

    def new_fills(self, told: Told[Fill]) -> Told[Fill]:
        """Return executions that are not booked yet, each once, in the order they came.

        One that comes again as it was is left out; with other numbers it is bad.
        """
        first: dict[str, Fill] = {}
        bad = list(told.bad)
        for fill in told.good:
            if self._state.is_booked(self._venue_account, fill):
                continue
            known = first.get(fill.trade_id)
            if known is None:
                problem = self._wrong_fill(fill)
            elif known == fill:
                continue
            else:
                problem = "comes twice, with different values"
            if problem:
                bad.append(BadRow(fill.symbol, f"of trade {fill.trade_id} {problem}"))
            else:
                first[fill.trade_id] = fill
        return Told(tuple(first.values()), tuple(bad))

    def new_funding(self, told: Told[FundingPayment]) -> Told[FundingPayment]:
        """Return settlements that are not booked yet, each once, in order of time."""
        first: dict[object, FundingPayment] = {}
        bad = list(told.bad)
        for payment in told.good:
            key = (payment.symbol, payment.time)
            if self._state.knows_funding(self._venue_account, *key) or payment == first.get(key):
                continue
            problem = self._unknown_coin(payment.symbol)
            if key in first:
                problem = "comes twice, with different values"
            if problem:
                bad.append(
                    BadRow(payment.symbol, f"of {payment.symbol} at {payment.time} {problem}")
                )
            else:
                first[key] = payment
        return Told(tuple(sorted(first.values(), key=lambda p: p.time)), tuple(bad))

    def _wrong_fill(self, fill: Fill) -> str:
        record = self._state.order(fill.client_id) if fill.client_id is not None else None
        if record is not None:
            ours = (record.venue_account, record.symbol, record.request.side)
            if ours != (self._venue_account, fill.symbol, fill.side):
                return (
                    f"is a {fill.side} of {fill.symbol}, and the order it names a "
                    f"{record.request.side} of {record.symbol} on {record.venue_account}"
                )
        else:
            unknown = self._unknown_coin(fill.symbol)
            if unknown:
                return unknown
        instrument = self._instruments.get(fill.symbol)
        if instrument is not None and fill.size % instrument.lot:
            return f"has the size {plain(fill.size)}, no whole lots of {plain(instrument.lot)}"
        return ""

    def _unknown_coin(self, symbol: Symbol) -> str:
        """Say that a coin is neither listed nor held: nobody could say what it is worth."""
        if symbol in self._instruments:
            return ""
        if any(p.symbol == symbol for p in self._state.positions(self._venue_account)):
            return ""
        return f"is of {symbol}, which the market does not list"
