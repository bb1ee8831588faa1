"""A trader's closed trades as columns of floats: years of them are summed up each time."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

import msgspec
import numpy as np

from nof0_core.analysis.exposure import Stay
from nof0_core.analysis.trade_row import TradeRow
from nof0_core.analysis.trade_tables import TradeArrays
from nof0_core.domain.candles import FloatArray

_LITTLE = np.dtype("<f8")
_UNKNOWN = float("nan")
_NET, _GROSS, _FEES, _NOTIONAL, _ENTRY, _EXIT, _LONG, _SYMBOL, _SIZE, _STOP, _TARGET = range(11)
_WIDTH = 11


class KeptTrades(msgspec.Struct):
    """A `TradeColumns`, written down: its floats (8 bytes each, little-endian) trade by trade."""

    cells: bytes
    symbols: list[str]
    last: tuple[float, str] | None


class TradeColumns:
    """Trades one after the other, 88 bytes each; what is asked of them is made anew."""

    __slots__ = ("_cells", "_last", "_symbols")

    def __init__(self, rows: Iterable[TradeRow] = ()) -> None:
        self._cells = array("d")
        self._symbols: dict[str, int] = {}
        self._last: tuple[float, str] | None = None
        for row in rows:
            self.add(row)

    def __len__(self) -> int:
        return len(self._cells) // _WIDTH

    def add(self, row: TradeRow) -> None:
        """Add a trade."""
        known = (row.portfolio_pct, row.stop_distance_pct, row.target_distance_pct)
        self._cells.extend(
            (
                row.net_pnl,
                row.gross_pnl,
                row.fees,
                row.notional,
                row.entry_time,
                row.exit_time,
                row.quantity > 0,
                self._symbols.setdefault(row.symbol, len(self._symbols)),
                *(_UNKNOWN if value is None else value for value in known),
            )
        )
        if self._last is None or row.exit_time > self._last[0]:
            self._last = row.exit_time, row.doc_id

    @property
    def last(self) -> tuple[float, str] | None:
        """Return exit time and document id of the trade that left last, None without trades."""
        return self._last

    @property
    def symbols(self) -> frozenset[str]:
        """Return the coins that were traded."""
        return frozenset(self._symbols)

    def arrays(self) -> TradeArrays:
        """Return the columns."""
        table = np.array(self._cells, dtype=np.float64).reshape(-1, _WIDTH)
        # Each column in one stretch: sums of strided ones are rounded in another order.
        column = np.ascontiguousarray(table.T)
        return TradeArrays(
            net=column[_NET],
            gross=column[_GROSS],
            fees=column[_FEES],
            notional=column[_NOTIONAL],
            holding_mins=(column[_EXIT] - column[_ENTRY]) / 60,
            is_long=column[_LONG] > 0,
            portfolio_pct=_known(column[_SIZE]),
            stop_distance_pct=_known(column[_STOP]),
            target_distance_pct=_known(column[_TARGET]),
        )

    def stays(self) -> Iterator[Stay]:
        """Give when which coin was held."""
        names, cells = list(self._symbols), self._cells
        for at in range(0, len(cells), _WIDTH):
            yield Stay(
                symbol=names[int(cells[at + _SYMBOL])],
                is_long=cells[at + _LONG] > 0,
                start=cells[at + _ENTRY],
                end=cells[at + _EXIT],
            )

    def keep(self) -> KeptTrades:
        """Return all of it in what can be written down."""
        cells = np.array(self._cells, dtype=_LITTLE).tobytes()
        return KeptTrades(cells, list(self._symbols), self._last)

    @classmethod
    def of(cls, kept: KeptTrades) -> TradeColumns:
        """Return what `keep` was asked of.

        Raises:
            ValueError: it is something else.
        """
        made = cls()
        cells = np.frombuffer(kept.cells, dtype=_LITTLE)
        coins = cells[_SYMBOL::_WIDTH]
        if len(cells) % _WIDTH or ((coins < 0) | (coins >= len(kept.symbols))).any():
            message = "these are no columns of trades"
            raise ValueError(message)
        made._cells.frombytes(cells.astype(np.float64).tobytes())
        made._symbols = {symbol: number for number, symbol in enumerate(kept.symbols)}
        made._last = kept.last
        return made


def _known(column: FloatArray) -> FloatArray:
    return column[~np.isnan(column)]
