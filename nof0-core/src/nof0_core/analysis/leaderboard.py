"""The leaderboard: who is ahead, and whether that means anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from nof0_core.analysis.bootstrap import (
    MINIMUM_HOURS,
    Interval95,
    Resampler,
    around,
    interval,
    probability_above,
)
from nof0_core.analysis.columns import Columns
from nof0_core.analysis.ranking import Standing, ranking
from nof0_core.analysis.returns import beside_hours, in_common
from nof0_core.domain.candles import FloatArray
from nof0_core.domain.view import TraderView, View
from nof0_core.ids import TraderId

_SEED = 0
_RIVALS = 2
"""Baselines that can be the best one other than a trader itself."""


@attrs.frozen(kw_only=True)
class LeaderboardRow:
    """One trader's line.

    Amounts in USD, percentages x100, `sharpe` on a daily scale. `win_dollars` and `lose_dollars`
    (negative) are sums of net profits of closed trades; a trade that made exactly nothing is a
    loss. `fees` are all fees paid, those of open positions included. `return_pct` is time-weighted
    from the first capital to now. The intervals are 95 % bootstrap ones, None below 24 hours of
    returns, and of the same quantities: full hours are resampled, what was earned before the first
    of them and in the one begun counts as it was in every resample; the number itself is never
    outside (`around`). `beats_baseline_p` is the probability that the return is above that of the
    best ranked baseline other than the trader itself, None where there is none or too little common
    history, and for who is not ranked. `name` and `model` are empty where they are not known.

    `cycles` are those in which its model was asked, `usable_answers` those of them whose answer
    could be used. `unranked_reason` says which quality gates the trader misses, None above them.
    `status` is the engine's word for what the trader is doing.
    """

    trader: TraderId
    name: str
    model: str
    is_baseline: bool
    equity: float
    return_pct: float
    return_pct_ci: Interval95 | None
    sharpe: float
    sharpe_ci: Interval95 | None
    num_trades: int
    num_wins: int
    num_losses: int
    win_dollars: float
    lose_dollars: float
    fees: float
    beats_baseline_p: float | None
    status: str
    usable_answers: int
    cycles: int
    unranked_reason: str | None

    @property
    def is_ranked(self) -> bool:
        """Return whether the trader has passed all quality gates."""
        return self.unranked_reason is None

    @property
    def win_rate(self) -> float:
        """Return winning trades in percent of all closed ones, 0 without any."""
        return 100 * self.num_wins / self.num_trades if self.num_trades else 0.0


@attrs.frozen(kw_only=True)
class Luck:
    """What the bootstrap says of one trader; see `LeaderboardRow`.

    `hours_ci` is the interval of the return of the full hours alone, as a fraction.
    """

    hours_ci: Interval95 | None = None
    sharpe_ci: Interval95 | None = None
    beats_baseline_p: float | None = None


class Leaderboard:
    """Builds rows again and again.

    Resamples only when a trader has a new hour, or other baselines are the best ones.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._columns = Columns()
        self._luck: Mapping[TraderId, Luck] = {}

    def rows(self, view: View) -> list[LeaderboardRow]:
        """Build the rows in the order of `nof0_core.analysis.ranking`."""
        standings = ranking(view)
        ranked = [standing.trader for standing in standings if standing.is_ranked]
        rivals = [trader for trader in ranked if trader.is_baseline][:_RIVALS]
        hours = [(t.trader, len(t.equity_curve), t.equity_curve[-1:]) for t in view.traders]
        key = hours, [rival.trader for rival in rivals]
        if key != self._key:
            self._luck = luck(view.traders, rivals, self._columns)
            self._key = key
        return [
            _row(standing, self._luck[standing.trader.trader], self._columns.net(standing.trader))
            for standing in standings
        ]


def luck(
    traders: Sequence[TraderView], rivals: Sequence[TraderView], columns: Columns
) -> dict[TraderId, Luck]:
    """Compute intervals and probabilities for all traders.

    Each is compared with the first of the rivals that is not itself. `columns` have what was known
    of them before.

    Deterministic. Traders are compared on the newest hours that both have, with the same blocks of
    hours drawn for both, so what the market did to everyone cancels out.
    """
    hours = {trader.trader: columns.hours(trader) for trader in traders}
    series = {name: each.returns for name, each in hours.items()}
    found: dict[TraderId, Luck] = {}
    resampler = Resampler(_SEED)
    for trader in traders:
        returns = series[trader.trader]
        if len(returns) < MINIMUM_HOURS:
            found[trader.trader] = Luck()
            continue
        rival = next((other for other in rivals if other.trader != trader.trader), None)
        found[trader.trader] = Luck(
            hours_ci=interval(resampler.returns(returns)),
            sharpe_ci=interval(resampler.sharpes(returns)),
            beats_baseline_p=None
            if rival is None
            else beats(
                *in_common(
                    hours[trader.trader].ends,
                    returns,
                    hours[rival.trader].ends,
                    series[rival.trader],
                ),
                resampler,
            ),
        )
    return found


def beats(returns: FloatArray, rival: FloatArray, resampler: Resampler) -> float | None:
    """Return the probability that a series of hourly returns beats another one.

    Both are cut to the newest hours they have in common; None below 24 of them. 0.5 means that
    nothing can be said.
    """
    hours = min(len(returns), len(rival))
    if hours < MINIMUM_HOURS:
        return None
    return probability_above(resampler.returns(returns[-hours:]), resampler.returns(rival[-hours:]))


def _row(standing: Standing, chance: Luck, net: FloatArray) -> LeaderboardRow:
    view = standing.trader
    won = net > 0
    sharpe, sharpe_ci = view.performance.sharpe_ratio, chance.sharpe_ci
    return LeaderboardRow(
        trader=view.trader,
        name=view.name,
        model=view.model,
        is_baseline=view.is_baseline,
        equity=float(view.account.equity),
        return_pct=float(view.account.return_pct),
        return_pct_ci=_return_pct_ci(view, chance),
        sharpe=sharpe,
        sharpe_ci=None if sharpe_ci is None else around(sharpe, sharpe_ci),
        num_trades=len(net),
        num_wins=int(won.sum()),
        num_losses=int((~won).sum()),
        win_dollars=float(net[won].sum()),
        lose_dollars=float(net[~won].sum()),
        fees=float(view.account.fees),
        beats_baseline_p=chance.beats_baseline_p if standing.is_ranked else None,
        status=str(view.status),
        usable_answers=view.answers.usable,
        cycles=view.answers.asked,
        unranked_reason=standing.unranked_reason,
    )


def _return_pct_ci(view: TraderView, chance: Luck) -> Interval95 | None:
    """Return the interval of the return from the first capital to now, in percent."""
    if chance.hours_ci is None:
        return None
    rest = beside_hours(view.equity_curve, view.account.index)
    low, high = (100 * ((1 + end) * rest - 1) for end in chance.hours_ci)
    return around(float(view.account.return_pct), (low, high))
