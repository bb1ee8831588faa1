"""The table a run shows while it works, and the line it prints where there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from nof0_core.analysis.ranking import Standing, ranking
from nof0_core.cli.event_strip import listed
from nof0_core.cli.narrow import Column, fitted
from nof0_core.domain.brakes import Brake
from nof0_core.domain.health import Health, ServiceHealth
from nof0_core.domain.view import TraderView, View
from nof0_core.manager.trader import TraderStatus

_WIDE = 200


def status_table(view: View, title: str, *, width: int = _WIDE, most: int | None = None) -> Table:
    """Draw traders as the leaderboard ranks them: money, answers, positions, what each does.

    On a narrow terminal columns are left out. Of more than `most` traders those whom something
    keeps from trading are drawn, at most half of the lines, and the best.
    """
    standings = ranking(view)
    chosen = standings if most is None else _chosen(standings, most)
    ranked = [standing for standing in standings if standing.is_ranked]
    parted = sum(standing.is_ranked for standing in chosen)
    return fitted(_columns(ranked, view), chosen, width=width, title=title, parted_at=parted)


def _chosen(standings: Sequence[Standing], most: int) -> list[Standing]:
    if len(standings) <= most:
        return list(standings)
    kept = {id(one) for one in [s for s in standings if is_hindered(s.trader)][: most // 2]}
    for one in standings:
        if len(kept) >= most:
            break
        kept.add(id(one))
    return [one for one in standings if id(one) in kept]


def _columns(ranked: Sequence[Standing], view: View) -> list[Column[Standing]]:
    places = {one.trader.trader: str(place) for place, one in enumerate(ranked, start=1)}
    has_ids = any(one.name not in ("", one.trader) for one in view.traders)
    found: list[Column[Standing]] = [
        Column(name="#", cell=lambda one: Text(places.get(one.trader.trader, "–"))),
        Column(name="trader", cell=lambda one: Text(name_of(one.trader)), is_words=True, least=24),
        Column(name="id", cell=lambda one: Text(one.trader.trader), is_words=True, leaves=3),
        Column(
            name="model",
            cell=lambda one: Text(one.trader.model),
            is_words=True,
            least=24,
            leaves=2,
        ),
        Column(
            name="equity", cell=lambda one: Text(f"{one.trader.account.equity:,.2f}"), leaves=10
        ),
        Column(name="return", cell=lambda one: coloured(one.trader.account.return_pct)),
        Column(name="fees", cell=lambda one: Text(f"{one.trader.account.fees:,.2f}"), leaves=4),
        Column(name="trades", cell=lambda one: Text(str(one.trader.performance.trades)), leaves=7),
        Column(name="win", cell=lambda one: Text(_won(one.trader)), leaves=6),
        Column(
            name="margin",
            cell=lambda one: Text(f"{one.trader.account.margin_used_pct:.0f} %"),
            leaves=5,
        ),
        Column(
            name="positions",
            cell=lambda one: Text(positions(one.trader)),
            is_listed=True,
            least=24,
            leaves=8,
        ),
        Column(
            name="usable",
            cell=lambda one: Text(f"{one.trader.answers.usable}/{one.trader.answers.asked}"),
            leaves=11,
        ),
        Column(name="status", cell=lambda one: doing(one.trader), is_words=True, least=9),
        Column(
            name="not ranked",
            cell=lambda one: Text(one.unranked_reason or ""),
            is_words=True,
            least=48,
            leaves=1,
        ),
    ]
    return [one for one in found if has_ids or one.name != "id"]


def name_of(trader: TraderView) -> str:
    """Return what people call a trader."""
    return trader.name or trader.trader


def _won(trader: TraderView) -> str:
    performance = trader.performance
    return f"{performance.win_rate:.0f} %" if performance.trades else "–"


def is_hindered(trader: TraderView) -> bool:
    """Tell whether something keeps a trader from trading as it would."""
    return bool(_why(trader)) or trader.status != TraderStatus.RUNNING


def doing(trader: TraderView) -> Text:
    """Write in a word what a trader does; red when it fails, yellow when something hinders it."""
    if trader.status == TraderStatus.FAILING:
        return Text("failing", style="bold red")
    if trader.status == TraderStatus.DISK_FULL:
        return Text("disk full", style="bold red")
    if trader.status == TraderStatus.PAUSED:
        return Text("paused", style="yellow")
    brakes = {one.brake for one in trader.brakes}
    if Brake.HALT in brakes:
        return Text("halted", style="bold yellow")
    if brakes:
        return Text("braked", style="yellow")
    if trader.waits_for:
        return Text("waiting", style="yellow")
    return Text(str(trader.status), style="yellow" if trader.trouble else "")


def _why(trader: TraderView) -> str:
    """Say what keeps a trader from trading as it would, empty where nothing does."""
    said = [trader.trouble] if trader.trouble else []
    for one in trader.brakes:
        what = f"{one.brake}: {one.message}" if one.message else str(one.brake)
        said.append(f"{what}, {one.end}")
    if trader.waits_for:
        said.append(f"waits for {trader.waits_for}")
    if trader.pause_until is not None:
        said.append(f"slows down until {trader.pause_until:%H:%M}")
    return "; ".join(said)


def reasons(view: View, *, most: int) -> list[tuple[str, str]]:
    """Return whom something hinders with the reason, those of one reason together."""
    found: dict[str, list[str]] = {}
    for trader in view.traders:
        if why := _why(trader):
            found.setdefault(why, []).append(name_of(trader))
    rows = [(listed(names, 3), why) for why, names in found.items()]
    return [*rows[:most], (f"and {len(rows) - most} more", "")] if len(rows) > most else rows


def coloured(percent: Decimal) -> Text:
    """Write a return in percent, green when positive and red when negative."""
    style = "green" if percent > 0 else "red" if percent < 0 else ""
    return Text(f"{percent:+.2f} %", style=style)


def positions(trader: TraderView) -> str:
    """Name what a trader holds: `BTC +0.4%, SOL short -1.2%` (profit in percent of notional)."""
    words = []
    for holding in trader.account.holdings:
        cost = abs(holding.quantity) * holding.entry_price
        gain = 100 * holding.unrealized_pnl / cost if cost else Decimal(0)
        side = "" if holding.is_long else " short"
        words.append(f"{holding.symbol}{side} {gain:+.1f}%")
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


def status_line(view: View, cycles: int, progress: str = "") -> str:
    """Sum up a run in one line, with the services that are not well; `progress` tells its end."""
    equity = sum(t.account.equity for t in view.traders)
    trades = sum(t.performance.trades for t in view.traders)
    time = f"{view.time:%Y-%m-%d %H:%M} UTC"
    head = f"{time}  {progress}" if progress else time
    line = f"{head}  cycles {cycles}  trades {trades}  equity {equity:,.2f} USD"
    bad = ailing(view.services)
    return f"{line}  {bad}" if bad else line
