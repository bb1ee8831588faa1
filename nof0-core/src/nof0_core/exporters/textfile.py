"""The `prometheus` exporter: a text file for the node exporter's textfile collector.

The numbers are also what `/metrics` of the API shows. What was counted goes into the checkpoints;
without one the counters are rebuilt from the whole journal, or from where it is not archived.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import attrs
import msgspec

from nof0_core.config.fields import opt
from nof0_core.config.file_names import METRICS_FILE
from nof0_core.domain.event import Event
from nof0_core.domain.health import Health, ServiceHealth
from nof0_core.domain.measured import CallTimes, DutyTrouble, ExporterState, LoopBlocks
from nof0_core.domain.quarantined import Quarantined
from nof0_core.domain.view import TraderView, View
from nof0_core.exporters.event_counts import EventCounts
from nof0_core.exporters.files import prepare_directory, replace_file
from nof0_core.exporters.histogram import buckets_of
from nof0_core.exporters.standing_metrics import standing
from nof0_core.money import exactly
from nof0_core.plugins.env import Env
from nof0_core.protocols import ExporterCapability, Projection

if TYPE_CHECKING:
    from prometheus_client.core import Metric


@attrs.frozen(kw_only=True)
class PrometheusConfig:
    """Section of the `prometheus` exporter."""

    path: Path | None = opt(
        default=None, help=f"text file to write; empty: {METRICS_FILE} in the data directory"
    )


@asynccontextmanager
async def open_prometheus(config: PrometheusConfig, env: Env) -> AsyncIterator[PrometheusExporter]:
    """Open the exporter.

    Raises:
        ProviderError: the directory of the file cannot be made.
    """
    path = config.path or env.data_dir / METRICS_FILE
    prepare_directory(path.parent, section=env.section)
    yield PrometheusExporter(path, section=env.section, alert=env.alert)


class PrometheusExporter:
    """Counts events and writes gauges of all accounts; a collector of `prometheus_client`."""

    capabilities = frozenset({ExporterCapability.PROJECTIONS, ExporterCapability.GAP})

    def __init__(self, path: Path, *, section: str, alert: Callable[[str, str], None]) -> None:
        from prometheus_client import CollectorRegistry

        self._path = path
        self._section = section
        self._alert = alert
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        self._counts = EventCounts()
        self._turn = anyio.Lock()
        self._view: View | None = None

    def projections(self) -> tuple[Projection, ...]:
        """Return what it remembers of the past."""
        return (self._counts,)

    async def cursor(self) -> int:
        """Return the last event counted: 0 where nothing is remembered."""
        return self._counts.seq

    def begin_after(self, seq: int, kept: Mapping[str, tuple[int, bytes]]) -> None:
        """Count on behind a record, with what the first version of the counters knew."""
        version, data = kept.get(self._counts.name, (0, b""))
        what = "all counters begin anew"
        if version == 1:
            with suppress(msgspec.MsgspecError):
                self._counts.load_first(data)
                what = (
                    "cycles, tokens, cost, fills and alerts are kept from the version before, "
                    "other counters begin anew"
                )
        self._counts.seq = max(self._counts.seq, seq)
        self._alert("counters_begin_anew", f"records up to {seq} are archived: {what}")

    async def export(self, events: Sequence[Event], view: View) -> None:
        """Count events and rewrite the file.

        Raises:
            TransientError: the file could not be written.
        """
        # The thread reads what events change, so rounds must not overlap.
        async with self._turn:
            for event in events:
                if event.seq > self._counts.seq:
                    self._counts.apply(event)
            self._view = view
            await anyio.to_thread.run_sync(self._write)

    def describe(self) -> list[Metric]:
        """Tell the registry nothing beforehand; it must not collect while nothing is known."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the metrics of this moment to the registry."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        view = self._view
        if view is None:
            return
        for name, text, value in _GAUGES:
            gauge = GaugeMetricFamily(name, text, labels=["trader", "model"])
            for trader in view.traders:
                gauge.add_metric([trader.trader, trader.model], float(value(trader)))
            yield gauge
        cycles = CounterMetricFamily(
            "nof0_cycles", "Decision cycles by how they ended", labels=["trader", "status"]
        )
        for (name, status), count in sorted(self._counts.cycles.items()):
            cycles.add_metric([name, status], count)
        yield cycles
        counted: tuple[tuple[str, str, str, Mapping[str, Decimal | int]], ...] = (
            ("nof0_model_tokens", "Tokens models read and wrote", "trader", self._counts.tokens),
            ("nof0_model_cost_usd", "What models cost", "trader", self._counts.cost),
            ("nof0_fills", "Executions", "trader", self._counts.fills),
            ("nof0_alerts", "Alerts by code", "code", self._counts.alerts),
        )
        for metric, text, label, counts in counted:
            counter = CounterMetricFamily(metric, text, labels=[label])
            for word, amount in sorted(counts.items()):
                counter.add_metric([word], float(amount))
            yield counter
        models = CounterMetricFamily(
            "nof0_model_calls",
            "Calls to models by what came of them",
            labels=["trader", "model", "outcome"],
        )
        for (name, model, outcome), count in sorted(self._counts.calls.items()):
            models.add_metric([name, model, outcome], count)
        yield models
        yield from standing(view, self._counts)
        yield from _calls(view.calls)
        yield _duties(view.duties)
        yield _quarantine(view.quarantine)
        yield from _services(view.services)
        yield from _exporters(view.exporters)
        yield from _blocks(view.blocks)
        yield GaugeMetricFamily("nof0_journal_seq", "Newest event exported", value=self._counts.seq)
        yield GaugeMetricFamily(
            "nof0_engine_time_seconds", "Time of the newest export", value=view.time.timestamp()
        )

    @exactly
    def _write(self) -> None:
        from prometheus_client import generate_latest

        replace_file(self._path, generate_latest(self._registry), section=self._section)


