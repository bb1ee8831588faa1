"""Task "cross" through nof0 and through other engines, side by side in one run.

    python tests/benchmarks/peers.py [--bars 20000] [--rounds 3] [--step 12] [--turn]

All trade the same made-up minutes by the rules of `tests/plain_cross.py`. An engine that is not
installed (numba, backtesting, vectorbt, raptorbt) is left out. One whose fills are not those of the
plain loop, in bars and sides, and prices to a dollar (the tick), gets no figure. nof0 keeps an
exact ledger, hears the risk gate, and writes and hashes a journal; none of the others does. With
`--turn` a position is turned round in one bar, by the plain loop and nof0 only. CPU time, medians;
signals are reckoned within the time, files are opened and code is compiled before.

What speed is held against is the small engine (`small_engine.py`): events, indicators bar by bar
and a broker, in plain Python and floats. The plain loop reckons money in Decimals, so its fills are
what is wanted; the one in floats has no engine at all.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import anyio
import cross_project
import numpy as np
import plain_cross
import small_engine

from nof0_core.domain.candles import to_ms

Fill = tuple[int, int, float]
"""Bar, side (1: bought), price."""
Run = Callable[[], tuple[float, list[Fill]]]
"""Trades once; returns CPU seconds and fills in their order."""
FIRST = cross_project.WARM - 1
STOP, REWARD = float(plain_cross.STOP_PCT) / 100, plain_cross.REWARD


def plain(bars: plain_cross.Bars, *, turns: bool) -> tuple[float, list[Fill]]:
    """Run the plain loop over Decimals."""
    began = time.process_time()
    trades, held, _ = plain_cross.run(bars, FIRST, Decimal(cross_project.CAPITAL), turns=turns)
    took = time.process_time() - began
    found: list[Fill] = []
    for one in [*trades, *([held] if held else [])]:
        side = 1 if one.size > 0 else -1
        found.append((_bar(bars, one.entered), side, float(one.entry)))
        if one.left:
            found.append((_bar(bars, one.left), -side, float(one.exit)))
    return took, found


def floats(bars: plain_cross.Bars) -> tuple[float, list[Fill]]:
    """Run the plain loop over floats, on lists."""
    began = time.process_time()
    sides, entries = plain_cross.signals(bars)
    columns = (bars.open, bars.high, bars.low, bars.close)
    rows = _loop(*columns, sides, entries, FIRST, STOP, REWARD)
    took = time.process_time() - began
    return took, [(int(row[0]), int(row[1]), float(row[2])) for row in rows]


def small(bars: plain_cross.Bars) -> tuple[float, list[Fill]]:
    """Run the small engine."""

    def make() -> tuple[small_engine.Broker, small_engine.Cross]:
        fee, rate = float(plain_cross.FEE_BPS) / 10_000, float(plain_cross.RATE)
        broker = small_engine.Broker(cash=cross_project.CAPITAL, fee=fee, rate=rate)
        pct = float(plain_cross.SIZE_PCT) / 100
        return broker, small_engine.Cross(
            broker, fresh=plain_cross.FRESH, stop=STOP, reward=REWARD, pct=pct
        )

    columns = (bars.time, bars.open, bars.high, bars.low, bars.close)
    began = time.process_time()
    fills = small_engine.run(columns, FIRST, make)
    took = time.process_time() - began
    return took, [(one.bar, 1 if one.size > 0 else -1, one.price) for one in fills]


def nof0(bars: plain_cross.Bars, file: Path) -> tuple[float, list[Fill]]:
    """Run the whole engine, with jumps and without the check for look-ahead."""
    from backtest import Silent

    from nof0_core.backtest.one_run import Stop, live
    from nof0_core.backtest.running import plan
    from nof0_core.backtest.stage import Source
    from nof0_core.project import load_config, open_journal

    start = cross_project.START
    end = start + timedelta(minutes=len(bars.time) - cross_project.WARM)
    with tempfile.TemporaryDirectory() as data:
        config = load_config(file, data_dir=Path(data))
        planned = plan(config, start=start, end=end, source=Source())
        began = [0.0]

        def progress(_: object) -> None:
            began[0] = began[0] or time.process_time()

        work = partial(live, planned.staged, planned.window, log=lambda _: Silent(), stop=Stop())
        anyio.run(partial(work, progress=progress))
        took = time.process_time() - began[0]
        fills = [
            record.event().body.fill
            for record in open_journal(planned.folder / "run").records()
            if record.type == "filled"
        ]
    return took, [(_bar(bars, to_ms(f.time)), f.side.sign, float(f.price)) for f in fills]


def _loop(opens, highs, lows, closes, sides, entries, first, stop, reward):
    """Trade on columns; returns fills in rows of bar, side and price."""
    out = np.zeros((len(closes) * 2, 3))
    count, held, level, target = 0, 0, 0.0, 0.0
    for at in range(first, len(closes)):
        price = 0.0
        if held > 0 and lows[at] <= level:
            price = min(level, opens[at])
        elif held < 0 and highs[at] >= level:
            price = max(level, opens[at])
        elif held > 0 and highs[at] >= target:
            price = max(target, opens[at])
        elif held < 0 and lows[at] <= target:
            price = min(target, opens[at])
        if price:
            out[count, 0], out[count, 1], out[count, 2] = at, -held, price
            count, held = count + 1, 0
        if held:
            if (sides[at] > 0) != (held > 0):
                out[count, 0], out[count, 1], out[count, 2] = at, -held, closes[at]
                count, held = count + 1, 0
        elif entries[at]:
            held, now = entries[at], closes[at]
            level = round(now - held * now * stop)
            target = round(now + held * now * stop * reward)
            out[count, 0], out[count, 1], out[count, 2] = at, held, now
            count += 1
    return out[:count]


def _signals(closes):
    """Return for each bar which side the averages are on, and which may be entered."""
    count = len(closes)
    sides, entries = np.zeros(count, np.int64), np.zeros(count, np.int64)
    fast, slow = closes[:20].mean(), closes[:50].mean()
    gaps = np.full(count, np.nan)
    up, down = 0.0, 0.0
    for at in range(1, count):
        move = closes[at] - closes[at - 1]
        if at <= 14:
            up, down = up + max(move, 0.0) / 14, down + max(-move, 0.0) / 14
        else:
            up = (up * 13 + max(move, 0.0)) / 14
            down = (down * 13 + max(-move, 0.0)) / 14
        if at >= 20:
            fast += (closes[at] - fast) * 2 / 21
        if at >= 50:
            slow += (closes[at] - slow) * 2 / 51
        if at < 49:
            continue
        gap = gaps[at] = fast - slow
        side = (gap > 0) - (gap < 0)
        rsi = 100 * up / (up + down) if up + down else 0.0
        is_fresh = gaps[at - 1] * gap <= 0 or gaps[at - 2] * gap <= 0
        agrees = 50 < rsi < 70 if side > 0 else 30 < rsi < 50
        sides[at] = side
        if is_fresh and agrees:
            entries[at] = side
    return sides, entries


def numba(bars: plain_cross.Bars) -> Run:
    """Compile a loop over floats, and return what runs it."""
    from numba import njit

    loop, signals = njit(_loop), njit(_signals)
    columns = [np.array(getattr(bars, n), float) for n in ("open", "high", "low", "close")]

    def run() -> tuple[float, list[Fill]]:
        began = time.process_time()
        out = loop(*columns, *signals(columns[3]), FIRST, STOP, REWARD)
        took = time.process_time() - began
        return took, [(int(bar), int(side), price) for bar, side, price in out.tolist()]

    run()
    return run


def backtesting(bars: plain_cross.Bars) -> Run:
    """Return what runs the rules as a strategy of backtesting.py, filled at closes."""
    import pandas as pd
    from backtesting import Backtest, Strategy

    frame = pd.DataFrame(
        {n.title(): getattr(bars, n) for n in ("open", "high", "low", "close")}, dtype=float
    )
    given: list[list[int]] = [[], []]

    class Cross(Strategy):
        def init(self) -> None:
            given[:] = plain_cross.signals(bars)

        def next(self) -> None:
            at = len(self.data) - 1
            if at < FIRST:
                return
            side, entry = given[0][at], given[1][at]
            if self.position:
                if (side > 0) != self.position.is_long:
                    self.position.close()
            elif entry:
                now = self.data.Close[-1]
                level, target = (round(now * (1 + entry * by)) for by in (-STOP, STOP * REWARD))
                (self.buy if entry > 0 else self.sell)(size=0.3, sl=level, tp=target)

    def run() -> tuple[float, list[Fill]]:
        made = Backtest(
            frame,
            Cross,
            cash=100 * cross_project.CAPITAL,
            commission=float(plain_cross.FEE_BPS) / 10_000,
            margin=0.05,
            trade_on_close=True,
        )
        began = time.process_time()
        trades = made.run()._trades
        took = time.process_time() - began
        found: list[Fill] = []
        for one in trades.itertuples():
            side = 1 if one.Size > 0 else -1
            found += [
                (one.EntryBar, side, one.EntryPrice),
                (one.ExitBar, -side, one.ExitPrice),
            ]
        return took, found

    return run


def vectorbt(bars: plain_cross.Bars) -> Run:
    """Return what runs the rules as signals of vectorbt."""
    import pandas as pd
    import vectorbt as vbt

    columns = {n: pd.Series(getattr(bars, n), dtype=float) for n in ("open", "high", "low")}
    close = pd.Series(bars.close, dtype=float)

    def run() -> tuple[float, list[Fill]]:
        began = time.process_time()
        sides, entries = (np.array(each) for each in plain_cross.signals(bars))
        entries[:FIRST] = 0
        made = vbt.Portfolio.from_signals(
            close,
            entries=entries > 0,
            exits=sides <= 0,
            short_entries=entries < 0,
            short_exits=sides > 0,
            **columns,
            sl_stop=STOP,
            tp_stop=STOP * REWARD,
            upon_opposite_entry="ignore",
            fees=float(plain_cross.FEE_BPS) / 10_000,
            size=0.3,
            size_type="percent",
            init_cash=cross_project.CAPITAL,
        )
        records = made.orders.records
        took = time.process_time() - began
        rows = zip(records["idx"], records["side"], records["price"], strict=True)
        return took, [(int(bar), 1 if side == 0 else -1, price) for bar, side, price in rows]

    run()
    return run


def raptorbt(bars: plain_cross.Bars) -> Run:
    """Return what runs the rules as a strategy of raptorbt, a call of Python for each bar."""
    import raptorbt as rbt

    columns = [np.array(getattr(bars, n), float) for n in ("open", "high", "low", "close")]
    times = np.array(bars.time, np.int64) * 1_000_000
    volume = np.full(len(times), 1000.0)

    class Cross(rbt.Strategy):
        def __init__(self, sides, entries):
            super().__init__()
            self.sides, self.entries = sides, entries

        def on_bar(self, ctx):
            at = ctx.idx
            if at < FIRST:
                return
            if not ctx.is_flat:
                if (self.sides[at] > 0) != ctx.is_net_long:
                    self.close_position()
            elif side := self.entries[at]:
                now = bars.close[at]
                stop = round(now - side * now * STOP)
                target = round(now + side * now * STOP * REWARD)
                enter = self.enter_long if side > 0 else self.enter_short
                enter(size_frac=0.3, stop_price=float(stop), target_price=float(target))

    config = rbt.BacktestConfig(
        initial_capital=float(cross_project.CAPITAL),
        fees=float(plain_cross.FEE_BPS) / 10_000,
        fill_timing="same_bar_close",
    )

    def run() -> tuple[float, list[Fill]]:
        began = time.process_time()
        strategy = Cross(*plain_cross.signals(bars))
        made = rbt.run_strategy_backtest(strategy, times, *columns, volume, config=config)
        trades = made.trades()
        took = time.process_time() - began
        found: list[Fill] = []
        for one in sorted(trades, key=lambda each: each.entry_idx):
            side = one.direction
            found += [
                (one.entry_idx, side, one.entry_price),
                (one.exit_idx, -side, one.exit_price),
            ]
        return took, found

    return run


def _bar(bars: plain_cross.Bars, closed_ms: int) -> int:
    return (closed_ms - bars.time[0]) // 60_000 - 1


def difference(fills: list[Fill], wanted: list[Fill]) -> str:
    """Say where fills are not those of the plain loop, "" if they are."""
    # What is held at the end some engines close and others do not.
    for number, (one, other) in enumerate(zip(fills, wanted, strict=False)):
        if one[:2] != other[:2] or abs(one[2] - other[2]) > 1:
            return f"fill {number} is {one}, not {other}"
    by = len(fills) - len(wanted)
    return "" if abs(by) <= 1 else f"{len(fills)} fills, not {len(wanted)}"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", type=float, default=12.0, help="how wild prices are")
    parser.add_argument("--turn", action="store_true", help="turn round in one bar")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    begin = to_ms(cross_project.START) - cross_project.WARM * 60_000
    count = cross_project.WARM + asked.bars
    bars = plain_cross.made_up(count, seed=1, start=begin, step=asked.step)
    with tempfile.TemporaryDirectory() as folder:
        # The engine reads one bar more than it decides on.
        more = plain_cross.made_up(count + 120, seed=1, start=begin, step=asked.step)
        file = cross_project.project(Path(folder), more, turns=asked.turn)
        engines: dict[str, Run] = {
            "plain loop": lambda: plain(bars, turns=asked.turn),
            "nof0": lambda: nof0(bars, file),
        }
        if not asked.turn:
            engines |= {"floats": lambda: floats(bars), "small engine": lambda: small(bars)}
        others = (
            ("numba", numba),
            ("backtesting", backtesting),
            ("vectorbt", vectorbt),
            ("raptorbt", raptorbt),
        )
        for name, make in () if asked.turn else others:
            try:
                importlib.import_module(name)
            except ImportError:
                print(f"{name}: not installed")
                continue
            engines[name] = make(bars)
        runs: dict[str, list[tuple[float, list[Fill]]]] = {name: [] for name in engines}
        for _ in range(asked.rounds):
            for name, run in engines.items():
                runs[name].append(run())
    wanted = runs["plain loop"][0][1]
    bases = [
        statistics.median(took for took, _ in runs[name])
        for name in ("plain loop", "small engine")
        if name in runs
    ]
    print(f"{asked.bars:,} bars, {len(wanted)} fills")
    for name, done in runs.items():
        problem = difference(done[0][1], wanted)
        took = statistics.median(seconds for seconds, _ in done)
        shares = "   ".join(
            f"{base / max(took, 1e-9):8.3f} x {word}"
            for base, word in zip(bases, ("plain", "small engine"), strict=False)
        )
        rate = f"{asked.bars / max(took, 1e-9):14,.0f} bars/s   {shares}"
        print(f"{name:12} {f'no figure: {problem}' if problem else rate}")


if __name__ == "__main__":
    main()
