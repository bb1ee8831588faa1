"""One sentence on whether the leaderboard's order means anything."""

from __future__ import annotations

from collections.abc import Sequence

from nof0_core.analysis.bootstrap import MINIMUM_HOURS, Interval95
from nof0_core.analysis.leaderboard import LeaderboardRow

FEW_TRADES = 20
"""With fewer closed trades one of them may decide the result."""


def verdict(rows: Sequence[LeaderboardRow]) -> str:
    """Compare the first with the second of those that are ranked.

    Args:
        rows: as `Leaderboard` orders them.

    Returns:
        A sentence, empty where there are fewer than two traders.
    """
    if len(rows) < 2:
        return ""
    ranked = [row for row in rows if row.is_ranked]
    if not ranked:
        return "The order means nothing yet: no trader has passed the quality gates."
    if len(ranked) == 1:
        return f"Only {_called(ranked[0])} has passed the quality gates: there is no order yet."
    first, second = ranked[:2]
    ours, theirs = first.return_pct_ci, second.return_pct_ci
    leader, next_one = _called(first), _called(second)
    names = f"{leader} and {next_one}"
    if ours is None or theirs is None:
        return (
            f"The order means nothing yet: {names} need at least {MINIMUM_HOURS} hours "
            "of returns before chance can be told from skill."
        )
    if ours[0] <= theirs[1] and theirs[0] <= ours[1]:
        return (
            f"The difference between {names} means nothing: their 95 % intervals of return "
            f"overlap ({_percent(ours)} and {_percent(theirs)})."
        )
    if first.num_trades < FEW_TRADES:
        return (
            f"{leader} leads {next_one} beyond what chance explains, but on "
            f"{first.num_trades} closed trades; fewer than {FEW_TRADES} prove little."
        )
    return (
        f"{leader} leads {next_one} beyond what chance explains: their 95 % intervals "
        f"of return do not overlap ({_percent(ours)} and {_percent(theirs)})."
    )


def _called(row: LeaderboardRow) -> str:
    return row.name or row.trader


def _percent(interval: Interval95) -> str:
    return f"{interval[0]:+.1f} to {interval[1]:+.1f} %"
