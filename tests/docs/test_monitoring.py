"""Metrics, dashboard and rules of the documentation, against what is really told."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import anyio
import attrs
import pytest
import told_alerts
import yaml
from promql import Query, QueryError, scrape
from story import Story

from nof0_api.watch import Watch
from nof0_core.domain.context import BudgetLeft
from nof0_core.domain.cycle_event import CycleEnded
from nof0_core.domain.event import ExitPlanSet, OrderAnswered, OrderIntended, Reconciled
from nof0_core.domain.health import Health, ServiceHealth
from nof0_core.domain.measured import (
    CallTimes,
    DutyTrouble,
    ExporterState,
    LoopBlocks,
    StageTimes,
    Trouble,
)
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.quarantined import Quarantined
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.exporters.textfile import PrometheusConfig, open_prometheus
from nof0_core.testing.environment import env
from nof0_core.testing.events import sample_events

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "examples" / "monitoring"
PAGE = (ROOT / "docs" / "monitoring.md").read_text()


def trouble(told):
    """A picture in which everything there is a metric of is the case."""
    view = told.view()
    hours = told.hour + 1  # what is counted grows between two scrapes
    counts = (3 * hours, hours, 2 * hours)
    times = {"bounds": (0.5, 4.0), "counts": counts, "seconds": 41.5 * hours}
    return attrs.evolve(
        view,
        seq=told.events[-1].seq,
        calls=(
            CallTimes(family="exchange", section="paper", verb="place", late=1, failed=1, **times),
        ),
        duties=(DutyTrouble(duty="sync", trouble=Trouble.LEFT_OUT, count=7),),
        quarantine=tuple(quarantined()),
        exporters=(ExporterState(exporter="sql", behind=12, failures=3, trouble="away"),),
        blocks=LoopBlocks(count=2, longest=3.5),
        services=(
            ServiceHealth(
                section="hl",
                family="market",
                health=Health.DEGRADED,
                since=view.time,
                figures={"sockets": 1.0},
            ),
        ),
        stages=(StageTimes(stage="market", failed=1, **times),),
    )


def quarantined():
    kinds = attrs.fields_dict(Quarantined)
    words = {"family": "market", "section": "hl", "symbol": "BTC", "verb": "quotes"}
    time = Story(1).view().time
    given = {name: words.get(name, time if name in ("since", "time") else "x") for name in kinds}
    yield Quarantined(**{name: given[name] for name in kinds})


def everything(hours):
    """A story with orders of every state, a difference, exits and a budget in it."""
    told = Story(hours)
    bodies = {type(one.body): one.body for one in reversed(sample_events())}
    time = told.events[-1].time
    intended, answered = bodies[OrderIntended], bodies[OrderAnswered]
    for number, status in enumerate(OrderStatus):
        name = f"{number:032x}"
        order = attrs.evolve(intended.request, client_id=name)
        outcome = attrs.evolve(answered.outcome, client_id=name, status=status, fills=())
        told._say(time, "alpha", attrs.evolve(intended, trader="alpha", request=order))
        told._say(
            time,
            "alpha",
            attrs.evolve(answered, trader="alpha", venue_account="paper", outcome=outcome),
        )
    told._say(time, "@engine", attrs.evolve(bodies[Reconciled], venue_account="paper"))
    told._say(time, "alpha", bodies[ExitPlanSet])
    call = bodies[CycleEnded].calls[0]
    left = BudgetLeft(usd=Decimal("1.5"), tokens=900)
    for event in told.events:
        if isinstance(event.body, CycleEnded):
            calls = (call, attrs.evolve(call, outcome=CallOutcome.UNUSABLE))
            body = attrs.evolve(event.body, calls=calls, budget=left)
            told.events[event.seq - 1] = attrs.evolve(event, body=body)
    return told


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """What `/metrics` says twice, an hour of the story apart."""
    found = []
    for hours in (3, 4):
        path = tmp_path_factory.mktemp("metrics") / "nof0.prom"

        async def export(path=path, hours=hours):
            told = everything(hours)
            config = PrometheusConfig(path=path)
            async with env() as around, open_prometheus(config, around) as exporter:
                await exporter.export(told.events, trouble(told))

        anyio.run(export)
        watch = Watch(metrics_file=path, lag=lambda: {"sql": 5})
        watch.answers[200] += hours
        found.append(watch.text().decode())
    return found


def listed():
    """Return the labels of each metric of the page."""
    rows = re.findall(r"^\| `(nof0_\w+)` \| (.*?) \|", PAGE, re.MULTILINE)
    found = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert len(found) == len(rows)
    return found


def emitted(text):
    """Return the labels of each metric that has a sample; histograms under their name."""
    found = {}
    for name, samples in scrape(text).items():
        if name.startswith("nof0_") and not name.endswith("_created"):
            short = re.sub(r"(_seconds)_(bucket|sum|count)$", r"\1", name)
            labels = set().union(*(labels for labels, _ in samples)) - {"le"}
            assert found.setdefault(short, labels) == labels
    return found


def test_the_page_lists_what_is_told_with_its_labels(texts):
    assert emitted(texts[1]) == listed()


def test_a_metric_stands_in_the_text_once(texts):
    heads = re.findall(r"^# TYPE (\w+)", texts[0], re.MULTILINE)
    assert sorted(heads) == sorted(set(heads))
    # What the engine has said of lag counts, not what the server knows.
    assert 'nof0_exporter_lag_events{exporter="sql"} 12.0' in texts[0]


def panels():
    board = json.loads((MONITORING / "grafana.json").read_text())
    return [
        pytest.param(panel["title"], target, id=f"{panel['title']}-{target['refId']}")
        for panel in board["panels"]
        for target in panel.get("targets", ())
    ]


@pytest.mark.parametrize(("title", "target"), panels())
def test_each_query_of_the_dashboard_returns_data(texts, title, target):
    query = target["expr"].replace("$trader", ".*").replace("$__rate_interval", "5m")
    found = Query(query).answer(*map(scrape, texts), now=2e9)
    assert found, title
    assert not any(math.isnan(value) for _, value in found)
    for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
        assert all(label in labels for labels, _ in found), label


def test_panels_of_the_dashboard_are_laid_out_and_cover_each_metric():
    board = json.loads((MONITORING / "grafana.json").read_text())
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    asked = " ".join(target["expr"] for one in board["panels"] for target in one.get("targets", ()))
    left_out = {name for name in listed() if name not in asked}
    assert left_out == {
        "nof0_api_answers_total",
        "nof0_closed_trades",
        "nof0_loop_block_longest_seconds",
        "nof0_open_positions",
    }


def rules():
    found = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    return [
        pytest.param(rule, id=rule["alert"]) for one in found["groups"] for rule in one["rules"]
    ]


@pytest.mark.parametrize("rule", rules())
def test_each_rule_can_be_asked_and_its_summary_has_its_labels(texts, rule):
    # Whatever is compared, a rule that nothing can ever fulfil would be none.
    comparison = re.search(r" [<>] (\S+)$", rule["expr"])
    asked = Query(rule["expr"][: comparison.start()]).answer(*map(scrape, texts), now=2e9)
    Query(rule["expr"]).answer(*map(scrape, texts), now=2e9)
    if rule["alert"] != "Nof0NoStop":  # in no story is a stop missing
        assert asked
    for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
        assert all(label in labels for labels, _ in asked if not isinstance(labels, float))


@pytest.mark.parametrize(
    "query",
    [
        "nof0_nothing",
        'nof0_equity_usd{coin="BTC"}',
        "sum by (coin) (nof0_equity_usd)",
        "rate(nof0_fills_total)",
        "nof0_equity_usd[5m]",
        "nof0_equity_usd +",
        "deriv(nof0_equity_usd[5m])",
        "nof0_equity_usd / nof0_orders",
        "sum(nof0_equity_usd))",
    ],
)
def test_a_query_that_is_wrong_is_noticed(texts, query):
    with pytest.raises(QueryError):
        Query(query).answer(*map(scrape, texts))


def test_rates_and_quantiles_are_those_of_prometheus(texts):
    before, after = map(scrape, texts)
    [(_, rate)] = Query("sum(rate(nof0_fills_total[5m]))").answer(before, after, seconds=50.0)
    assert rate == pytest.approx(1 / 50)
    stages = Query("histogram_quantile(0.5, sum by (le, stage) (nof0_stage_seconds_bucket))")
    [(labels, half)] = stages.answer(before, after)
    # Three of six took at most half a second.
    assert (labels, half) == ({"stage": "market"}, 0.5)


@pytest.mark.integration
def test_a_real_run_tells_nothing_that_is_not_listed(tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    command = [
        sys.executable,
        "-m",
        "nof0_core",
        "run",
        "--cycles",
        "8",
        tmp_path / "etc/nof0.yaml",
    ]
    subprocess.run(command, check=True, capture_output=True)
    [path] = (tmp_path / "data").rglob("*.prom")
    found = scrape(path.read_text())
    told = emitted(path.read_text())
    assert told.items() <= listed().items()
    # Every cycle has looked at the market and asked its model, and orders were filled.
    counts = {labels["stage"]: value for labels, value in found["nof0_stage_seconds_count"]}
    cycles = sum(value for _, value in found["nof0_cycles_total"])
    assert counts["market"] == counts["decision"] == counts["model"] == cycles > 8
    assert 0 < counts["orders"] < cycles
    states = {labels["status"] for labels, _ in found["nof0_orders"]}
    assert {"filled", "resting"} <= states
    assert "intended" not in states
    watched = {labels["protection"] for labels, _ in found["nof0_protection_age_seconds"]}
    assert watched == {"venue"}
    assert {labels["exporter"] for labels, _ in found["nof0_exporter_lag_events"]} >= {"json"}


def documented():
    """Return the codes of all alerts, as they stand in a journal."""
    page = (ROOT / "docs" / "errors.md").read_text()
    engine = page.split("## Alerts")[1].split("## In code")[0]
    venue = page.split("Hyperliquid alerts of")[1].split("\n## ")[0]
    codes = set(re.findall(r"`(plugin_\w+[a-z])`", engine))
    for prefix, table in (("", engine), ("plugin_", venue)):
        for first in re.findall(r"\n\| (`.*?) \|", table):
            codes |= {f"{prefix}{code}" for code in re.findall(r"`(\w+)`", first)}
    return codes - {"code", "plugin_code"} | {
        "plugin_signer_expires_3d",
        "plugin_signer_expires_1d",
    }


def test_each_alert_of_the_documentation_is_told_in_a_test_that_is_watched():
    """Whether a test tells what the table says is looked at whenever it runs: tests/conftest.py."""
    codes = documented()
    assert len(codes) > 60
    watched = set().union(*told_alerts.table().values())
    assert watched == codes


def test_each_test_of_that_table_is_there():
    for test in told_alerts.table():
        path, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text(), test
