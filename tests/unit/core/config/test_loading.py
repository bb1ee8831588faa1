"""Files, names that refer to each other, and what follows from a valid configuration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.errors import ConfigError


def test_the_smallest_configuration_has_documented_defaults(bench, tmp_path):
    config = bench.load()
    [trader] = config.traders
    assert (trader.exchange, trader.market) == ("paper", "recorded")
    assert trader.symbols == ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP")
    assert (trader.order_style, trader.auto_start) == ("market_ioc", True)
    assert trader.limits.min_confidence == 60
    assert trader.limits.taker_fee_bps == Decimal("4.5")
    assert config.intervals == ("3m", "4h")
    assert [i.name for i in config.indicators] == [
        "ema20",
        "ema50",
        "macd",
        "rsi7",
        "rsi14",
        "atr3",
        "atr14",
    ]
    assert (config.series_bars, config.seed, config.clock.speed) == (10, 0, None)
    assert config.state_dir == tmp_path / "data"
    assert config.data_path == tmp_path / "data" / "api"
    assert (config.allocation_strategy, config.warnings) == ("fixed", ())


def test_a_data_directory_takes_the_place_of_every_configured_one(bench, tmp_path):
    bench.replace("etc/nof0.yaml", "Name: demo", "Name: demo\nDataPath: elsewhere")
    bench.replace("etc/manager.yaml", "    model:", "    journal_dir: mine\n    model:")
    other = bench.load(data_dir=tmp_path / "x")
    assert (other.state_dir, other.data_path) == (tmp_path / "x", tmp_path / "x" / "api")
    assert other.state_file == tmp_path / "x" / "manager_state.json"
    assert other.traders[0].journal_dir is None
    assert other.exporters[0].config.path == other.data_path
    assert bench.load().traders[0].journal_dir == tmp_path / "etc" / "mine"


def test_all_problems_of_all_files_come_in_one_pass(bench):
    bench.write(
        "etc/exchange.yaml",
        """\
        providers:
          paper:
            type: simm
          real:
            type: hyperliquid
            private_key: ${KEY}
            main_address: 0xabc
            testnet: "false"
            timeout: -1s
            timout: 30s
    """,
    )
    bench.write("etc/executor.yaml", "min_confidence: 120\ndecision_interval: 90\n")
    bench.replace("etc/manager.yaml", "allocation_pct: 50", "allocation_pct: lots")
    bench.replace("etc/nof0.yaml", "Name: demo", "Nmae: demo")
    assert bench.problems() == (
        'etc/nof0.yaml:1: Nmae: unknown key, did you mean "Name"?\n'
        "etc/executor.yaml:1: min_confidence: must be <= 100, got 120.0\n"
        "etc/executor.yaml:2: decision_interval: expected a duration with unit such as 500ms, 8s,"
        " 3m or 1h, got 90\n"
        'etc/exchange.yaml:3: providers.paper.type: unknown exchange provider "simm"\n'
        '  did you mean "sim"?\n'
        "  installed:      hyperliquid  (stand-ins 1)\n"
        "                  sim          (nof0-provider-sim 0.1.0)\n"
        "  to add one:     pip install nof0-provider-<venue>, then `nof0 plugins`\n"
        "etc/exchange.yaml:8: providers.real.testnet: expected true or false,"
        ' got "false" (a string)\n'
        "etc/exchange.yaml:9: providers.real.timeout: must be > 0s, got -1s\n"
        'etc/exchange.yaml:10: providers.real.timout: unknown key, did you mean "timeout"?\n'
        'etc/manager.yaml:6: traders.0.allocation_pct: expected a number, got "lots" (a string)'
    )


def test_the_error_counts_problems_and_files(bench):
    bench.write("etc/executor.yaml", "x: 1\n")
    bench.replace("etc/nof0.yaml", "Name: demo", "Nmae: demo")
    with pytest.raises(ConfigError) as caught:
        bench.load()
    assert str(caught.value).splitlines()[-1] == "2 problems in 2 files"


def test_a_missing_main_file(bench):
    (bench.directory / "etc/nof0.yaml").unlink()
    assert bench.problems() == "etc/nof0.yaml: there is no such file"


@pytest.mark.parametrize("file", ["llm", "executor", "manager", "exchange", "market"])
def test_a_missing_file_is_one_fault_of_the_line_that_names_it(bench, file):
    bench.replace("etc/manager.yaml", "id: one", "id: one\n    market_provider: recorded")
    bench.replace("etc/nof0.yaml", f"{file}.yaml", f"x{file}.yaml")
    problem = bench.problems()
    assert problem.startswith("etc/nof0.yaml:")
    assert problem.endswith(f".File: there is no file etc/x{file}.yaml")
    assert problem.count("\n") == 0


def test_files_are_found_beside_the_main_file_whatever_the_working_directory(
    bench, tmp_path, monkeypatch
):
    monkeypatch.chdir("/")
    from nof0_core import config as configuration

    config = configuration.load(tmp_path / "etc/nof0.yaml", bench.registry, environ={})
    assert config.traders[0].id == "one"


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        pytest.param(
            "manager.yaml",
            "model: dummy",
            "model: dumy",
            'etc/manager.yaml:5: traders.0.model: unknown model "dumy", did you mean "dummy"?',
            id="model",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    exchange_provider: papr",
            'traders.0.exchange_provider: unknown exchange section "papr", did you mean "paper"?',
            id="exchange",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    market_provider: live",
            'traders.0.market_provider: unknown market section "live"\n  there is: recorded',
            id="market",
        ),
        pytest.param(
            "exchange.yaml",
            "providers:",
            "default: papier\nproviders:",
            'default: unknown exchange section "papier", did you mean "paper"?',
            id="default",
        ),
        pytest.param(
            "exchange.yaml",
            "type: sim",
            "type: sim\n    market: recorde",
            'providers.paper.market: unknown market section "recorde", did you mean "recorded"?',
            id="market of an exchange",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: One",
            "traders.0.id: an id names files: it is made of lower-case letters, digits, - and _,"
            ' got "One"',
            id="id",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    prompt_template: prompts/nope.tmpl",
            'traders.0.prompt_template: there is no prompt template "prompts/nope.tmpl"',
            id="prompt",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    fallback_models: [dummi]",
            'traders.0.fallback_models.0: unknown model "dummi", did you mean "dummy"?',
            id="fallback",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    symbols: []",
            "traders.0.symbols: must name at least one coin",
            id="no symbols",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    symbols: [BTC, BTC]",
            "traders.0.symbols: BTC is named twice",
            id="symbol twice",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    risk_params: {major_coins: [SOL, SOL]}",
            "traders.0.risk_params.major_coins: SOL is named twice",
            id="major coin twice",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    risk_params: {major_coins: [so l]}",
            'traders.0.risk_params.major_coins: "so l" is not the symbol of a coin',
            id="major coin that is none",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    exec_guards:\n      min_position_equity_multiple: 2\n"
            "      max_position_equity_multiple: 0.5",
            "etc/manager.yaml:6: traders.0.exec_guards.min_position_equity_multiple: must be at"
            " most max_position_equity_multiple (0.5), got 2",
            id="value band without room",
        ),
        pytest.param(
            "manager.yaml",
            "id: one",
            "id: one\n    exec_guards: {price_band_pct: 101}",
            "etc/manager.yaml:5: traders.0.exec_guards.price_band_pct: must be <= 100, got 101",
            id="price band beyond all prices",
        ),
        pytest.param(
            "manager.yaml",
            "total_equity_usd: 10000",
            "total_equity_usd: 10000\n  state_storage_backend: redis",
            'manager.state_storage_backend: must be one of file, got "redis"',
            id="state backend",
        ),
        pytest.param(
            "manager.yaml",
            "total_equity_usd: 10000",
            "total_equity_usd: 10000\n  allocation_strategy: best",
            'manager.allocation_strategy: unknown allocation strategy "best"',
            id="allocator",
        ),
        pytest.param(
            "manager.yaml",
            "total_equity_usd: 10000",
            "total_equity_usd: 10000\n  reserve_equity_pct: 60",
            "etc/manager.yaml:4: traders: allocation_pct of all traders adds up to 50, but only 40"
            " is there (reserve_equity_pct is 60)",
            id="too much allocated",
        ),
        pytest.param(
            "executor.yaml",
            "min_confidence: 60",
            "decision_timeout: 1m\ndecision_spread: 2m",
            "etc/executor.yaml:2: decision_spread: decision_timeout (1m) and decision_spread (2m)"
            " together must be shorter than",
            id="spread",
        ),
        pytest.param(
            "executor.yaml",
            "min_confidence: 60",
            "decision_timeout: 3m",
            "etc/executor.yaml:1: decision_timeout: decision_timeout (3m) must be shorter than"
            " decision_interval (3m)",
            id="timeout",
        ),
        pytest.param(
            "nof0.yaml",
            "Name: demo",
            "Clock: {Speed: 60}",
            "etc/nof0.yaml:1: Clock.Start: is required together with Speed",
            id="clock",
        ),
        pytest.param(
            "nof0.yaml",
            "Name: demo",
            "Clock: {Lockstep: true}",
            "etc/nof0.yaml:1: Clock.Start: is required together with Lockstep",
            id="lockstep without start",
        ),
        pytest.param(
            "nof0.yaml",
            "Name: demo",
            "Clock: {Lockstep: true, Start: 2025-07-23T00:00:00Z}",
            "etc/nof0.yaml:1: Clock.Speed: is required together with Lockstep: how many seconds",
            id="lockstep without speed",
        ),
        pytest.param(
            "nof0.yaml",
            "Name: demo",
            "Clock: {Start: 2025-07-23T00:00:00}",
            "Clock.Start: expected a time such as 2025-07-23T00:00:00Z, with Z or an offset",
            id="naive time",
        ),
        pytest.param(
            "nof0.yaml",
            "Name: demo",
            "Env: production",
            'Env: must be one of test, dev, prod, got "production"',
            id="env",
        ),
        pytest.param(
            "manager.yaml",
            "  - id: one",
            "  - {id: one, allocation_pct: 1, model: dummy}\n  - id: one",
            'traders.1.id: "one" is already the id of the trader on line 4',
            id="id twice",
        ),
    ],
)
def test_cross_checks(bench, file, old, new, problem):
    bench.replace(f"etc/{file}", old, new)
    assert problem in bench.problems()


def test_no_traders_is_a_problem(bench):
    bench.write("etc/manager.yaml", "manager: {total_equity_usd: 1}\ntraders: []\n")
    assert bench.problems() == "etc/manager.yaml:2: traders: must have at least one trader"


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("llm.yaml", "models: {}\n", "etc/llm.yaml:1: models: must have at least one model"),
        ("market.yaml", "providers: {}\n", "providers: must have at least one market section"),
        ("exchange.yaml", "providers: {}\n", "providers: must have at least one exchange section"),
        ("exchange.yaml", "", "etc/exchange.yaml: providers: required key is missing"),
        ("llm.yaml", "", "etc/llm.yaml: models: required key is missing"),
        ("manager.yaml", "", "etc/manager.yaml: manager: required key is missing"),
    ],
)
def test_an_empty_file_or_mapping_is_a_problem(bench, file, text, problem):
    bench.write(f"etc/{file}", text)
    assert problem in bench.problems()


def test_a_wrong_default_is_said_once(bench):
    bench.replace("etc/market.yaml", "providers:", "default: recordet\nproviders:")
    assert bench.problems() == (
        'etc/market.yaml:1: default: unknown market section "recordet", did you mean "recorded"?'
    )


def test_a_wrong_trader_does_not_hide_the_next_one(bench):
    bench.write(
        "etc/manager.yaml",
        """\
        manager: {total_equity_usd: 1}
        traders:
          - {id: a, allocation_pct: x, model: dummy}
          - {id: b, allocation_pct: 1, model: nope}
    """,
    )
    assert [line.split(": ")[1] for line in bench.problems().splitlines()[:2]] == [
        "traders.0.allocation_pct",
        "traders.1.model",
    ]


def test_market_sections_may_refer_to_each_other_but_not_in_a_circle(bench):
    bench.write(
        "etc/market.yaml",
        """\
        default: a
        providers:
          a: {type: hyperliquid, mirror: b}
          b: {type: hyperliquid, mirror: c}
          c: {type: hyperliquid}
          unused: {type: hyperliquid}
    """,
    )
    config = bench.load()
    assert list(config.markets) == ["c", "b", "a"]
    assert config.markets["a"].markets == ("b",)
    bench.replace("etc/market.yaml", "c: {type: hyperliquid}", "c: {type: hyperliquid, mirror: a}")
    assert "market sections refer to each other: a → b → c → a" in bench.problems()


def test_an_empty_market_reference_means_the_default_section(bench):
    section = bench.load().exchanges["paper"]
    assert (section.config.market, section.markets) == ("recorded", ("recorded",))


def test_without_default_and_with_several_sections_a_name_is_required(bench):
    bench.write("etc/market.yaml", "providers: {a: {type: sim}, b: {type: sim}}\n")
    text = bench.problems()
    assert "traders.0.market_provider: required key is missing: there is no default market" in text
    assert "providers.paper: needs a market section: write market here" in text


def test_a_section_nobody_uses_must_be_right_but_needs_no_variables(bench):
    unused = "providers:\n  paper: {type: sim}\n  real:\n    type: hyperliquid\n"
    bench.write(
        "etc/exchange.yaml",
        "default: paper\n" + unused + "    private_key: ${K}\n    main_address: ${A}\n",
    )
    assert list(bench.load().exchanges) == ["paper"]
    bench.replace("etc/exchange.yaml", "main_address: ${A}", "main_adress: ${A}")
    assert 'main_adress: unknown key, did you mean "main_address"?' in bench.problems()


def test_an_unused_section_of_this_projects_own_may_be_uninstalled(bench, plain_registry):
    bench.write(
        "etc/exchange.yaml",
        "default: paper\nproviders:\n  paper: {type: sim}\n  real: {type: hyperliquid}\n",
    )
    bench.write("etc/llm.yaml", "models: {dummy: {backend: rules}}\n")
    assert "hyperliquid" not in bench.problems(registry=plain_registry)


def test_durations_and_times_are_what_they_say(bench):
    bench.write("etc/executor.yaml", "decision_interval: 1h30m\ndecision_timeout: 500ms\n")
    bench.replace(
        "etc/nof0.yaml", "Name: demo", "Clock: {Speed: 60, Start: 2025-07-23T02:00:00+02:00}"
    )
    config = bench.load()
    assert config.traders[0].decision_interval == timedelta(minutes=90)
    assert config.traders[0].decision_timeout == timedelta(milliseconds=500)
    assert config.clock.start == datetime(2025, 7, 23, tzinfo=UTC)


def test_traders_take_executor_defaults_where_they_say_nothing(bench):
    bench.replace("etc/manager.yaml", "id: one", "id: one\n    risk_params: {min_confidence: 0}")
    limits = bench.load().traders[0].limits
    assert (limits.min_confidence, limits.major_coin_leverage) == (0, 20)


def test_major_coins_are_executor_yamls_unless_a_trader_names_its_own(bench):
    bench.write("etc/executor.yaml", "major_coins: [SOL]\n")
    assert bench.load().traders[0].limits.majors == {"SOL"}
    bench.replace("etc/manager.yaml", "id: one", "id: one\n    risk_params: {major_coins: []}")
    limits = bench.load().traders[0].limits
    assert limits.majors == frozenset()
    assert limits.leverage_cap("SOL") == limits.altcoin_leverage


def test_btc_and_eth_are_the_major_coins_of_a_configuration_that_names_none(bench):
    assert bench.load().traders[0].limits.majors == {"BTC", "ETH"}


def test_a_major_coin_of_executor_yaml_is_reported_where_it_stands(bench):
    bench.write("etc/executor.yaml", "max_positions: 2\nmajor_coins: [ETH, ETH]\n")
    assert "etc/executor.yaml:2: major_coins: ETH is named twice" in bench.problems()


def test_other_major_coins_make_another_digest(bench):
    before = bench.load().digest
    bench.write("etc/executor.yaml", "major_coins: [ETH]\n")
    assert bench.load().digest != before


def test_guards_become_limits(bench):
    bench.replace(
        "etc/manager.yaml",
        "id: one",
        "id: one\n    exec_guards: {price_band_pct: 2, max_data_age: 30s,"
        " max_new_positions_per_cycle: 0}",
    )
    limits = bench.load().traders[0].limits
    assert (limits.price_band_pct, limits.max_data_age) == (Decimal(2), timedelta(seconds=30))
    assert limits.max_new_positions_per_cycle == 0


def test_the_fee_of_the_exchange_is_the_fee_of_the_limits(bench):
    bench.replace("etc/exchange.yaml", "type: sim", "type: sim\n    taker_fee_bps: 7")
    assert bench.load().traders[0].limits.taker_fee_bps == 7


def test_the_fee_of_the_limits_is_that_of_an_account_without_volume(bench):
    tiers = """type: sim
    staking_discount_pct: 10
    referral_discount_pct: 4
    fee_tiers:
      - {volume_usd: 0, taker_fee_bps: 10, maker_fee_bps: 2}
      - {volume_usd: 1000, taker_fee_bps: 1, maker_fee_bps: 0}"""
    bench.replace("etc/exchange.yaml", "type: sim", tiers)
    # 10 x 0.9 x 0.96
    assert bench.load().traders[0].limits.taker_fee_bps == Decimal("8.64")


def test_brakes_become_limits(bench):
    bench.replace(
        "etc/manager.yaml",
        "id: one",
        "id: one\n    daily_loss_limit_pct: 3\n    max_drawdown_pct: 20\n    exec_guards:"
        " {cooldown_after_close: 5m, max_entries_per_day: 4, sharpe_pause_threshold: -0.5,"
        " sharpe_pause_duration: 1h, stop_deadline: 3s,"
        " quote_deadline: 2m}",
    )
    config = bench.load()
    limits = config.traders[0].limits
    assert (limits.daily_loss_limit_pct, limits.max_drawdown_pct) == (3, 20)
    assert (limits.cooldown_after_close, limits.max_entries_per_day) == (timedelta(minutes=5), 4)
    assert limits.sharpe_pause_threshold == -0.5
    assert limits.sharpe_pause_duration == timedelta(hours=1)
    assert config.traders[0].stop_deadline == timedelta(seconds=3)
    assert config.traders[0].quote_deadline == timedelta(minutes=2)
    assert config.warnings == ()


def test_half_a_sharpe_pause_is_refused(bench):
    bench.replace(
        "etc/manager.yaml", "id: one", "id: one\n    exec_guards: {sharpe_pause_duration: 1h}"
    )
    with pytest.raises(ConfigError) as caught:
        bench.load()
    [problem] = caught.value.problems
    assert str(problem) == (
        "etc/manager.yaml:5: traders.0.exec_guards.sharpe_pause_duration: has no effect without"
        " sharpe_pause_threshold beside it"
    )


class TestDigest:
    def test_is_the_same_for_a_copy_in_another_place(self, bench, tmp_path):
        before = bench.load().digest
        assert bench.load(data_dir=tmp_path / "elsewhere").digest == before

    def test_changes_with_a_setting(self, bench):
        before = bench.load().digest
        bench.replace("etc/exchange.yaml", "type: sim", "type: sim\n    slippage_bps: 3")
        assert bench.load().digest != before

    def test_leaves_secrets_out(self, bench):
        bench.write(
            "etc/exchange.yaml",
            """\
            providers:
              x: {type: hyperliquid, private_key: "${K}", main_address: a}
        """,
        )
        assert bench.load(environ={"K": "1"}).digest == bench.load(environ={"K": "2"}).digest
