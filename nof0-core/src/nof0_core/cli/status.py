"""The table a run shows while it works, and the line it prints where there is no terminal."""

from __future__ import annotations

from decimal import Decimal

from rich.table import Table
from rich.text import Text

from nof0_core.domain.view import TraderView, View


def status_table(view: View, title: str) -> Table:
    """Draw all traders: equity, return, positions, trades, what each does next."""
    table = Table(title=title, title_justify="left", expand=False)
    table.add_column("trader", no_wrap=True)
    table.add_column("model", no_wrap=True)
    for name in ("equity", "return", "fees", "trades", "win", "margin"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("positions")
    table.add_column("status", no_wrap=True)
    for trader in view.traders:
        account, performance = trader.account, trader.performance
        table.add_row(
            trader.trader,
            trader.model,
            f"{account.equity:,.2f}",
            coloured(account.return_pct),
            f"{account.fees:,.2f}",
            str(performance.trades),
            f"{performance.win_rate:.0f} %",
            f"{account.margin_used_pct:.0f} %",
            positions(trader),
            trader.status,
        )
    return table


def coloured(percent: Decimal) -> Text:
    """Write a return in percent, green when positive and red when negative."""
    style = "green" if percent > 0 else "red" if percent < 0 else ""
    return Text(f"{percent:+.2f} %", style=style)


def positions(trader: TraderView) -> str:
    """Name what a trader holds: `BTC +0.4 %, SOL short -1.2 %` (profit in percent of notional)."""
    words = []
    for holding in trader.account.holdings:
        cost = abs(holding.quantity) * holding.entry_price
        gain = 100 * holding.unrealized_pnl / cost if cost else Decimal(0)
        side = "" if holding.is_long else " short"
        words.append(f"{holding.symbol}{side} {gain:+.1f} %")
    return ", ".join(words) or "-"


def status_line(view: View, cycles: int) -> str:
    """Sum up a run in one line."""
    equity = sum(t.account.equity for t in view.traders)
    trades = sum(t.performance.trades for t in view.traders)
    time = f"{view.time:%Y-%m-%d %H:%M} UTC"
    return f"{time}  cycles {cycles}  trades {trades}  equity {equity:,.2f} USD"
