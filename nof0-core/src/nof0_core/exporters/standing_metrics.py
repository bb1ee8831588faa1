"""Metrics of what stands now: orders, exits, differences, budgets, the age of prices, lag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nof0_core.domain.measured import StageTimes
from nof0_core.domain.position import Holding, ProtectionMode
from nof0_core.domain.view import View
from nof0_core.exporters.event_counts import EventCounts
from nof0_core.exporters.histogram import buckets_of

if TYPE_CHECKING:
    from prometheus_client.core import Metric

MISSING = "missing"
"""Stands for nobody watching the exits of a position that wants a stop."""


def standing(view: View, counts: EventCounts) -> Iterator[Metric]:
    """Give all metrics of what stands now."""
    yield from _orders(view, counts)
    yield from _drift(counts)
    yield from _budgets(counts)
    yield _exits(view, counts)
    yield _age(view)
    yield _lag(view)
    yield from _stages(view.stages)


def _orders(view: View, counts: EventCounts) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    orders = GaugeMetricFamily(
        "nof0_orders", "Orders by where they stand now", labels=["trader", "status"]
    )
    for (trader, status), count in sorted(counts.orders.counts().items()):
        orders.add_metric([trader, status], count)
    yield orders
    number = GaugeMetricFamily(
        "nof0_unknown_outcomes",
        "Orders that nobody has an answer to",
        labels=["venue_account"],
    )
    age = GaugeMetricFamily(
        "nof0_unknown_outcome_age_seconds",
        "For how long the oldest of them has had none",
        labels=["venue_account"],
    )
    found = counts.orders.unknown()
    for account in sorted({one.venue_account for one in view.traders} | set(found)):
        count, since = found.get(account, (0, 0.0))
        number.add_metric([account], count)
        age.add_metric([account], max(0.0, view.time.timestamp() - since) if count else 0.0)
    yield number
    yield age


def _drift(counts: EventCounts) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    number = GaugeMetricFamily(
        "nof0_drifts",
        "On how many amounts ledger and venue account differ",
        labels=["venue_account"],
    )
    amount = GaugeMetricFamily(
        "nof0_drift",
        "Ledger less venue account: coins of a position, USD of cash",
        labels=["venue_account", "what", "symbol"],
    )
    for account, drift in sorted(counts.standing.drift.items()):
        number.add_metric([account], len(drift))
        for one in drift:
            amount.add_metric([account, one.what, one.symbol], float(one.amount))
    yield number
    yield amount


def _budgets(counts: EventCounts) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    usd = GaugeMetricFamily(
        "nof0_budget_left_usd", "What a trader may still spend on models today", labels=["trader"]
    )
    tokens = GaugeMetricFamily(
        "nof0_budget_left_tokens", "Tokens its models may still take today", labels=["trader"]
    )
    for trader, left in sorted(counts.standing.budgets.items()):
        if left.usd is not None:
            usd.add_metric([trader], float(left.usd))
        if left.tokens is not None:
            tokens.add_metric([trader], left.tokens)
    yield usd
    yield tokens


def _exits(view: View, counts: EventCounts) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    age = GaugeMetricFamily(
        "nof0_protection_age_seconds",
        "For how long the exits of an open position are watched by whom",
        labels=["trader", "symbol", "protection"],
    )
    now = view.time.timestamp()
    for trader in view.traders:
        for held in trader.account.holdings:
            since = held.opened_at.timestamp()
            known = counts.standing.exits.get((trader.trader, held.symbol))
            if known is not None and known.protection == held.protection:
                since = max(since, known.since)
            labels = [trader.trader, held.symbol, _protection(held)]
            age.add_metric(labels, max(0.0, now - since))
    return age


def _protection(held: Holding) -> str:
    is_missing = held.protection is ProtectionMode.NONE and held.exit_plan.stop_loss is not None
    return MISSING if is_missing else held.protection.value


def _age(view: View) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    age = GaugeMetricFamily(
        "nof0_quote_age_seconds", "How old the newest prices of a coin are", labels=["symbol"]
    )
    for symbol, quote in sorted(view.quotes.items()):
        age.add_metric([symbol], max(0.0, (view.time - quote.time).total_seconds()))
    return age


def _lag(view: View) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    lag = GaugeMetricFamily(
        "nof0_exporter_lag_events", "Events an exporter is behind", labels=["exporter"]
    )
    for one in view.exporters:
        lag.add_metric([one.exporter], one.behind)
    return lag


def _stages(stages: tuple[StageTimes, ...]) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    times = HistogramMetricFamily(
        "nof0_stage_seconds",
        "Stages of decision cycles by the real time they took",
        labels=["stage"],
    )
    failures = CounterMetricFamily(
        "nof0_stage_failures", "Stages of decision cycles that raised", labels=["stage"]
    )
    for one in stages:
        times.add_metric([one.stage], buckets_of(one.bounds, one.counts), one.seconds)
        failures.add_metric([one.stage], one.failed)
    yield times
    yield failures
