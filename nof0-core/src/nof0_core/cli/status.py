"""The table a run shows while it works, and the line it prints where there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from nof0_core.analysis.ranking import Standing, ranking
from nof0_core.cli.narrow import Column, fitted
from nof0_core.domain.health import Health, ServiceHealth
from nof0_core.domain.view import TraderView, View
from nof0_core.manager.trader import TraderStatus

_WIDE = 200


def status_table(view: View, title: str, *, width: int = _WIDE) -> Table:
    """Draw all traders as the leaderboard ranks them: money, answers, positions, what each does.

    On a narrow terminal columns are left out.
    """
    standings = ranking(view)
    ranked = [standing for standing in standings if standing.is_ranked]
    return fitted(_columns(ranked), standings, width=width, title=title, parted_at=len(ranked))


def _columns(ranked: Sequence[Standing]) -> list[Column[Standing]]:
    places = {one.trader.trader: str(place) for place, one in enumerate(ranked, start=1)}
    return [
        Column(name="#", cell=lambda one: Text(places.get(one.trader.trader, "–"))),
        Column(name="trader", cell=lambda one: Text(one.trader.trader), is_words=True, least=24),
        Column(
            name="model",
            cell=lambda one: Text(one.trader.model),
            is_words=True,
            least=24,
            leaves=1,
        ),
        Column(name="equity", cell=lambda one: Text(f"{one.trader.account.equity:,.2f}"), leaves=8),
        Column(name="return", cell=lambda one: coloured(one.trader.account.return_pct)),
        Column(name="fees", cell=lambda one: Text(f"{one.trader.account.fees:,.2f}"), leaves=2),
        Column(name="trades", cell=lambda one: Text(str(one.trader.performance.trades)), leaves=5),
        Column(
            name="win", cell=lambda one: Text(f"{one.trader.performance.win_rate:.0f} %"), leaves=4
        ),
        Column(
            name="margin",
            cell=lambda one: Text(f"{one.trader.account.margin_used_pct:.0f} %"),
            leaves=3,
        ),
        Column(
            name="positions", cell=lambda one: Text(positions(one.trader)), is_words=True, leaves=6
        ),
        Column(
            name="usable",
            cell=lambda one: Text(f"{one.trader.answers.usable}/{one.trader.answers.asked}"),
        ),
        Column(name="status", cell=lambda one: doing(one.trader), is_words=True),
        Column(
            name="not ranked",
            cell=lambda one: Text(one.unranked_reason or ""),
            is_words=True,
            leaves=7,
        ),
    ]


def doing(trader: TraderView) -> Text:
    """Write what a trader does, and why its newest cycle decided nothing, red when it fails."""
    is_failing = trader.status == TraderStatus.FAILING
    words = f"{trader.status}, {trader.trouble}" if trader.trouble else trader.status
    return Text(words, style="red" if is_failing else "yellow" if trader.trouble else "")


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


def ailing(services: Sequence[ServiceHealth]) -> str:
    """Name the services that are not well, and why, worst first; "" where all are."""
    order = [Health.DOWN, Health.DEGRADED]
    bad = [one for one in services if one.health in order]
    bad.sort(key=lambda one: order.index(one.health))
    return "; ".join(
        f"{one.family} {one.section} is {one.health}"
        + (f": {one.sentence}" if one.sentence else "")
        for one in bad
    )


def status_line(view: View, cycles: int) -> str:
    """Sum up a run in one line, with the services that are not well."""
    equity = sum(t.account.equity for t in view.traders)
    trades = sum(t.performance.trades for t in view.traders)
    time = f"{view.time:%Y-%m-%d %H:%M} UTC"
    line = f"{time}  cycles {cycles}  trades {trades}  equity {equity:,.2f} USD"
    bad = ailing(view.services)
    return f"{line}  {bad}" if bad else line
