"""Fees by volume, discounts and rebates, with the arithmetic beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_DOWN
from decimal import Decimal as D

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.clock import SimulatedClock
from nof0_core.domain.candles import to_ms
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderRequest, Side
from nof0_core.ids import Symbol
from nof0_core.testing import HandMarket, env
from nof0_provider_sim import plugin
from nof0_provider_sim.config import FeeTier, ImpactRules, SimExchangeConfig
from nof0_provider_sim.exchange.fees import Fees, Turnover, fees_of

DAY = 86_400_000
NO_IMPACT = ImpactRules(major_bps=D(0), other_bps=D(0))
NOW = to_ms(datetime(2025, 7, 16, 12, 0, tzinfo=UTC))


def _turnover(*entries):
    made = Turnover()
    for days_ago, usd in entries:
        made.add(NOW - days_ago * DAY, D(usd))
    return made


@pytest.mark.parametrize(
    ("volume", "taker", "maker"),
    [
        (0, "4.5", "1.5"),
        (5_000_000, "4.5", "1.5"),
        (5_000_001, "4", "1.2"),
        (25_000_001, "3.5", "0.8"),
        (100_000_001, "3", "0.4"),
        (500_000_001, "2.8", "0"),
        (2_000_000_001, "2.6", "0"),
        (7_000_000_001, "2.4", "0"),
    ],
)
def test_rates_fall_with_volume_as_the_venue_publishes_them(volume, taker, maker):
    turnover = _turnover((1, volume))
    assert Fees().rate_bps(turnover, NOW, is_taker=True) == D(taker)
    assert Fees().rate_bps(turnover, NOW, is_taker=False) == D(maker)


def test_only_the_fourteen_full_days_before_count():
    turnover = _turnover((0, 1000), (1, 20), (14, 300), (15, 4000))
    assert turnover.recent(NOW) == 320
    assert turnover.total == 5320


@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(1, 10**6)), max_size=30)
)
def test_what_was_asked_before_changes_nothing_of_what_counts(steps):
    """Also where time goes on from one question to the next, and executions come between them."""
    turnover, traded, day = Turnover(), [], 0
    for is_trade, days, usd in steps:
        day += days
        if is_trade:
            turnover.add(day * DAY, D(usd))
            traded.append((day, usd))
        for later in (0, 1, 15):
            wanted = sum(usd for on, usd in traded if day + later - 14 <= on < day + later)
            # Time never goes back at the venue: what is older than that may be forgotten.
            assert turnover.recent((day + later) * DAY + 1) == wanted


def test_fee_is_cut_to_six_decimals():
    # 0.001 BTC at 66,653, maker: 0.00999795, charged 0.009997 (a fee the venue really took).
    assert Fees().fee(D(66_653), D("0.001"), Turnover(), NOW, is_taker=False) == D("0.009997")


def test_flat_rates_take_the_place_of_the_tiers():
    fees = Fees(taker_fee_bps=D(3), maker_fee_bps=D(-1))
    turnover = _turnover((1, 10**9))
    # 2,000 x 3 bps; a rebate of 1 bp, cut toward zero
    assert fees.fee(D(1000), D(2), turnover, NOW, is_taker=True) == D("0.6")
    assert fees.fee(D("0.01999"), D(1), turnover, NOW, is_taker=False) == D("-0.000001")


def test_discounts_follow_each_other_and_leave_rebates_alone():
    fees = Fees(maker_fee_bps=D(-1), staking_discount_pct=D(20), referral_discount_pct=D(4))
    # 4.5 x 0.8 x 0.96
    assert fees.rate_bps(Turnover(), NOW, is_taker=True) == D("3.456")
    assert fees.rate_bps(Turnover(), NOW, is_taker=False) == -1
    # Above 25M the referral ends; long ago, so the tier is still the first: 4.5 x 0.8
    assert fees.rate_bps(_turnover((90, 25_000_000)), NOW, is_taker=True) == D("3.6")


def test_own_tiers_reach_the_exchange_and_bad_ones_are_refused():
    first = FeeTier(volume_usd=D(0), taker_fee_bps=D(9), maker_fee_bps=D(8))
    assert Fees(tiers=(first,)).rate_bps(Turnover(), NOW, is_taker=True) == 9
    later = FeeTier(volume_usd=D(10), taker_fee_bps=D(9), maker_fee_bps=D(8))
    with pytest.raises(ValueError, match="must start at volume_usd 0"):
        SimExchangeConfig(fee_tiers=(later,))
    with pytest.raises(ValueError, match="has no effect beside"):
        SimExchangeConfig(fee_tiers=(first,), taker_fee_bps=D(1), maker_fee_bps=D(1))


@pytest.mark.anyio
async def test_yesterdays_volume_lowers_todays_fee_also_after_a_restart(open_desk):
    tiers = (
        FeeTier(volume_usd=D(0), taker_fee_bps=D(10), maker_fee_bps=D(0)),
        FeeTier(volume_usd=D(500), taker_fee_bps=D(5), maker_fee_bps=D(0)),
    )
    rows = [(100, 100, 100, 100)] * 1500
    async with open_desk(*rows, fee_tiers=tiers, slippage_bps=D(0)) as desk:
        await desk.buy("6")
        # 600 x 10 bps; the impact of the order moves the price a little
        first = await desk.last_fill()
        assert first.fee == (first.price * 6 / 1000).quantize(D("1E-6"), ROUND_DOWN)
        await desk.clock.sleep_until(datetime(2025, 7, 17, 0, 1, tzinfo=UTC))
        clock = desk.clock
        counter = desk.counter
    async with open_desk(*rows, fee_tiers=tiers, slippage_bps=D(0), clock=clock) as desk:
        desk.counter = counter
        await desk.sell("6")
        fill = await desk.last_fill()
        assert fill.fee == (fill.price * 6 / 2000).quantize(D("1E-6"), ROUND_DOWN)


def _coin(taker, maker):
    return Instrument(
        symbol=Symbol("TSLA"),
        size_decimals=3,
        price_decimals=3,
        max_leverage=10,
        taker_fee_bps=taker,
        maker_fee_bps=maker,
    )


@pytest.mark.parametrize(
    ("told", "volume", "taker", "maker"),
    [
        ((D(9), D(3)), 0, "9", "3"),
        ((D(9), D(3)), 25_000_001, "7", "1.6"),
        ((D("0.9"), D("0.3")), 0, "0.9", "0.3"),
        ((D("4.5"), D("1.5")), 25_000_001, "3.5", "0.8"),
        ((D(5), D(-1)), 25_000_001, "3.888888888888888888888888888889", "-1"),
        ((None, None), 25_000_001, "3.5", "0.8"),
    ],
)
def test_fees_the_market_states_take_the_place_of_the_tables(told, volume, taker, maker):
    fees, turnover = fees_of(SimExchangeConfig()), _turnover((1, volume))
    for is_taker, expected in ((True, taker), (False, maker)):
        rate = fees.rate_bps(turnover, NOW, is_taker=is_taker, instrument=_coin(*told))
        assert rate.quantize(D("1E-12")) == D(expected).quantize(D("1E-12"))


@pytest.mark.parametrize(
    "own",
    [
        {"taker_fee_bps": D(2), "maker_fee_bps": D(2)},
        {"fee_tiers": (FeeTier(volume_usd=D(0), taker_fee_bps=D(2), maker_fee_bps=D(2)),)},
    ],
)
def test_fees_of_the_section_go_before_those_of_the_market(own):
    fees = fees_of(SimExchangeConfig(**own))
    for is_taker in (True, False):
        assert fees.rate_bps(Turnover(), NOW, is_taker=is_taker, instrument=_coin(D(9), D(3))) == D(
            2
        )


@pytest.mark.anyio
async def test_a_fill_pays_what_the_market_says_its_coin_costs(tmp_path):
    clock = SimulatedClock(datetime(2025, 7, 16, 12, tzinfo=UTC))

    class Dear(HandMarket):
        async def instruments(self):
            found = dict(await super().instruments())
            found["ETH"] = attrs.evolve(found["ETH"], taker_fee_bps=D(9), maker_fee_bps=D(3))
            return found

    kind = plugin.nof0_exchange_providers()[0]
    made = env(clock=clock, data_dir=tmp_path, markets={"m": Dear(clock)})
    config = SimExchangeConfig(slippage_bps=D(0), impact=NO_IMPACT)
    async with made as given, kind.open(config, given) as exchange:
        for symbol, limit in (("ETH", 2600), ("BTC", 110_000)):
            order = OrderRequest(
                client_id=f"0x{symbol}",
                symbol=symbol,
                side=Side.BUY,
                size=D("0.1"),
                limit_price=D(limit),
            )
            await exchange.place([order], expires_at=None)
        fills = await exchange.fills(clock.now())
    # 0.1 x 2,500 x 9 bps, and 0.1 x 100,000 x 4.5 bps where the market says nothing
    assert [fill.fee for fill in fills] == [D("0.225"), D("4.5")]
