"""The eleven kinds of API file as bytes, built from events and a view."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

import attrs
import msgspec

from nof0_core.analysis.leaderboard import Leaderboard
from nof0_core.analysis.trade_columns import KeptTrades
from nof0_core.documents.analytics import Analytics
from nof0_core.documents.benchmark import BENCHMARK, BITCOIN
from nof0_core.documents.history import History, KeptHistory
from nof0_core.documents.pieces import Piece, Sheet, layout_text, list_text
from nof0_core.documents.positions import positions
from nof0_core.documents.small_rows import leaderboard_row, prices, since_inception_row
from nof0_core.documents.status import engine_row, service_rows, trader_row
from nof0_core.documents.status_log import KeptStatusLog, StatusLog
from nof0_core.documents.trades import TradeFile
from nof0_core.documents.wire import Json, encode
from nof0_core.domain.account import AccountState
from nof0_core.domain.candles import to_ms
from nof0_core.domain.event import Event
from nof0_core.domain.view import View
from nof0_core.errors import ProviderError
from nof0_core.ids import TraderId
from nof0_core.money import exactly

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@attrs.frozen
class Document:
    """A main file: `body` is what it says, `end` is written after that (the time of writing).

    Joined, they are its JSON; a file whose `body` has not changed need not be written again.
    `pieces` are those that have to be there before it, `names` those of all it is made of with the
    pieces that were written before.
    """

    name: str
    body: bytes
    end: bytes
    pieces: Sequence[Piece] = ()
    names: Collection[str] = ()

    @classmethod
    def of(cls, name: str, key: str, sheet: Sheet, end: bytes, *, more: bytes = b"") -> Document:
        """Make the file of a collection, with further members where there are some."""
        body = list_text(key, sheet.rows) + more + layout_text(sheet.layout)
        return cls(f"{name}.json", body, end, sheet.pieces, sheet.names)


class _Dump(msgspec.Struct):
    seq: int
    conversations_per_trader: int
    candles_per_coin: int
    history: KeptHistory
    trades: dict[TraderId, KeptTrades]
    status: KeptStatusLog
    has_indicators: bool = False


@attrs.frozen
class Recalled:
    """What `Documents` has read of a dump."""

    seq: int
    history: History
    analytics: Analytics
    status: StatusLog

    @property
    def written(self) -> Collection[str]:
        """Return the names of the pieces that were written and will not be made again."""
        hours = self.history.hours
        return hours.names - {piece.name for piece in hours.unwritten}


class Documents:
    """Keeps what the files need and builds them. `seq` is the number of the newest event."""

    name = "documents"
    version = 3

    def __init__(
        self,
        *,
        conversations_per_trader: int,
        candles_per_coin: int,
        has_indicators: bool = False,
    ) -> None:
        self.seq = 0
        self._sizes = conversations_per_trader, candles_per_coin
        self._has_indicators = has_indicators
        self._history = self._new_history()
        self._analytics = Analytics(self._history)
        self._leaderboard = Leaderboard()
        self._trades = TradeFile()
        self._status = StatusLog()

    @exactly
    def apply(self, event: Event) -> None:
        """Take in one event."""
        self._history.apply(event)
        self._status.apply(event)
        self.seq = event.seq

    def dump(self) -> bytes:
        """Return all that is remembered, as MessagePack."""
        history, trades = self._history.keep(), self._analytics.keep()
        status = self._status.keep()
        return msgspec.msgpack.encode(
            _Dump(self.seq, *self._sizes, history, trades, status, self._has_indicators)
        )

    @exactly
    def recalled(self, data: bytes) -> Recalled:
        """Read what `dump` has returned; nothing changes before it is taken over.

        Raises:
            ValueError: it is something else, or of other sizes.
        """
        kept = msgspec.msgpack.decode(data, type=_Dump)
        if (kept.conversations_per_trader, kept.candles_per_coin) != self._sizes:
            message = "it was made with other numbers of conversations or candles"
            raise ValueError(message)
        if kept.has_indicators != self._has_indicators:
            message = "its candles have indicators, or lack them"
            raise ValueError(message)
        history = self._new_history()
        history.take(kept.history)
        analytics = Analytics(history)
        analytics.take(kept.trades)
        status = StatusLog()
        status.take(kept.status)
        return Recalled(kept.seq, history, analytics, status)

    def _new_history(self) -> History:
        conversations, candles = self._sizes
        return History(
            conversations_per_trader=conversations,
            candles_per_coin=candles,
            has_indicators=self._has_indicators,
        )

    def take(self, recalled: Recalled) -> None:
        """Take over what was recalled, in place of all that is remembered."""
        self.seq, self._history = recalled.seq, recalled.history
        self._analytics, self._status = recalled.analytics, recalled.status

    def finished(self) -> Iterator[Piece]:
        """Give the pieces of old hours that were not written yet; going on says that one is."""
        for piece in self.unwritten:
            yield piece
            self.written(piece)

    @property
    def unwritten(self) -> Sequence[Piece]:
        """Return the pieces of old hours that were not yet reported as written."""
        return self._history.hours.unwritten

    def written(self, piece: Piece) -> None:
        """Forget a piece of old hours that is safe."""
        self._history.hours.written(piece)

    @property
    def relied_on(self) -> frozenset[str]:
        """Return the names of the pieces that are not made again: they have to be there."""
        hours = self._history.hours
        return hours.names - {piece.name for piece in hours.unwritten}

    def build(self, view: View, *, force: bool = False, own: str = "") -> Iterator[Document]:
        """Build all files for a view, one after the other; the status where an engine speaks.

        `force` brings `updated_at` of all analytics to the time of the view. `own` is the exporter
        that writes them: it is not behind what it writes.

        Raises:
            ProviderError: for a trader whose id cannot be part of a file name.
        """
        end = b',"serverTime":%d}' % to_ms(view.time)
        totals, highest = self._history.hours.sheet(self._current(view))
        marker = b',"lastHourlyMarkerRead":%d' % highest
        yield Document.of("account-totals", "accountTotals", totals, end, more=marker)
        held = Sheet(rows=[encode(row) for row in positions(view)])
        yield Document.of("positions", "accountTotals", held, end)
        yield Document("crypto-prices.json", b'{"prices":' + encode(prices(view)), end)
        self._trades.update(view)
        yield Document.of("trades", "trades", self._trades.sheet(view), end)
        traders = {trader.trader: trader for trader in view.traders}
        rows = [leaderboard_row(r, traders[r.trader]) for r in self._leaderboard.rows(view)]
        ranking = Sheet(rows=[encode(row) for row in rows])
        yield Document.of("leaderboard", "leaderboard", ranking, b"}")
        beginnings = Sheet(rows=[encode(row) for row in self._since_inception(view)])
        yield Document.of("since-inception-values", "sinceInceptionValues", beginnings, end)
        talks = self._history.conversations.sheet()
        yield Document.of("conversations", "conversations", talks, end)
        yield Document.of("candles", "candles", self._history.candles.sheet(), end)
        analyses = [self._analytics.row(trader, view.time, force=force) for trader in view.traders]
        yield Document.of("analytics", "analytics", Sheet(rows=analyses), end)
        for trader, row in zip(view.traders, analyses, strict=True):
            name = _analytics_name(trader.trader)
            yield Document.of(name, "analytics", Sheet(rows=[row]), end)
        if view.engine is not None:
            yield Document("status.json", self._state(view, own)[:-1], end)

    def _state(self, view: View, own: str) -> bytes:
        """Write the status of all there is."""
        lag = {one.exporter: one.behind for one in view.exporters if one.exporter != own}
        return encode(
            {
                "engine": view.engine and engine_row(view.engine),
                "traders": [trader_row(one, self._status) for one in view.traders],
                "services": service_rows(view),
                "alerts": self._status.alerts,
                "exporters": {**lag, own: 0} if own else lag,
            }
        )

    def _current(self, view: View) -> list[tuple[AccountState, float]]:
        """Return all accounts as they are now, the benchmark's last."""
        accounts = [(one.account, one.performance.sharpe_ratio) for one in view.traders]
        benchmark, quote = self._history.benchmark, view.quotes.get(BITCOIN)
        if benchmark is not None and quote is not None:
            account = benchmark.account(view.time, quote.mark)
            accounts.append((account, self._history.hours.sharpe_ratio(BENCHMARK)))
        return accounts

    def _since_inception(self, view: View) -> list[Json]:
        rows = [
            since_inception_row(
                one.trader,
                one.initial_capital,
                one.started_at,
                self._history.signal_log(one.trader).invocations,
            )
            for one in view.traders
        ]
        benchmark = self._history.benchmark
        if benchmark is not None:
            rows.append(since_inception_row(BENCHMARK, benchmark.capital, benchmark.start, 0))
        return rows


def _analytics_name(trader: TraderId) -> str:
    if not _SAFE_NAME.fullmatch(trader):
        message = f'trader id "{trader}" cannot be part of a file name (letters, digits, . _ -)'
        raise ProviderError(message)
    return f"analytics-{trader}"
