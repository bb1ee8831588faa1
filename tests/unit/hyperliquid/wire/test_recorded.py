"""Answers the venue gave, and what they mean: looked up once by hand, never computed."""

import gzip
import json
from decimal import Decimal as D
from pathlib import Path

import numpy as np
import pytest

from nof0_core.domain.candles import from_ms
from nof0_core.domain.instrument import MarginTier
from nof0_core.errors import DataError
from nof0_provider_hyperliquid.wire.book import read_book
from nof0_provider_hyperliquid.wire.candles import candles, closed, read_bars
from nof0_provider_hyperliquid.wire.contexts import read_context, read_contexts
from nof0_provider_hyperliquid.wire.funding import by_hour, read_rates
from nof0_provider_hyperliquid.wire.meta import read_universe
from nof0_provider_hyperliquid.wire.status import read_time

DATA = Path(__file__).parents[3] / "data/hyperliquid"


def recorded(name):
    path = DATA / name
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return json.loads(body)


@pytest.fixture(scope="module")
def documented():
    return recorded("samples/doc_samples.json")


def test_universe_of_the_documentation(documented):
    universe = read_universe(documented["meta"]["response"], "")
    assert not universe.faults
    btc = universe.asset("BTC").instrument
    assert (btc.size_decimals, btc.price_decimals, btc.price_figures) == (5, 1, 5)
    assert (btc.max_leverage, btc.min_notional, btc.tiers) == (50, 10, ())
    assert universe.asset("HPOS").is_isolated
    assert [*universe.instruments()] == ["BTC", "ETH", "HPOS"]
    with pytest.raises(DataError, match="LOOM is delisted"):
        universe.asset("LOOM")
    with pytest.raises(DataError, match="no perpetual NOSUCHCOIN"):
        universe.asset("NOSUCHCOIN")


def test_universe_of_2023():
    universe = read_universe(recorded("cassettes/meta_20230717.json"), "")
    assert len(universe.instruments()) == 28
    assert universe.asset("kPEPE").instrument.price_decimals == 6
    assert universe.asset("APT").index == 27


def test_keys_that_are_null_mean_nothing():
    universe = read_universe(recorded("samples/nt_http_meta_perp_sample.json"), "")
    assert [(a.symbol, a.is_delisted, a.is_isolated) for a in universe.assets.values()] == [
        ("BTC", False, False),
        ("ETH", False, False),
        ("ATOM", False, False),
    ]


def test_dexes_of_builders_and_what_they_settle_in():
    main, km, hyna = recorded("samples/nt_http_all_perp_metas_non_usdc_collateral.json")
    assert read_universe(main, "").collateral == 0
    universe = read_universe(km, "km")
    assert universe.collateral == 360
    assert universe.asset("US500").coin == "km:US500"
    assert [*read_universe(hyna, "hyna").instruments()] == ["BTC"]


def test_margin_tiers_have_half_the_rate_of_their_leverage():
    meta = {
        "universe": [
            {"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "marginTableId": 56},
            {"name": "SMALL", "szDecimals": 1, "maxLeverage": 3, "marginTableId": 3},
        ],
        "marginTables": [
            [
                56,
                {
                    "description": "tiered 40x",
                    "marginTiers": [
                        {"lowerBound": "0.0", "maxLeverage": 40},
                        {"lowerBound": "150000000.0", "maxLeverage": 20},
                    ],
                },
            ]
        ],
        "collateralToken": 0,
    }
    universe = read_universe(meta, "")
    assert universe.asset("BTC").instrument.tiers == (
        MarginTier(lower_bound=D("0.0"), max_leverage=40),
        MarginTier(lower_bound=D("150000000.0"), max_leverage=20),
    )
    # 150 million at 1.25 %, and 20x beyond: 2.5 % less what the first 150 million need less.
    assert universe.asset("BTC").instrument.maintenance_schedule == (
        (D(0), D("0.0125"), D(0)),
        (D(150_000_000), D("0.025"), D(1_875_000)),
    )
    assert universe.asset("SMALL").instrument.tiers[0].maintenance * 6 == pytest.approx(1)


def test_contexts_of_the_documentation(documented):
    contexts = read_contexts(documented["metaAndAssetCtxs"]["response"], "")
    assert not contexts.faults
    btc = contexts.of["BTC"]
    assert (btc.mark, btc.mid, btc.oracle) == (D("14.3161"), D("14.314"), D("14.32"))
    assert (btc.funding_rate, btc.open_interest) == (D("0.0000125"), D("688.11"))
    assert btc.day_volume_usd == D("1169046.29406")


def test_contexts_of_all_dexes_of_2026():
    dexes = recorded("samples/nt_ws_all_dexs_asset_ctxs.json.gz")["data"]["ctxs"]
    read = {dex: [read_context(each) for each in contexts] for dex, contexts in dexes}
    assert sum(map(len, read.values())) == 412
    btc = read[""][0]
    assert (btc.mark, btc.mid, btc.oracle) == (D("77562.0"), D("77558.5"), D("77605.0"))
    assert btc.funding_rate == D("-0.0000015186")
    assert btc.open_interest == D("27353.17682")
    assert btc.day_volume_usd == D("1516669192.1953897476")
    # Nothing waits in the book of the fourth; its mid is the mark.
    assert (read[""][3].mark, read[""][3].mid) == (D("0.37621"), D("0.37621"))


def test_book_of_2023():
    book = read_book(recorded("cassettes/l2Book_20230717.json"), "DYDX", "DYDX")
    assert book.time == from_ms(1689630203930)
    assert (len(book.bids), len(book.asks)) == (20, 20)
    assert (book.bids[0].price, book.bids[0].size) == (D("2.111"), D("134.4"))
    assert (book.asks[-1].price, book.asks[-1].size) == (D("2.1518"), D("62.0"))


def test_levels_without_a_count():
    book = read_book(recorded("samples/nt_http_l2_book_btc.json"), "BTC", "BTC")
    assert (book.bids[0].price, book.asks[0].price) == (110427, 110428)


def test_bars_of_2023():
    bars = read_bars(recorded("cassettes/candleSnapshot_20230717.json"), "kPEPE", "1h")
    # The newest has nothing behind it: it may have been open.
    done = candles("1h", closed(bars, "1h"))
    assert len(done) == 23
    assert done.open_time[0] == 1684699200000
    assert (done.open[0], done.high[0], done.low[0], done.close[0]) == (
        0.001601,
        0.001616,
        0.001601,
        0.001604,
    )
    assert done.volume[0] == 520665683.0
    assert (np.diff(done.open_time) == 3_600_000).all()
    end = 1684782000000 + 3_600_000
    assert len(closed(bars, "1h", end + 1_999)) == 23
    assert closed(bars, "1h", end + 2_000)[-1] == (
        1684782000000,
        0.001538,
        0.001548,
        0.001536,
        0.00154,
        308219489.0,
    )


def test_funding_of_2023():
    rates = read_rates(recorded("cassettes/fundingHistory_20230717.json.gz"), "BTC")
    hours = by_hour(rates, "BTC")
    assert len(rates) == len(hours) == 1038
    assert rates[0] == (1683849600048, -0.00061334)
    assert hours[1683849600000] == -0.00061334
    assert all(hour % 3_600_000 == 0 for hour in hours)
    assert hours[max(hours)] == 0.0000125


def test_a_rate_without_a_premium():
    rates = read_rates(recorded("samples/nt_http_funding_history.json"), "BTC")
    assert rates[-1] == (1769916000000, 0.0000033)


def test_time_of_the_venue(documented):
    assert read_time(documented["exchangeStatus"]["response"]) > 1_700_000_000_000
