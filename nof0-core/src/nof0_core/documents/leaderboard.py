"""`leaderboard.json`: the ranking, best equity first."""

from __future__ import annotations

from nof0_core.analysis.leaderboard import LeaderboardRow
from nof0_core.documents.wire import Json


def leaderboard_row(row: LeaderboardRow) -> Json:
    """Write one line; unknown intervals and probabilities are null."""
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
    }
