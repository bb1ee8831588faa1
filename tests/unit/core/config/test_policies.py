"""Allocators, risk checks, exporters, and plugins out of a single file."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nof0_core.manager.allocation.performance import PerformanceBased

PLUGIN = """
import attrs
from nof0_core import PolicyKind, hookimpl, opt
from nof0_core.domain.decision import ALLOW

@attrs.frozen(kw_only=True)
class Config:
    level: int = opt(default=1, ge=0)

class Mine:
    def __init__(self, config):
        self.level = config.level
    def check(self, decision, context):
        return ALLOW

@hookimpl
def nof0_risk_checks():
    return [PolicyKind(type="mine", config=Config, build=Mine, summary="my own")]
"""


def strategy(bench, text):
    old = "total_equity_usd: 10000"
    bench.replace("etc/manager.yaml", old, f"{old}\n  allocation_strategy: {text}")


def checks(bench, text):
    bench.replace("etc/manager.yaml", "id: one", f"id: one\n    risk_checks: [{text}]")


def test_an_allocation_strategy_may_be_a_word_or_a_section(bench):
    strategy(bench, "{type: performance_based, cap_pct: 60}")
    config = bench.load()
    assert config.allocation_strategy == "performance_based"
    assert isinstance(config.allocator, PerformanceBased)
    assert config.allocator.config.cap_pct == 60


def test_a_wrong_setting_of_a_strategy_has_its_place(bench):
    strategy(bench, "{type: performance_based, cap: 60}")
    assert "etc/manager.yaml:3: manager.allocation_strategy.cap: unknown key" in bench.problems()


@pytest.mark.parametrize("text", ["quiet", "{type: quiet}", "{type: quiet, hours: [1, 2]}"])
def test_risk_checks_are_built_in_order(bench, text):
    checks(bench, f"{text}, quiet")
    [(first, check), _] = bench.load().traders[0].risk_checks
    assert first == "quiet"
    assert check.config.factor == Decimal(1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("quite", 'traders.0.risk_checks.0: unknown risk check "quite"\n  did you mean "quiet"?'),
        ("{hours: [1]}", "traders.0.risk_checks.0.type: required key is missing"),
        ("{type: quiet, hours: [24]}", "traders.0.risk_checks.0: there are 24 hours in a day"),
        ("{type: quiet, factor: 0}", "traders.0.risk_checks.0.factor: must be > 0, got 0"),
        ("confidence", '"confidence" is built in and always on; its limit is in risk_params'),
    ],
)
def test_wrong_risk_checks(bench, text, problem):
    checks(bench, text)
    assert problem in bench.problems()


def test_settings_of_a_check_change_the_digest(bench):
    checks(bench, "{type: quiet, hours: [1]}")
    before = bench.load().digest
    bench.replace("etc/manager.yaml", "hours: [1]", "hours: [2]")
    assert bench.load().digest != before


class TestFiles:
    """`Plugins: [./checks.py]` in the main file."""

    def test_a_file_beside_the_main_file_offers_kinds(self, bench):
        bench.write("etc/mine.py", PLUGIN)
        bench.replace("etc/nof0.yaml", "Name: demo", "Name: demo\nPlugins: [./mine.py]")
        checks(bench, "{type: mine, level: 3}")
        [(_, check)] = bench.load().traders[0].risk_checks
        assert check.level == 3

    def test_the_registry_given_stays_as_it_was_and_loading_twice_works(self, bench):
        bench.write("etc/mine.py", PLUGIN)
        bench.replace("etc/nof0.yaml", "Name: demo", "Name: demo\nPlugins: [mine.py]")
        assert bench.load().digest == bench.load().digest
        assert "mine" not in [kind.type for kind in bench.registry.kinds("risk")]

    def test_nothing_is_imported_that_is_not_named(self, bench):
        bench.write("etc/checks.py", "raise SystemError")
        bench.load()

    @pytest.mark.parametrize(
        ("source", "problem"),
        [
            (None, "there is no plugin file etc/mine.py"),
            ("import nope_nope", "plugin etc/mine.py does not import: ModuleNotFoundError"),
            (
                "x = 1\nimport nope",
                (
                    "plugin etc/mine.py does not import: ModuleNotFoundError: No module"
                    " named 'nope' (etc/mine.py:2)"
                ),
            ),
            (
                "x = 1\nx x\n",
                (
                    "plugin etc/mine.py does not import: SyntaxError: invalid syntax"
                    " (mine.py, line 2) (etc/mine.py:2)"
                ),
            ),
            ("x = 1", "plugin etc/mine.py implements no hook"),
            (
                PLUGIN.replace("    return [Pol", "    [Pol"),
                (
                    "plugin etc/mine.py: nof0_risk_checks returned None; return a list of"
                    " PolicyKind (etc/mine.py:15)\n"
                    "  correct etc/mine.py, or take it out of Plugins in the main file"
                ),
            ),
            (
                PLUGIN.replace("    return [Pol", "    yield from [1 / 0]\n    return [Pol"),
                (
                    "plugin etc/mine.py: nof0_risk_checks raised ZeroDivisionError: division by"
                    " zero (etc/mine.py:17)"
                ),
            ),
            (
                PLUGIN.replace("level: int = opt(default=1, ge=0)", "level: bytes = b''"),
                (
                    'plugin etc/mine.py offers risk check "mine", but its config field Config.level'
                    " has a type the configuration cannot read: bytes\n  types: str, bool,"
                ),
            ),
            (
                PLUGIN.replace('summary="my own")', "summary=1), 7"),
                (
                    "2 things are wrong with plugin etc/mine.py\n"
                    '  plugin etc/mine.py offers risk check "mine", but its summary is not one'
                ),
            ),
            (
                PLUGIN.replace('"mine"', '"quiet"'),
                (
                    'two plugins offer risk check "quiet"\n  stand-ins 1   t\n'
                    "  etc/mine.py   etc/mine.py\n"
                    "  take etc/mine.py out of Plugins in the main file"
                ),
            ),
        ],
    )
    def test_a_bad_file_is_a_problem_of_the_line_that_names_it(self, bench, source, problem):
        if source is not None:
            bench.write("etc/mine.py", source)
        bench.replace("etc/nof0.yaml", "Name: demo", "Name: demo\nPlugins: [mine.py]")
        assert f"etc/nof0.yaml:2: Plugins.0: {problem}" in bench.problems()


class TestExporters:
    def test_json_is_always_there(self, bench):
        [section] = bench.load().exporters
        assert (section.name, section.config.path) == ("json", bench.directory / "data" / "api")

    def test_monitoring_adds_sections(self, bench):
        text = "monitoring: {metrics_exporter: prometheus, alert_webhook: 'https://x.test/canary'}"
        with (bench.directory / "etc/manager.yaml").open("a") as file:
            file.write(text + "\n")
        config = bench.load()
        assert [s.name for s in config.exporters] == ["json", "prometheus", "webhook"]
        assert config.exporters[2].config.url == "https://x.test/canary"
        assert "canary" not in repr(config)

    def test_a_listed_section_takes_the_place_of_the_automatic_one(self, bench):
        bench.replace(
            "etc/nof0.yaml", "Name: demo", "Name: demo\nExporters: [{type: json, path: mine}]"
        )
        [section] = bench.load().exporters
        assert section.config.path == bench.directory / "etc" / "mine"

    def test_two_of_a_kind_get_names_of_their_own(self, bench):
        bench.replace(
            "etc/nof0.yaml",
            "Name: demo",
            "Name: demo\nExporters: [{type: prometheus, path: a}, {type: prometheus, path: b}]",
        )
        names = [section.name for section in bench.load().exporters]
        assert names == ["json", "prometheus", "prometheus-2"]

    def test_an_unknown_one_is_refused(self, bench):
        bench.replace("etc/nof0.yaml", "Name: demo", "Name: demo\nExporters: [{type: jsonn}]")
        assert 'Exporters.0.type: unknown exporter "jsonn"\n  did you mean "json"?' in (
            bench.problems()
        )
