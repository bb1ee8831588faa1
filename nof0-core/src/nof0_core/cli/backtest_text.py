"""The result of a backtest on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from nof0_core.backtest.figures import trader_row
from nof0_core.backtest.result import BacktestResult, TraderResult

_NARROW = 110


def render(result: BacktestResult, *, width: int) -> Iterator[Table]:
    """Yield the tables: traders, then their trades by coin, side and reason of exit."""
    table = Table(title=f"Backtest, {result.window}", title_justify="left")
    is_wide = width >= _NARROW
    table.add_column("trader", no_wrap=True)
    names = ["return %", "95 %", "Sharpe", "drawdown %", "trades", "won %", "fees", "funding"]
    for name in [*names, "in market %", "equity"] if is_wide else [names[0], *names[2:5]]:
        table.add_column(name, justify="right", no_wrap=True)
    for one in result.traders:
        figures = one.figures
        low_high = figures.return_pct_ci
        cells = [
            f"{figures.return_pct:+.2f}",
            "" if low_high is None else f"{low_high[0]:+.1f} … {low_high[1]:+.1f}",
            f"{figures.sharpe:.2f}",
            f"{one.max_drawdown_pct:.2f}",
            str(figures.num_trades),
            f"{figures.win_rate:.0f}" if figures.num_trades else "",
            f"{one.account.fees:.2f}",
            f"{one.account.funding:+.2f}",
            f"{one.exposure_pct:.1f}",
            f"{one.account.equity:.2f}",
        ]
        name = f"{one.name} *" if one.is_baseline else one.name
        table.add_row(name, *(cells if is_wide else [cells[0], *cells[2:5]]))
    for coin in result.coins:
        cells = [f"{coin.return_pct:+.2f}"] + [""] * (9 if is_wide else 3)
        table.add_row(f"hold {coin.symbol}", *cells, style="dim")
    yield table
    if any(one.trades for one in result.traders):
        yield _parts(result.traders)


def _parts(traders: tuple[TraderResult, ...]) -> Table:
    table = Table(title="Closed trades", title_justify="left")
    table.add_column("trader", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in ("trades", "won %", "net USD", "profit factor"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in traders:
        row, name = trader_row(one), one.name
        for group in ("by_coin", "by_side", "by_exit_reason"):
            for label, part in row[group].items():
                factor = part["profit_factor"]
                table.add_row(
                    name,
                    label,
                    str(part["count"]),
                    f"{part['win_rate_pct']:.0f}",
                    f"{float(part['net_pnl']):+.2f}",
                    "" if factor is None else f"{factor:.2f}",
                )
                name = ""
    return table


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
        yield (
            f"look-ahead: none found, {checked.cycles} cycles compared at "
            f"{len(checked.moments)} moments"
        )
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
