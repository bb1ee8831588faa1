"""What a backtest has come to, as arrays and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from nof0_core.analysis.leaderboard import LeaderboardRow
from nof0_core.backtest.look_ahead import LookAhead
from nof0_core.backtest.market_facts import CoinFacts
from nof0_core.backtest.window import Window
from nof0_core.domain.account import AccountState
from nof0_core.domain.candles import FloatArray
from nof0_core.domain.trade import ClosedTrade
from nof0_core.domain.view import EquityPoint
from nof0_core.ids import TraderId

Times = npt.NDArray[np.datetime64]


@attrs.frozen(kw_only=True)
class TraderResult:
    """One trader.

    `figures` are those of the ranking, `max_drawdown_pct` and `exposure_pct` (coin-minutes in the
    market of all there are, `long_pct` and `short_pct` of them) beside them; amounts in USD.
    `account` is the one at the end, `curve` its value at every full hour and at the end, oldest
    first, `trades` those that closed. `inference_usd` is what its models cost, which is in no other
    figure.
    """

    trader: TraderId
    name: str
    model: str
    is_baseline: bool
    capital: Decimal
    account: AccountState
    figures: LeaderboardRow
    max_drawdown_pct: float
    exposure_pct: float
    inference_usd: Decimal
    curve: tuple[EquityPoint, ...] = attrs.field(repr=False)
    trades: tuple[ClosedTrade, ...] = attrs.field(repr=False)
    long_pct: float = 0.0
    short_pct: float = 0.0

    @property
    def time(self) -> Times:
        """Return when the account was valued, shape (n,), UTC."""
        return np.array([_naive(point.time) for point in self.curve], dtype="datetime64[ms]")

    @property
    def equity(self) -> FloatArray:
        """Return what it was worth then in USD, shape (n,)."""
        return np.array([float(point.equity) for point in self.curve])

    @property
    def index(self) -> FloatArray:
        """Return what one dollar of the first capital had become, without transfers; (n,)."""
        return np.array([float(point.index) for point in self.curve])

    def trade_columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return the closed trades as columns of shape (n,), as `pandas.DataFrame` takes them.

        Times are UTC, `quantity` is signed in coins, amounts are in USD; the order is that in which
        trades closed.
        """
        trades = self.trades
        return {
            "symbol": np.array([str(one.symbol) for one in trades], dtype=object),
            "reason": np.array([str(one.reason) for one in trades], dtype=object),
            "entry_time": np.array([_naive(t.entry.time) for t in trades], dtype="datetime64[ms]"),
            "exit_time": np.array([_naive(t.exit.time) for t in trades], dtype="datetime64[ms]"),
            "quantity": np.array([float(one.quantity) for one in trades]),
            "entry_price": np.array([float(one.entry.price) for one in trades]),
            "exit_price": np.array([float(one.exit.price) for one in trades]),
            "leverage": np.array([one.leverage for one in trades], dtype=np.int64),
            "gross_pnl": np.array([float(one.gross_pnl) for one in trades]),
            "fees": np.array([float(one.fees) for one in trades]),
            "funding": np.array([float(one.funding) for one in trades]),
            "net_pnl": np.array([float(one.net_pnl) for one in trades]),
        }


@attrs.frozen(kw_only=True)
class BacktestResult:
    """A backtest: traders in the order of the ranking, coins, and what it all rests on.

    `is_complete` tells that the window was run to its end; otherwise `ended` says why not, and
    there was no look-ahead check. `assumptions` are how fills, funding and prices were reckoned,
    `flags` what a reader should know before believing a figure, one sentence each. `digests` are
    SHA-256 in hex of `data`, `configuration`, `prompts`, `code` and `result`. `folder` is where the
    journal is. `stepped` says why every moment was done, "" if those were left out in which nothing
    can happen; what came out is the same.
    """

    window: Window
    is_complete: bool
    ended: str
    cycles: int
    traders: tuple[TraderResult, ...]
    coins: tuple[CoinFacts, ...]
    assumptions: tuple[str, ...]
    flags: tuple[str, ...]
    digests: Mapping[str, str]
    stepped: str = ""
    look_ahead: LookAhead | None
    folder: Path
    report: Mapping[str, Any] = attrs.field(repr=False)
    """What `report.json` has."""

    def __getitem__(self, trader: str) -> TraderResult:
        """Return the trader of an id.

        Raises:
            KeyError: there is none.
        """
        for one in self.traders:
            if one.trader == trader:
                return one
        raise KeyError(trader)

    def __rich_repr__(self) -> Iterator[Any]:
        """Say in short what came out, for `rich` and notebooks."""
        yield "window", str(self.window)
        yield "is_complete", self.is_complete
        for one in self.traders:
            figures = one.figures
            yield str(one.trader), f"{figures.return_pct:+.2f} %, {figures.num_trades} trades"

    def _repr_html_(self) -> str:
        """Show a table in a notebook."""
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(one.name)}</td><td>{one.figures.return_pct:+.2f}</td>"
            f"<td>{one.max_drawdown_pct:.2f}</td><td>{shown_sharpe(one.figures)}</td>"
            f"<td>{one.figures.num_trades}</td></tr>"
            for one in self.traders
        )
        head = "<tr><th>trader</th><th>return %</th><th>drawdown %</th><th>Sharpe (daily)</th>"
        return f"<table>{head}<th>trades</th></tr>{rows}</table><p>{escape(str(self.window))}</p>"


def shown_sharpe(figures: LeaderboardRow) -> str:
    """Write a Sharpe ratio; where no interval can be given the number says nothing."""
    return "" if figures.sharpe_ci is None else f"{figures.sharpe:.2f}"


def _naive(moment: Any) -> Any:
    # numpy's times have no zone; all of ours are UTC.
    return moment.replace(tzinfo=None)
