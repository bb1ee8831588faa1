"""Rows of the three short files: prices, initial capital, ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from nof0_core.analysis.leaderboard import LeaderboardRow
from nof0_core.documents.trader_status import status_of
from nof0_core.documents.wire import Json, number, seconds
from nof0_core.domain.candles import to_ms
from nof0_core.domain.view import TraderView, View
from nof0_core.ids import derived_uuid


def prices(view: View) -> Json:
    """Write `crypto-prices.json`: mid prices by symbol, in USD.

    `timestamp` is the venue's time of each, in milliseconds.
    """
    return {
        symbol: {"symbol": symbol, "price": number(quote.mid), "timestamp": to_ms(quote.time)}
        for symbol, quote in view.quotes.items()
    }


def since_inception_row(model: str, capital: Decimal, start: datetime, invocations: int) -> Json:
    """Write one account of `since-inception-values.json`.

    That is its initial capital in USD, when it began, and how often its model was asked.
    """
    return {
        "id": derived_uuid("since-inception", model),
        "model_id": model,
        "nav_since_inception": number(capital),
        "inception_date": seconds(start),
        "num_invocations": invocations,
    }


def leaderboard_row(row: LeaderboardRow, trader: TraderView) -> Json:
    """Write one line of `leaderboard.json`; unknown intervals and probabilities are null.

    `status` is the word of `status.json`, `color` null where none is configured.
    `is_settled`, whether the difference to the next row is more than chance, is not reckoned yet.
    """
    return {
        "id": row.trader,
        "num_trades": row.num_trades,
        "sharpe": row.sharpe,
        "win_dollars": row.win_dollars,
        "num_losses": row.num_losses,
        "lose_dollars": row.lose_dollars,
        "return_pct": row.return_pct,
        "equity": row.equity,
        "num_wins": row.num_wins,
        "return_pct_ci": row.return_pct_ci,
        "sharpe_ci": row.sharpe_ci,
        "is_baseline": row.is_baseline,
        "beats_baseline_p": row.beats_baseline_p,
        "name": row.name,
        "color": trader.color or None,
        "status": str(status_of(trader).word),
        "usable_answers": row.usable_answers,
        "cycles": row.cycles,
        "unranked_reason": row.unranked_reason,
        "is_settled": None,
    }


def read_leaderboard_row(row: Mapping[str, Any], *, model: str, fees: float) -> LeaderboardRow:
    """Turn a line of `leaderboard.json` back into a row, with what does not stand there.

    Raises:
        KeyError, TypeError, IndexError: it is no such line.
    """
    return LeaderboardRow(
        trader=row["id"],
        name=row["name"],
        model=model,
        is_baseline=row["is_baseline"],
        equity=row["equity"],
        return_pct=row["return_pct"],
        return_pct_ci=_pair(row["return_pct_ci"]),
        sharpe=row["sharpe"],
        sharpe_ci=_pair(row["sharpe_ci"]),
        num_trades=row["num_trades"],
        num_wins=row["num_wins"],
        num_losses=row["num_losses"],
        win_dollars=row["win_dollars"],
        lose_dollars=row["lose_dollars"],
        fees=fees,
        beats_baseline_p=row["beats_baseline_p"],
        status=row["status"],
        usable_answers=row["usable_answers"],
        cycles=row["cycles"],
        unranked_reason=row["unranked_reason"],
    )


def _pair(values: Sequence[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])
