"""Answers and messages of the rehearsal venue have the shape of those that were recorded."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from nof0_core.domain.candles import to_ms
from nof0_provider_hyperliquid.rehearsal.info import MarketInfo
from nof0_provider_hyperliquid.rehearsal.listing import ASSETS
from nof0_provider_hyperliquid.rehearsal.market import VenueMarket
from nof0_provider_hyperliquid.rehearsal.venue import START

DATA = Path(__file__).parents[3] / "data/hyperliquid"
SAMPLES = json.loads((DATA / "samples/doc_samples.json").read_text())
NOW = to_ms(START)
OPTIONAL = {"isDelisted", "onlyIsolated", "marginMode", "growthMode", "lastGrowthModeChangeTime"}
"""Keys of a universe's entry that most coins do not have."""


def differences(ours, recorded, where="$"):
    """Yield where a recorded value has a key or a type that ours has not."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        for key in recorded.keys() - OPTIONAL:
            if key in ours:
                yield from differences(ours[key], recorded[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is missing"
    elif isinstance(recorded, list) and isinstance(ours, list):
        if recorded and not ours:
            yield f"{where} is empty"
        for mine, other in zip(ours, recorded, strict=False):
            yield from differences(mine, other, f"{where}[]")
    elif type(ours) is not type(recorded):
        yield f"{where} is {type(ours).__name__}, recorded {type(recorded).__name__}"


@pytest.fixture(scope="module")
def info():
    listed = [each for each in ASSETS if not each.is_delisted]
    return MarketInfo(market=VenueMarket(seed=3, start_ms=NOW - 30 * 3_600_000, assets=listed))


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("meta", {"type": "meta", "dex": ""}),
        ("metaAndAssetCtxs", {"type": "metaAndAssetCtxs"}),
        ("spotMeta", {"type": "spotMeta"}),
        ("l2Book", {"type": "l2Book", "coin": "BTC"}),
        (
            "candleSnapshot",
            {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "15m", "startTime": 0}},
        ),
        ("exchangeStatus", {"type": "exchangeStatus"}),
        ("fundingHistory", {"type": "fundingHistory", "coin": "ETH", "startTime": 0}),
    ],
)
def test_answers_are_shaped_like_the_documented_ones(info, name, request_):
    _, ours = info.answer(request_, NOW)
    assert list(differences(ours, SAMPLES[name]["response"])) == []


def test_contexts_have_just_the_keys_of_recorded_ones(info):
    path = DATA / "samples/nt_ws_all_dexs_asset_ctxs.json.gz"
    [[_, recorded], *_] = json.loads(gzip.decompress(path.read_bytes()))["data"]["ctxs"]
    _, (_, ours) = info.answer({"type": "metaAndAssetCtxs"}, NOW)
    assert all(set(context) == set(recorded[0]) for context in ours)
    assert list(differences(ours[0], recorded[0])) == []


def test_dexes_name_the_token_that_their_margin_is_held_in():
    path = DATA / "samples/nt_http_all_perp_metas_non_usdc_collateral.json"
    recorded = json.loads(path.read_text())
    assets = [evolve(each, collateral="USDH") if each.dex else each for each in ASSETS]
    market = VenueMarket(seed=3, start_ms=NOW, assets=assets)
    _, ours = MarketInfo(market=market).answer({"type": "allPerpMetas"}, NOW)
    assert [meta["collateralToken"] for meta in ours] == [0, 360]
    assert list(differences(ours, recorded)) == []


def test_no_two_tables_of_tiers_have_the_same_number(info):
    _, metas = info.answer({"type": "allPerpMetas"}, NOW)
    for meta in metas:
        for number, table in meta["marginTables"]:
            assert info.answer({"type": "marginTable", "id": number}, NOW) == (True, table)


def test_a_stale_mark_stands_still_while_trading_goes_on(info):
    market = VenueMarket(seed=3, start_ms=NOW)
    market.stale_marks["BTC"] = NOW
    later = NOW + 7 * 60_000
    assert market.mark("BTC", later) == market.mark("BTC", NOW)
    assert market.oracle("BTC", later) == market.oracle("BTC", NOW)
    assert market.mid("BTC", later) != market.mid("BTC", NOW)
    market.stale_marks.clear()
    assert market.mark("BTC", later) != market.mark("BTC", NOW)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "subscription"),
    [
        ("allMids", {"type": "allMids"}),
        ("bbo", {"type": "bbo", "coin": "BTC"}),
        ("trades", {"type": "trades", "coin": "BTC"}),
        ("candle", {"type": "candle", "coin": "BTC", "interval": "1m"}),
        ("activeAssetCtx", {"type": "activeAssetCtx", "coin": "BTC"}),
    ],
)
async def test_messages_are_shaped_like_recorded_ones(venue, dial, name, subscription):
    line = await dial()
    await line.subscribe(**subscription)
    ack, first = [await line.hear() for _ in range(2)]
    assert ack == ("subscriptionResponse", {"method": "subscribe", "subscription": subscription})
    await venue.advance(timedelta(minutes=1), beat=timedelta(minutes=1))
    news = await line.hear()
    for channel, data in (first, news):
        assert channel == name
        assert list(differences(data, SAMPLES["ws"][name]["data"])) == []
