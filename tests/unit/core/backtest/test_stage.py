"""Live markets and venues have no place in a backtest."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nof0_core.backtest.stage import Source, staged
from nof0_core.backtest.window import Window
from nof0_core.errors import UsageError
from nof0_core.project import load_config

ROOT = Path(__file__).parents[4]
BUNDLED = ROOT / "nof0-provider-sim/src/nof0_provider_sim/data/hyperliquid_2025_07"
START = datetime(2025, 7, 23, tzinfo=UTC)
LIVE = '''
"""A live market and a venue that must never be opened."""
from contextlib import asynccontextmanager
from decimal import Decimal

import attrs

from nof0_core import ExchangeKind, ServiceKind, hookimpl, opt


@attrs.frozen(kw_only=True)
class Config:
    key: str = opt(default="none", secret=True)


@asynccontextmanager
async def never(config, env):
    raise AssertionError("a venue was opened")
    yield


@hookimpl
def nof0_market_providers():
    return [ServiceKind(type="far", config=Config, open=never, summary="x")]


@hookimpl
def nof0_exchange_providers():
    return [
        ExchangeKind(
            type="far", config=Config, open=never, summary="x", taker_fee_bps=lambda _: Decimal(7)
        )
    ]
'''


@pytest.fixture
def live(place):
    place.plugin(LIVE)
    place.write(
        "exchange.yaml", "default: far\nproviders: {far: {type: far}, other: {type: sim}}\n"
    )
    place.write(
        "market.yaml",
        """
        default: venue
        providers: {venue: {type: far}}
        symbols: [BTC, ETH]
        intervals: [3m, 4h]
        indicators: [ema20, ema50, macd, rsi7, rsi14, atr3, atr14]
        """,
    )
    place.replace("nof0.yaml", "Clock:\n", "Unused:\n")
    text = (place.directory / "etc" / "nof0.yaml").read_text()
    kept, skip = [], False
    for line in text.splitlines():
        skip = line == "Unused:" or (skip and line.startswith("  "))
        if not skip:
            kept.append(line)
    place.write("nof0.yaml", "\n".join(kept) + "\n")
    return place


def test_a_live_market_without_history_is_refused_with_the_ways_out(live):
    with pytest.raises(UsageError, match=r"market venue \(far\) is live") as caught:
        live.run()
    told = " ".join(caught.value.hints)
    assert "nof0 data download CONFIG venue" in told
    assert "--data DIR" in told
    assert not (live.directory / "data").exists()


def test_downloaded_history_and_a_paper_account_take_their_place(live):
    shutil.copytree(BUNDLED, live.directory / "data" / "history" / "venue")

    result = live.run()

    assert result.is_complete
    assert any("in the place of far, taker fee 7 bps" in one for one in result.assumptions)
    assert any(flag.startswith("market venue: coin rules") for flag in result.flags)


def test_what_is_staged_writes_to_its_folder_alone_and_exports_nothing(live, tmp_path):
    shutil.copytree(BUNDLED, live.directory / "data" / "history" / "venue")
    config = load_config(live.config)
    window = Window(START, START + timedelta(hours=1))

    made = staged(config, window, Source(), tmp_path / "run")

    assert made.exporters == ()
    places = {made.state_dir, made.state_file.parent, made.data_path.parent}
    assert places == {tmp_path / "run"}
    assert {section.kind.type for section in made.exchanges.values()} == {"sim"}
    assert {section.kind.type for section in made.markets.values()} == {"sim"}
    assert made.digest != config.digest
    assert made.document["Exchange"]["providers"]["far"]["type"] == "sim"