def _calls(calls: Sequence[CallTimes]) -> Iterator[Metric]:
    """Give how long calls to providers took as histograms, and how many failed."""
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    labels = ["family", "section", "verb"]
    times = HistogramMetricFamily(
        "nof0_call_seconds", "Calls to providers by the real time they took", labels=labels
    )
    failures = CounterMetricFamily(
        "nof0_call_failures",
        "Calls that struck their time limit (limit) or ended in another error (error)",
        labels=[*labels, "reason"],
    )
    for one in calls:
        names = [one.family, one.section, one.verb]
        times.add_metric(names, buckets_of(one.bounds, one.counts), one.seconds)
        failures.add_metric([*names, "limit"], one.late)
        failures.add_metric([*names, "error"], one.failed)
    yield times
    yield failures


def _duties(duties: Sequence[DutyTrouble]) -> Metric:
    """Give how often which duty had which trouble."""
    from prometheus_client.core import CounterMetricFamily

    troubles = CounterMetricFamily(
        "nof0_duty_troubles",
        "Duties of the engine that failed, were left out or hang",
        labels=["duty", "trouble"],
    )
    for one in duties:
        troubles.add_metric([one.duty, one.trouble], one.count)
    return troubles


def _quarantine(entries: Sequence[Quarantined]) -> Metric:
    """Give 1 for what is in quarantine; the symbol is empty where that is the whole section."""
    from prometheus_client.core import GaugeMetricFamily

    gauge = GaugeMetricFamily(
        "nof0_quarantine",
        "Coins and sections in quarantine for a bad value",
        labels=["family", "section", "symbol", "verb"],
    )
    for entry in entries:
        gauge.add_metric([entry.family, entry.section, entry.symbol or "", entry.verb], 1)
    return gauge


def _services(services: Sequence[ServiceHealth]) -> Iterator[Metric]:
    """Give how each section says it is, and the numbers it tells."""
    from prometheus_client.core import GaugeMetricFamily

    gauge = GaugeMetricFamily(
        "nof0_service_health",
        "How a section says it is: 1 ok, 0.5 degraded, 0 down",
        labels=["family", "section"],
    )
    for one in services:
        gauge.add_metric([one.family, one.section], _LEVELS[one.health])
    yield gauge
    figures = GaugeMetricFamily(
        "nof0_service_figure",
        "Numbers a section tells, by their names",
        labels=["family", "section", "figure"],
    )
    for one in services:
        for name, value in one.figures.items():
            figures.add_metric([one.family, one.section, name], value)
    yield figures


def _exporters(states: Sequence[ExporterState]) -> Iterator[Metric]:
    """Give which exporters are in quarantine, and how often each has failed."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    quarantine = GaugeMetricFamily(
        "nof0_exporter_quarantine", "1 while an exporter is in quarantine", labels=["exporter"]
    )
    failures = CounterMetricFamily(
        "nof0_exporter_failures", "Calls to exporters that failed", labels=["exporter"]
    )
    for state in states:
        quarantine.add_metric([state.exporter], bool(state.trouble))
        failures.add_metric([state.exporter], state.failures)
    yield quarantine
    yield failures


def _blocks(blocks: LoopBlocks) -> Iterator[Metric]:
    """Give how often the event loop stood still, and the longest time."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    yield CounterMetricFamily(
        "nof0_loop_blocks", "How often the event loop stood still for a second", value=blocks.count
    )
    yield GaugeMetricFamily(
        "nof0_loop_block_longest_seconds", "The longest of these", value=blocks.longest
    )


_LEVELS = {Health.OK: 1.0, Health.DEGRADED: 0.5, Health.DOWN: 0.0}


def _total_pnl(trader: TraderView) -> Decimal:
    return trader.account.net_realized_pnl + trader.account.unrealized_pnl


_GAUGES: tuple[tuple[str, str, Callable[[TraderView], Decimal | float]], ...] = (
    ("nof0_equity_usd", "Equity of the virtual account", lambda t: t.account.equity),
    ("nof0_return_pct", "Time-weighted return", lambda t: t.account.return_pct),
    ("nof0_pnl_usd", "Profit since the start, open positions included", _total_pnl),
    ("nof0_fees_usd", "Fees paid since the start", lambda t: t.account.fees),
    ("nof0_margin_used_usd", "Margin used", lambda t: t.account.margin_used),
    ("nof0_open_positions", "Open positions", lambda t: len(t.account.holdings)),
    ("nof0_closed_trades", "Closed trades", lambda t: len(t.trades)),
    ("nof0_max_drawdown_pct", "Largest loss from a peak", lambda t: t.performance.max_drawdown_pct),
)
