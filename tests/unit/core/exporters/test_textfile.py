from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from nof0_core.domain.event import CycleEnded
from nof0_core.domain.health import Health, ServiceHealth
from nof0_core.domain.measured import CallTimes, DutyTrouble, Trouble
from nof0_core.domain.model import Usage
from nof0_core.exporters.textfile import PrometheusConfig, open_prometheus
from nof0_core.testing.environment import env

pytestmark = pytest.mark.anyio


async def samples(path, *rounds):
    config = PrometheusConfig(path=path)
    async with env() as surroundings, open_prometheus(config, surroundings) as exporter:
        for events, view in rounds:
            await exporter.export(events, view)
    families = text_string_to_metric_families(path.read_text())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


async def test_accounts_and_counters_are_in_the_file(tmp_path, story):
    told = story(3)
    found = await samples(tmp_path / "nof0.prom", (told.events, told.view()))
    assert found["nof0_equity_usd", "alpha", "rules"] == float(told.account("alpha").equity)
    assert found["nof0_fees_usd", "alpha", "rules"] == 22.5
    assert found["nof0_pnl_usd", "beta", "rules"] == 0
    assert found["nof0_open_positions", "alpha", "rules"] == 1
    assert found["nof0_closed_trades", "alpha", "rules"] == 2
    assert found["nof0_cycles_total", "alpha", "ok"] == 3
    assert found["nof0_fills_total", "alpha"] == 3
    assert found["nof0_alerts_total", "drift"] == 1
    assert found["nof0_journal_seq",] == told.events[-1].seq
    assert found["nof0_engine_time_seconds",] == told.view().time.timestamp()


async def test_calls_are_a_histogram_and_failures_and_duties_are_counted(tmp_path, story):
    told = story(1)
    calls = CallTimes(
        family="exchange",
        section="paper",
        verb="place",
        bounds=(0.5, 4.0),
        counts=(3, 0, 2),
        seconds=41.5,
        late=2,
        failed=1,
    )
    duties = DutyTrouble(duty="sync", trouble=Trouble.LEFT_OUT, count=7)
    view = attrs.evolve(told.view(), calls=(calls,), duties=(duties,))
    found = await samples(tmp_path / "nof0.prom", (told.events, view))
    name = "nof0_call_seconds"
    buckets = {key[1]: value for key, value in found.items() if key[0] == f"{name}_bucket"}
    assert buckets == {"0.5": 3, "4.0": 3, "+Inf": 5}
    assert found[f"{name}_count", "exchange", "paper", "place"] == 5 == calls.count
    assert found[f"{name}_sum", "exchange", "paper", "place"] == 41.5
    failures = "nof0_call_failures_total"
    assert found[failures, "exchange", "limit", "paper", "place"] == 2
    assert found[failures, "error", "exchange", "paper", "place"] == 1
    assert found["nof0_duty_troubles_total", "left_out", "sync"] == 7


async def test_events_offered_twice_count_once(tmp_path, story):
    told = story(3)
    once = await samples(tmp_path / "a.prom", (told.events, told.view()))
    twice = await samples(tmp_path / "b.prom", *[(told.events, told.view())] * 2)
    assert once == twice


async def test_without_a_path_the_file_is_in_the_sections_own_directory(tmp_path, story):
    told = story(1)
    async with (
        env(data_dir=tmp_path) as surroundings,
        open_prometheus(PrometheusConfig(), surroundings) as exporter,
    ):
        assert await exporter.cursor() == 0
        await exporter.export(told.events, told.view())
    assert (tmp_path / "nof0.prom").read_text().startswith("# HELP nof0_equity_usd")


async def test_tokens_and_cost_of_models_add_up_by_trader(tmp_path, story):
    told = story(3)
    spent = Usage(prompt_tokens=1000, completion_tokens=20, cost_usd=Decimal("0.0125"))
    events = [
        attrs.evolve(event, body=attrs.evolve(event.body, usage=spent))
        if isinstance(event.body, CycleEnded)
        else event
        for event in told.events
    ]
    found = await samples(tmp_path / "nof0.prom", (events, told.view()))
    assert found["nof0_model_tokens_total", "alpha"] == 3 * 1020
    assert found["nof0_model_cost_usd_total", "alpha"] == 0.0375


async def test_rules_cost_nothing_and_the_file_says_so(tmp_path, story):
    told = story(3)
    found = await samples(tmp_path / "nof0.prom", (told.events, told.view()))
    assert found["nof0_model_tokens_total", "alpha"] == 0
    assert found["nof0_model_cost_usd_total", "alpha"] == 0


async def test_the_callers_decimal_context_does_not_matter(tmp_path, story, coarse):
    told = story(30)
    view = told.view()
    expected = await samples(tmp_path / "plain", (told.events, view))
    with coarse():
        found = await samples(tmp_path / "coarse", (told.events, view))
    assert found == expected


async def test_each_section_says_how_it_is(tmp_path, story):
    told = story(1)
    services = tuple(
        ServiceHealth(
            section=name, family="market", health=health, since=told.view().time, figures=figures
        )
        for name, health, figures in (
            ("a", Health.OK, {"weight_left": 1180.0, "sockets": 1.0}),
            ("b", Health.DEGRADED, {"weight_left": 0.5}),
            ("c", Health.DOWN, {}),
        )
    )
    view = attrs.evolve(told.view(), services=services)
    found = await samples(tmp_path / "nof0.prom", (told.events, view))
    levels = {key[1]: value for key, value in found.items() if key[0] == "nof0_service_health"}
    assert levels == {"a": 1.0, "b": 0.5, "c": 0.0}
    figures = {key[1:]: value for key, value in found.items() if key[0] == "nof0_service_figure"}
    assert figures == {
        ("a", "market", "weight_left"): 1180.0,
        ("a", "market", "sockets"): 1.0,
        ("b", "market", "weight_left"): 0.5,
    }
