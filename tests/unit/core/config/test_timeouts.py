"""How long calls of a section may take, as its own configuration has it."""

from __future__ import annotations

import types
from datetime import timedelta

import attrs
import pytest

from nof0_core import ExchangeKind, hookimpl, opt
from nof0_core.plugins import LoadedPlugin, load_plugins

EXCHANGE = """\
providers:
  paper:
    type: hyperliquid
    private_key: k
    main_address: a
    timeout: {}
"""


@attrs.frozen(kw_only=True)
class Minutes:
    """Has a limit of its own in another unit; -1 is none, -2 a defect of the plugin."""

    minutes: int = opt(default=-1)

    def timeout(self):
        return {-1: None, -2: 7}.get(self.minutes, timedelta(minutes=self.minutes))


@pytest.fixture(scope="module")
def minutes():
    """Return core, sim, and a kind whose timeout is no value of a key."""

    @hookimpl
    def nof0_exchange_providers():
        return [
            ExchangeKind(
                type="minutes", config=Minutes, open=print, summary="", timeout=Minutes.timeout
            )
        ]

    module = types.ModuleType("minutes")
    module.nof0_exchange_providers = nof0_exchange_providers
    registry = load_plugins({"NOF0_PLUGINS": "nof0-provider-sim,nof0-llm"})
    plugin = LoadedPlugin(name="m", distribution="minutes", version="1", module="minutes")
    registry.add(plugin, module)
    return registry


def in_minutes(bench, written):
    text = f"providers:\n  paper:\n    type: minutes\n    minutes: {written}\n"
    return exchange(bench, text)


def exchange(bench, text):
    bench.write("etc/exchange.yaml", text)
    return bench


@pytest.mark.parametrize(
    ("written", "said"), [("0.5s", "500ms"), ("1ms", "1ms"), ("999ms", "999ms")]
)
def test_less_than_a_second_is_refused_with_the_line_of_the_key(bench, written, said):
    problems = exchange(bench, EXCHANGE.format(written)).problems()
    assert problems == f"etc/exchange.yaml:6: providers.paper.timeout: must be >= 1s, got {said}"


@pytest.mark.parametrize("written", ["0s", "-5s"])
def test_nothing_and_less_is_refused(bench, written):
    problems = exchange(bench, EXCHANGE.format(written)).problems()
    assert problems.startswith("etc/exchange.yaml:6: providers.paper.timeout: must be > 0s")


@pytest.mark.parametrize(("written", "said"), [(0, "0s"), (-3, "-3m")])
def test_a_time_that_is_no_value_of_a_key_is_refused_at_the_section(bench, minutes, written, said):
    problems = in_minutes(bench, written).problems(registry=minutes)
    place = "etc/exchange.yaml:2: providers.paper"
    assert f"{place}: its timeout must be >= 1s, got {said}" in problems


def test_what_is_no_duration_is_named_as_a_defect_of_the_kind(bench, minutes):
    problems = in_minutes(bench, -2).problems(registry=minutes)
    assert "the timeout of minutes is 7, which is no duration" in problems


def test_markets_obey_the_same_rule(bench):
    bench.write(
        "etc/market.yaml", "providers:\n  live:\n    type: hyperliquid\n    timeout: 10ms\n"
    )
    problems = bench.problems()
    assert problems == "etc/market.yaml:4: providers.live.timeout: must be >= 1s, got 10ms"


def test_sections_have_what_their_kind_makes_of_the_settings(bench):
    assert bench.load().exchanges["paper"].timeout is None
    found = exchange(bench, EXCHANGE.format("1s")).load().exchanges["paper"]
    assert found.timeout == timedelta(seconds=1)


@pytest.mark.parametrize(("written", "timeout"), [(2, timedelta(minutes=2)), (-1, None)])
def test_a_kind_may_reckon_its_timeout_or_have_none(bench, minutes, written, timeout):
    bench.replace(
        "etc/llm.yaml", "backend: rules", "backend: baseline\n    model_name: buy_and_hold"
    )
    config = in_minutes(bench, written).load(registry=minutes)
    assert config.exchanges["paper"].timeout == timeout
