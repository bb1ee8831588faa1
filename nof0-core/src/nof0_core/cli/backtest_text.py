"""The result of a backtest on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs
from rich.table import Table
from rich.text import Text

from nof0_core.backtest.assumptions import checked_in_words
from nof0_core.backtest.figures import trader_row
from nof0_core.backtest.result import BacktestResult, TraderResult, shown_sharpe
from nof0_core.cli.narrow import Column, fitted


def render(result: BacktestResult, *, width: int) -> Iterator[Table]:
    """Yield the tables: traders, then their trades by coin, side and reason of exit.

    In `width` letters whole columns are left out, and no number is cut.
    """
    lines = [_line(one) for one in result.traders]
    lines += [
        _Line(f"hold {one.symbol}", (f"{one.return_pct:+.2f}",), "dim") for one in result.coins
    ]
    title = f"Backtest, {result.window}"
    yield fitted(_columns(HEADS, lines), lines, width=width, title=title)
    if any(one.trades for one in result.traders):
        parts = list(_parts(result))
        yield fitted(_columns(PARTS, parts), parts, width=width, title="Closed trades")


HEADS = {
    "return %": 0,
    "[95 %]": 7,
    "daily Sharpe": 9,
    "drawdown %": 10,
    "trades": 8,
    "won %": 5,
    "fees": 3,
    "funding": 1,
    "in market %": 2,
    "moved": 4,
    "equity": 6,
}
"""Columns beside the name, with when they go where it is narrow, 1 first; 0 stays."""
PARTS = {"": 0, "trades": 2, "won %": 1, "net USD": 0, "profit factor": 3}


@attrs.frozen
class _Line:
    """One line of a table: who, the cells beside it as far as there are any, how it looks."""

    name: str
    cells: tuple[str, ...]
    style: str = ""

    def cell(self, at: int) -> Text:
        return Text(self.cells[at] if at < len(self.cells) else "", style=self.style)


def _columns(heads: Mapping[str, int], lines: Sequence[_Line]) -> list[Column[_Line]]:
    """Return the columns that have something to show."""

    def column(at: int, head: str, leaves: int) -> Column[_Line]:
        return Column(
            name=head, cell=lambda line: line.cell(at), leaves=leaves, is_words=not head, least=11
        )

    def who(line: _Line) -> Text:
        return Text(line.name, style=line.style)

    named = [
        column(at, *each)
        for at, each in enumerate(heads.items())
        if any(line.cell(at).plain for line in lines)
    ]
    return [Column(name="trader", cell=who, is_words=True, least=20), *named]


def _line(one: TraderResult) -> _Line:
    figures = one.figures
    low_high = figures.return_pct_ci
    moved = one.account.deposited - one.capital
    cells = (
        f"{figures.return_pct:+.2f}",
        "" if low_high is None else f"[{low_high[0]:+.1f} … {low_high[1]:+.1f}]",
        shown_sharpe(figures),
        f"{one.max_drawdown_pct:.2f}",
        str(figures.num_trades),
        f"{figures.win_rate:.0f}" if figures.num_trades else "",
        f"{one.account.fees:.2f}",
        f"{one.account.funding:+.2f}",
        f"{one.exposure_pct:.1f}",
        f"{moved:+.2f}" if moved else "",
        f"{one.account.equity:.2f}",
    )
    return _Line(f"{one.name} *" if one.is_baseline else one.name, cells)


def _parts(result: BacktestResult) -> Iterator[_Line]:
    for one in result.traders:
        row, name = trader_row(one, result.window.start), one.name
        for group in ("by_coin", "by_side", "by_exit_reason"):
            for label, part in row[group].items():
                factor = part["profit_factor"]
                cells = (
                    label,
                    str(part["count"]),
                    f"{part['win_rate_pct']:.0f}",
                    f"{float(part['net_pnl']):+.2f}",
                    "" if factor is None else f"{factor:.2f}",
                )
                yield _Line(name, cells)
                name = ""


def tail(result: BacktestResult, trades: Path | None) -> Iterator[str]:
    """Yield the lines below the tables: what it rests on, and where everything is."""
    if any(one.is_baseline for one in result.traders):
        yield "* baseline"
    for one in result.assumptions:
        yield f"assumed: {one}"
    for one in result.flags:
        yield f"note: {one}"
    checked = result.look_ahead
    if checked is not None:
        yield checked_in_words(len(checked.moments), checked.cycles)
    if result.stepped:
        yield f"every moment was done: {result.stepped}"
    yield f"result   {result.digests['result']}"
    name = "report.json" if result.is_complete else "partial.json"
    if not result.is_complete:
        yield f"incomplete: {result.ended.splitlines()[0]}; not checked for look-ahead"
    yield f"report   {result.folder / name}"
    if result.is_complete:
        yield f"page     {result.folder / 'report.html'}"
    yield f"journal  {result.folder / 'run' / 'journal'}"
    if trades is not None:
        yield f"trades   {trades}"
