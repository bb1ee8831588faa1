"""Return, drawdown, losses and intervals against a second implementation, on random lives.

The second one is written from the definition, with fractions, its own books and its own resampling
hour by hour; it uses nothing of what it checks. `NOF0_RETURNS` is the number of lives.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from fractions import Fraction as F

import numpy as np
import pytest

from nof0_core.analysis.leaderboard import Leaderboard
from nof0_core.analysis.performance import performance
from nof0_core.domain.context import Performance
from nof0_core.domain.event import (
    CycleEnded,
    Event,
    Filled,
    FundingSettled,
    HourMarked,
    Transferred,
)
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import Side
from nof0_core.domain.view import TraderView, View
from nof0_core.domain.vocabulary import CycleStatus, TransferReason
from nof0_core.ids import ENGINE
from nof0_core.state.engine_state import EngineState

LIVES, CHUNKS = int(os.environ.get("NOF0_RETURNS", "300")), 10
START = datetime(2025, 7, 1, 7, tzinfo=UTC)
RULES = {"BTC": Instrument(symbol="BTC", size_decimals=5, price_decimals=1, max_leverage=40)}


class Second:
    """One account from the definition: cash, coins, and what one dollar became."""

    def __init__(self) -> None:
        self.cash = self.coins = self.base = F(0)
        self.index, self.is_ruined = F(1), False
        self.points: list[tuple[datetime, F]] = []
        self.seen: list[tuple[datetime, F, bool]] = []

    def equity(self, mark):
        return self.cash + self.coins * F(mark)

    def now(self, mark):
        equity = self.equity(mark)
        if self.is_ruined or (equity <= 0 and self.base > 0):
            return F(0)
        return self.index if self.base <= 0 else self.index * equity / self.base

    def look(self, time, mark, *, is_hour=False):
        index = self.now(mark)
        self.is_ruined = self.is_ruined or index == 0
        self.seen.append((time, index, is_hour and time.hour == 0))
        if is_hour:
            self.points.append((time, index))

    def flow(self, time, mark, amount):
        self.look(time, mark)
        self.index = self.now(mark)
        self.cash += F(amount)
        self.base = self.equity(mark)

    def drawdown(self, mark):
        peak, worst = F(1), F(0)
        for index in (*(index for _, index in self.points), self.now(mark)):
            peak = max(peak, index)
            worst = max(worst, 1 - index / peak)
        return float(100 * worst)

    def fall(self, mark):
        peak = max(F(1), *(index for _, index, _ in self.seen))
        return float(100 * max(F(0), 1 - self.now(mark) / peak))

    def day_loss(self, time, mark):
        start, day, last = F(1), None, F(1)
        for when, index, is_midnight in self.seen:
            if is_midnight:
                start, day = index, when.date()
            elif day is None or when.date() > day:
                start, day = last, when.date()
            last = index
        start = start if day == time.date() else last
        return 100.0 if start <= 0 else float(100 * max(F(0), 1 - self.now(mark) / start))

    def returns(self):
        pairs = zip(self.points, self.points[1:], strict=False)
        return np.array([float(b / a - 1) for (_, a), (_, b) in pairs if a])


def picked(hours):
    """Which hour each place of each of 2000 resamples comes from, shape (2000, hours)."""
    # The same draws as the program's, not the same reckoning with them.
    rng = np.random.Generator(np.random.PCG64(0))  # noqa: TID251 - reason above
    mean = max(1.0, hours ** (1 / 3))
    batch, lengths = int(np.ceil(hours / mean)) + 1, np.zeros((2000, 0), dtype=np.int64)
    while lengths.shape[1] == 0 or lengths.sum(axis=1).min() < hours:
        more = rng.geometric(1 / mean, size=(2000, batch))
        lengths = np.concatenate([lengths, more], axis=1)
    lengths = np.diff(np.minimum(lengths.cumsum(axis=1), hours), axis=1, prepend=0)
    starts = rng.integers(0, hours, size=lengths.shape)
    firsts = np.repeat(starts.ravel(), lengths.ravel()).reshape(2000, hours)
    begins = np.repeat((lengths.cumsum(axis=1) - lengths).ravel(), lengths.ravel())
    return (firsts + np.arange(hours) - begins.reshape(2000, hours)) % hours


class Life:
    """Traders whose capital is moved at all times, told to the engine and to the second books."""

    def __init__(self, seed) -> None:
        self.rng = random.Random(seed)
        self.state, self.books, self.number = EngineState(), {}, 0
        self.time, self.mark = START, D(100_000)
        # Without a trade, with equal returns, calm, and wild enough to lose all.
        self.style = self.rng.choice(["still", "steady", "calm", "wild", "wild"])
        self.gone: set[str] = set()
        self.counts = dict.fromkeys(("ruins", "rescues", "emptied", "flows", "intervals"), 0)
        for trader in ("ann", "cay"):
            self.give(trader, D(self.rng.randrange(1, 10**10)).scaleb(-6))

    def tell(self, body):
        self.number += 1
        self.state.apply(Event(seq=self.number, time=self.time, stream=ENGINE, body=body))

    def account(self, trader):
        return self.state.account("paper", trader, {"BTC": self.mark}, self.time, RULES)

    def give(self, trader, amount):
        book = self.books.setdefault(trader, Second())
        before = book.equity(self.mark)
        worth = D(before.numerator) / D(before.denominator)
        assert F(worth) == before
        reason = TransferReason.REBALANCE if book.base else TransferReason.INITIAL
        self.counts["flows"] += 1
        self.counts["rescues"] += book.is_ruined and amount > 0
        self.counts["emptied"] += before > 0 and before == -F(amount)
        book.flow(self.time, self.mark, amount)
        self.tell(
            Transferred(
                venue_account="paper", amounts={trader: amount, "@reserve": -amount},
                equities={trader: worth}, reason=reason,
            )
        )  # fmt: skip

    def trade(self, trader, size):
        book, fee = self.books[trader], D(self.rng.randrange(0, 2_000_000)).scaleb(-6)
        book.cash -= F(size) * F(self.mark) + F(fee)
        book.coins += F(size)
        self.tell(
            Filled(
                trader=trader, venue_account="paper",
                fill=Fill(
                    trade_id=str(self.number), venue_order_id="1", client_id=None, symbol="BTC",
                    side=Side.BUY if size > 0 else Side.SELL, price=self.mark, size=abs(size),
                    fee=fee, time=self.time,
                ),
            )
        )  # fmt: skip

    def close(self, trader):
        coins = self.books[trader].coins
        if coins:
            self.trade(trader, -D(coins.numerator) / D(coins.denominator))

    def cycle(self, trader):
        self.books[trader].look(self.time, self.mark)
        self.tell(
            CycleEnded(
                trader=trader, cycle=str(self.number), number=1, scheduled=self.time,
                status=CycleStatus.OK, model="m", market="", performance=Performance(),
                account=self.account(trader),
            )
        )  # fmt: skip

    def hour(self):
        there = [trader for trader in self.books if trader not in self.gone]
        for trader in there:
            self.books[trader].look(self.time, self.mark, is_hour=True)
        self.tell(HourMarked(accounts=tuple(self.account(trader) for trader in there)))

    def earn(self):
        """Pay everybody a thousandth of its equity: returns that are equal."""
        amounts = {}
        for trader, book in self.books.items():
            amounts[trader] = D(round(book.equity(self.mark) * 1000)).scaleb(-6)
            book.cash += F(amounts[trader])
        self.tell(
            FundingSettled(
                venue_account="paper", symbol="BTC", time=self.time, rate=D(0), amounts=amounts
            )
        )

    def act(self):
        rng = self.rng
        trader = rng.choice([name for name in self.books if name not in self.gone])
        equity = self.books[trader].equity(self.mark)
        what = rng.choice(["trade", "trade", "flow", "flow", "whole", "twice", "cycle", "close"])
        if what == "trade" and self.style in ("calm", "wild") and equity > 0:
            size = D(round(equity / F(self.mark) * rng.randrange(-400, 401) * 1000)).scaleb(-5)
            if size:
                self.trade(trader, size)
        elif what == "close":
            self.close(trader)
        elif what == "cycle":
            self.cycle(trader)
        elif what == "whole" and not self.books[trader].is_ruined:
            self.close(trader)
            left = self.books[trader].equity(self.mark)
            if left > 0:
                self.give(trader, -D(left.numerator) / D(left.denominator))
        elif what in ("flow", "twice"):
            for _ in range(2 if what == "twice" else 1):
                self.give(trader, self.amount(trader))
                self.time += timedelta(seconds=rng.choice([0, 20]))

    def amount(self, trader):
        """Capital in at any time, or out: never all there is."""
        equity = self.books[trader].equity(self.mark)
        if equity > 0 and self.rng.random() < 0.5:
            return -D(int(equity * self.rng.randrange(1, 990) * 1000)).scaleb(-6)
        return D(self.rng.randrange(1, 5 * 10**9)).scaleb(-6)

    def live(self):
        rng = self.rng
        hours = rng.choice([0, 1, 3, 26, 26, 40])
        for hour in range(hours):
            end = START + timedelta(hours=hour + 1)
            for minute in sorted(rng.randrange(1, 59) for _ in range(rng.choice([0, 0, 1, 2]))):
                self.time = max(self.time, end - timedelta(minutes=60 - minute))
                self.move()
                self.act()
                self.check()
            self.time = end
            self.move()
            if self.style == "steady":
                self.earn()
            if rng.random() < 0.1:
                self.act()
                self.time = end
            self.hour()
            if rng.random() < 0.1:
                self.act()
            if hour == hours // 2 and rng.random() < 0.5:
                self.give("bob", D(rng.randrange(0, 10**9)).scaleb(-6))
            if hour == hours // 2 and rng.random() < 0.3:
                self.gone.add("cay")
        self.time += timedelta(minutes=rng.choice([0, 7, 59]))
        self.move()
        self.check(whole=True)
        return self.counts

    def move(self):
        bps = {"calm": 80, "wild": 3500}.get(self.style, 0)
        self.mark = max(
            D(1), (self.mark * (10_000 + self.rng.randint(-bps, bps)) / 10_000).quantize(D("0.1"))
        )

    def check(self, *, whole=False):
        views = []
        for trader, book in self.books.items():
            account, mark = self.account(trader), self.mark
            assert F(account.equity) == book.equity(mark)
            pct = float(100 * (book.now(mark) - 1))
            assert float(account.return_pct) == pytest.approx(pct, rel=1e-12, abs=1e-12)
            curve = self.state.curve(trader)
            assert [point.time for point in curve] == [time for time, _ in book.points]
            done = performance([], curve, account, 0)
            assert done.max_drawdown_pct == pytest.approx(book.drawdown(mark), abs=1e-9)
            lost = self.state.brakes.day_loss_pct(trader, account)
            assert float(lost) == pytest.approx(book.day_loss(self.time, mark), abs=1e-9)
            fallen = self.state.brakes.drawdown_pct(trader, account)
            assert float(fallen) == pytest.approx(book.fall(mark), abs=1e-9)
            self.counts["ruins"] += whole and book.is_ruined
            views.append(
                TraderView(
                    trader=trader, name=trader, model="m", is_baseline=False, venue_account="paper",
                    started_at=START, initial_capital=D(1), account=account, performance=done,
                    status="ok", next_cycle=None, trades=(), equity_curve=curve,
                )
            )  # fmt: skip
        if whole:
            rows = Leaderboard().rows(
                View(seq=self.number, time=self.time, traders=tuple(views), quotes={})
            )
            for row in rows:
                self.check_intervals(row, self.books[row.trader])

    def check_intervals(self, row, book):
        returns = book.returns()
        if len(returns) < 24:
            assert row.return_pct_ci is row.sharpe_ci is None
            return
        self.counts["intervals"] += 1
        hours = returns[picked(len(returns))]
        last, first, now = book.points[-1][1], book.points[0][1], book.now(self.mark)
        rest = float(first * (now / last if last else 1))
        ends = 100 * (rest * np.percentile(np.prod(1 + hours, axis=1), (2.5, 97.5)) - 1)
        pct = float(100 * (now - 1))
        wanted = (min(ends[0], row.return_pct), max(ends[1], row.return_pct))
        assert row.return_pct == pytest.approx(pct, rel=1e-12, abs=1e-12)
        for end, mine in zip(row.return_pct_ci, wanted, strict=True):
            assert end == pytest.approx(mine, rel=1e-7, abs=1e-7)
        assert row.return_pct_ci[0] <= row.return_pct <= row.return_pct_ci[1]
        assert row.sharpe_ci[0] <= row.sharpe <= row.sharpe_ci[1]
        spread = returns.std(ddof=1)
        # Differences of rounding are not judged: whose they are depends on how sums are made.
        if spread < 1e-6 or self.style == "steady":
            return
        assert row.sharpe == pytest.approx(returns.mean() / spread * 24**0.5, rel=1e-9, abs=1e-12)
        spreads = hours.std(axis=1, ddof=1)
        known = spreads > 1e-12
        sharpes = np.zeros(len(hours))
        sharpes[known] = hours[known].mean(axis=1) / spreads[known] * 24**0.5
        low, high = np.percentile(sharpes, (2.5, 97.5))
        assert row.sharpe_ci[0] == pytest.approx(min(low, row.sharpe), rel=1e-5, abs=1e-5)
        assert row.sharpe_ci[1] == pytest.approx(max(high, row.sharpe), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_number_drawdown_losses_and_interval_are_those_of_the_definition(chunk):
    counts: dict[str, int] = {}
    for seed in range(chunk, LIVES, CHUNKS):
        try:
            lived = Life(seed).live()
        except Exception as error:
            error.add_note(f"life {seed}")
            raise
        for name, count in lived.items():
            counts[name] = counts.get(name, 0) + count
    if LIVES >= 300:
        assert all(counts.values()), counts
