"""The ten kinds of API file as bytes, built from events and a view."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nof0_core.analysis.leaderboard import Leaderboard
from nof0_core.documents.analytics import Analytics
from nof0_core.documents.benchmark import BENCHMARK, BITCOIN
from nof0_core.documents.history import History
from nof0_core.documents.positions import positions
from nof0_core.documents.small_rows import leaderboard_row, prices, since_inception_row
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

Document = tuple[str, bytes, bytes]
"""Name of a file, what it says, and what is written after that (the time of writing)."""


class Documents:
    """Keeps what the files need and builds them."""

    def __init__(self, *, conversations_per_trader: int, candles_per_coin: int) -> None:
        self._history = History(
            conversations_per_trader=conversations_per_trader, candles_per_coin=candles_per_coin
        )
        self._analytics = Analytics(self._history)
        self._leaderboard = Leaderboard()
        self._trades = TradeFile()

    @exactly
    def apply(self, event: Event) -> None:
        """Take in one event."""
        self._history.apply(event)

    @property
    def page_count(self) -> int:
        """Return how many pages of old hours there are so far."""
        return self._history.hours.page_count

    def pages(self) -> Iterator[tuple[str, bytes]]:
        """Give name and content of each page of old hours; going on says that it is written.

        They must be written before the main file that counts them.
        """
        for page in self._history.hours.finished_pages():
            marker = b',"lastHourlyMarkerRead":%d}' % page.highest_marker
            yield f"account-totals-{page.number}.json", _list("accountTotals", page.rows) + marker
            self._history.hours.written(page)

    def build(self, view: View, *, force: bool = False) -> Iterator[Document]:
        """Build all files for a view, one after the other.

        Joined, the second and third part of a document are its JSON; a file whose second part has
        not changed need not be written again. `force` brings `updated_at` of all analytics to the
        time of the view.

        Raises:
            ProviderError: for a trader whose id cannot be part of a file name.
        """
        end = b',"serverTime":%d}' % to_ms(view.time)
        hours = self._history.hours
        rows, highest = hours.rows(self._current(view))
        marker = b',"lastHourlyMarkerRead":%d' % highest
        if hours.page_count:
            marker += b',"earlierPages":%d' % hours.page_count
        yield "account-totals.json", _list("accountTotals", rows) + marker, end
        yield "positions.json", _list("accountTotals", map(encode, positions(view))), end
        yield "crypto-prices.json", b'{"prices":' + encode(prices(view)), end
        self._trades.update(view)
        yield "trades.json", _list("trades", self._trades.rows(view)), end
        ranking = map(leaderboard_row, self._leaderboard.rows(view))
        yield "leaderboard.json", _list("leaderboard", map(encode, ranking)), b"}"
        beginnings = map(encode, self._since_inception(view))
        yield "since-inception-values.json", _list("sinceInceptionValues", beginnings), end
        talks = self._history.conversations.rows()
        yield "conversations.json", _list("conversations", talks), end
        yield "candles.json", _list("candles", self._history.candles.rows()), end
        analyses = [
            encode(self._analytics.row(trader, view.time, force=force)) for trader in view.traders
        ]
        yield "analytics.json", _list("analytics", analyses), end
        for trader, row in zip(view.traders, analyses, strict=True):
            yield _analytics_name(trader.trader), _list("analytics", [row]), end

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


def _list(name: str, rows: Iterable[bytes]) -> bytes:
    """Write an object that is still open, with one list in it."""
    return b'{"%s":[%s]' % (name.encode(), b",".join(rows))


def _analytics_name(trader: TraderId) -> str:
    if not _SAFE_NAME.fullmatch(trader):
        message = f'trader id "{trader}" cannot be part of a file name (letters, digits, . _ -)'
        raise ProviderError(message)
    return f"analytics-{trader}.json"
