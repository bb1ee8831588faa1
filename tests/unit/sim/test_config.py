"""Keys that would have no effect, and values that make no sense, are refused."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nof0_core.ids import Symbol
from nof0_provider_sim.config import (
    FaultRules,
    ImpactRules,
    InstrumentRules,
    ScriptedFault,
    SimExchangeConfig,
    SimMarketConfig,
    TierRule,
)
from nof0_provider_sim.market.rules import instruments_for

MARKETS = [
    pytest.param({"source": "live"}, "one of recorded, synthetic", id="source"),
    pytest.param({"seed": 1}, "seed: only means something with source: synthetic", id="seed"),
    pytest.param({"drift": 0.0}, "drift: only means something", id="drift-even-if-zero"),
    pytest.param(
        {"source": "synthetic", "data": Path("x")},
        "data: only means something with source: recorded",
        id="data",
    ),
    pytest.param({"source": "synthetic", "gaps": "allow"}, "gaps: only means", id="gaps"),
    pytest.param({"source": "synthetic", "interval": "7"}, "not a bar interval", id="interval"),
    pytest.param({"source": "synthetic", "volatility": -1.0}, "must be >= 0", id="volatility"),
    pytest.param(
        {"source": "synthetic", "first_price": {"BTC": 0}},
        "first_price.BTC: must be > 0",
        id="first",
    ),
    pytest.param({"open_interest_usd": Decimal(0)}, "must be > 0", id="open-interest"),
    pytest.param({"data_source": "sql"}, "one of files, database", id="data-source"),
    pytest.param(
        {"data_source": "database", "data": Path("x")},
        "data: only means something with data_source: files",
        id="folder-of-a-database",
    ),
    pytest.param(
        {"database": "sqlite:///x"},
        "database: only means something with data_source: database",
        id="database-of-files",
    ),
    pytest.param({"section": "x"}, "section: only means something", id="section-of-files"),
    pytest.param(
        {"source": "synthetic", "data_source": "database"},
        "data_source: only means something with source: recorded",
        id="synthetic-database",
    ),
]


@pytest.mark.parametrize(("values", "message"), MARKETS)
def test_market_settings_that_make_no_sense(values, message):
    with pytest.raises(ValueError, match=message):
        SimMarketConfig(**values)


EXCHANGES = [
    pytest.param({"initial_balance_usd": Decimal(0)}, "must be > 0", id="balance"),
    pytest.param({"taker_fee_bps": Decimal(-1)}, "must be >= 0", id="taker-rebate"),
    pytest.param({"slippage_bps": Decimal(-1)}, "must be >= 0", id="slippage"),
    pytest.param({"latency": timedelta(seconds=-1)}, "must be >= 0", id="latency"),
    pytest.param({"seed": 1}, "seed: has no effect without latency_sigma", id="seed"),
    pytest.param({"slippage_by_coin": {"BTC": Decimal(-1)}}, "BTC: must be >= 0", id="by-coin"),
    pytest.param({"max_volume_pct": Decimal(101)}, "must be <= 100", id="volume"),
    pytest.param({"queue_probability": 1.5}, "must be <= 1", id="queue"),
    pytest.param({"oracle_band_pct": Decimal(0)}, "must be > 0", id="oracle"),
]


@pytest.mark.parametrize(("values", "message"), EXCHANGES)
def test_exchange_settings_that_make_no_sense(values, message):
    with pytest.raises(ValueError, match=message):
        SimExchangeConfig(**values)


def _tiers(*rows):
    return tuple(
        TierRule(
            lower_bound_usd=Decimal(low),
            max_leverage=top,
            maintenance_rate=Decimal(rate[0]) if rate else None,
        )
        for low, top, *rate in rows
    )


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        pytest.param(_tiers((5, 10)), "start at lower_bound_usd 0", id="not-from-zero"),
        pytest.param(_tiers((0, 10), (9, 5), (7, 3)), "ascend", id="unsorted"),
        pytest.param(_tiers((0, 20)), "must equal max_leverage", id="contradiction"),
        pytest.param(_tiers((0, 10, "0.1")), "above 0 and below 1/10", id="liquidated-at-once"),
        pytest.param(_tiers((0, 10, "0.03"), (9, 5, "0.02")), "0.03, got 0.02", id="falling-rates"),
    ],
)
def test_tiers_that_contradict_themselves(tiers, message):
    with pytest.raises(ValueError, match=message):
        InstrumentRules(size_decimals=1, max_leverage=10, tiers=tiers)


@pytest.mark.parametrize("rate", ["0", "-0.01", "1"])
def test_a_maintenance_rate_is_part_of_the_notional(rate):
    with pytest.raises(ValueError, match="must be [<>]"):
        _tiers((0, 10, rate))


def test_the_maintenance_rates_of_a_section_are_those_of_its_instruments():
    rules = InstrumentRules(
        size_decimals=2, max_leverage=50, tiers=_tiers((0, 50, "0.015"), (1000, 20))
    )
    tiers = instruments_for([Symbol("SOL")], {"SOL": rules})[Symbol("SOL")].tiers
    assert [tier.maintenance for tier in tiers] == [Decimal("0.015"), Decimal("0.025")]


def test_entry_point_module_is_light_to_import():
    code = (
        "import sys, nof0_provider_sim.plugin\n"
        "heavy = {'pyarrow', 'talib', 'yaml', 'cattrs', 'sqlalchemy'} & set(sys.modules)\n"
        "own = [m for m in sys.modules if m.startswith(('nof0_provider_sim.market', "
        "'nof0_provider_sim.exchange'))]\n"
        "print(sorted(heavy), own)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


FAULTS_REFUSED = [
    pytest.param(lambda: FaultRules(duplicate=1.1), "must be <= 1", id="probability"),
    pytest.param(lambda: ScriptedFault(fault="nap", nth=1), "must be one of", id="unknown"),
    pytest.param(lambda: ScriptedFault(fault="duplicate", nth=0), "must be >= 1", id="nth"),
    pytest.param(lambda: ImpactRules(coins={"X": Decimal(-1)}), "X: must be >= 0", id="impact"),
    pytest.param(lambda: ImpactRules(major_coins=("X", "X")), "X is named twice", id="majors"),
]


@pytest.mark.parametrize(("make", "message"), FAULTS_REFUSED)
def test_faults_and_impact_that_make_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "settings",
    [
        {"latency_sigma": 0.5},
        {"queue_probability": 0.5},
        {"faults": FaultRules(stale_mark=0.1)},
    ],
    ids=["latency", "queue", "faults"],
)
def test_a_seed_is_taken_where_something_is_drawn(settings):
    assert SimExchangeConfig(seed=1, **settings).seed == 1


def test_every_fault_has_a_key_and_every_key_a_fault():
    from nof0_provider_sim.config import FAULTS
    from nof0_provider_sim.exchange.faults import Fault

    assert [fault.value for fault in Fault] == list(FAULTS)
