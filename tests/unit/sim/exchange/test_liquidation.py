"""Liquidations by hand: ETH, 25x at most, so maintenance margin is 2 % of notional.

No fees and no slippage unless a test says so, so that every number can be followed on paper.
"""

from __future__ import annotations

import csv
import shutil
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_UP
from decimal import Decimal as D
from pathlib import Path

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderRequest, OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.position import MarginMode
from nof0_core.errors import RejectedError
from nof0_core.ids import Symbol
from nof0_core.testing.environment import env as make_env
from nof0_core.testing.market import HandMarket
from nof0_provider_sim import plugin
from nof0_provider_sim.config import ImpactRules, SimExchangeConfig, SimMarketConfig

pytestmark = pytest.mark.anyio
CANDLES = Path(__file__).parents[3] / "data/candles"
VECTORS = Path(__file__).parents[3] / "data/hyperliquid/liquidation_vectors.csv"
RECORDED = list(csv.DictReader(VECTORS.read_text().splitlines()))
CROSS, ISOLATED = MarginMode.CROSS, MarginMode.ISOLATED
NOON = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)
FREE = {
    "taker_fee_bps": D(0),
    "maker_fee_bps": D(0),
    "slippage_bps": D(0),
    "impact": ImpactRules(major_bps=D(0), other_bps=D(0)),
    "default_funding_rate": D(0),
}


def _config(**changes):
    return FREE | changes


async def _only_fill(desk):
    (_, fill) = await desk.exchange.fills(desk.clock.now() - timedelta(days=1))
    return fill


async def test_long_is_closed_where_its_maintenance_margin_is_reached(open_desk):
    # 500 ETH at 100 with 4,000 USD. Equity 4000 + 500 (p - 100) meets 2 % of 500 p at
    # 490 p = 46000, p = 93.8775510204.
    async with open_desk((100, 100, 93, 95), **_config(initial_balance_usd=D(4000))) as desk:
        await desk.buy("500")
        (position,) = list((await desk.exchange.report()).positions)
        assert position.liquidation_price == D("93.8775510204")
        await desk.bars()
        fill = await _only_fill(desk)
        # Sold at that price on the tick below, 93.87.
        assert (fill.price, fill.size, fill.side) == (D("93.87"), 500, Side.SELL)
        assert fill.is_liquidation
        assert fill.client_id is None
        account = (await desk.exchange.report()).account
        # 4000 + 500 x (93.87 - 100)
        assert account.equity == D(935)
        assert list((await desk.exchange.report()).positions) == []
        assert [name for name, _ in _told(desk)] == ["position liquidated"]


async def test_short_is_closed_at_the_high(open_desk):
    # 4000 + 500 (100 - p) = 2 % of 500 p at 510 p = 54000, p = 105.882352941...
    async with open_desk((100, 106, 100, 101), **_config(initial_balance_usd=D(4000))) as desk:
        await desk.sell("500")
        await desk.bars()
        fill = await _only_fill(desk)
        assert (fill.price, fill.side) == (D("105.89"), Side.BUY)
        # 4000 + 500 x (100 - 105.89)
        assert (await desk.exchange.report()).account.equity == D(1055)


async def test_one_tick_above_nothing_happens(open_desk):
    async with open_desk((100, 100, 93.88, 95), **_config(initial_balance_usd=D(4000))) as desk:
        await desk.buy("500")
        await desk.bars()
        assert (await desk.exchange.report()).positions[0].quantity == 500


async def test_of_a_big_position_a_fifth_goes_first_and_may_be_enough(open_desk):
    # 2,000 ETH (200,000 USD) with 20,000: 20000 + 2000 (p - 100) = 2 % of 2000 p at
    # 1960 p = 180000, p = 91.836734...; 20 % are sold at 91.83. What is left, 1,600, would go
    # where 20000 - 400 x 8.17 + 1600 (p - 100) = 32 p, p = 91.3699: the low is above it.
    bars = [(100, 100, 91.5, 95), (95, 95, 95, 95)]
    async with open_desk(*bars, **_config(initial_balance_usd=D(20_000))) as desk:
        await desk.buy("2000")
        await desk.bars(2)
        fill = await _only_fill(desk)
        assert (fill.price, fill.size) == (D("91.83"), 400)
        assert (await desk.exchange.report()).positions[0].quantity == 1600
        # 20000 + 400 x (91.83 - 100) + 1600 x (95 - 100)
        assert (await desk.exchange.report()).account.equity == D(8732)


async def test_within_the_cool_down_the_whole_position_goes(open_desk):
    async with open_desk((100, 100, 91, 95), **_config(initial_balance_usd=D(20_000))) as desk:
        await desk.buy("2000")
        await desk.bars()
        _, first, second = await desk.exchange.fills(desk.clock.now() - timedelta(days=1))
        assert (first.size, second.size) == (400, 1600)
        # 20000 - 400 x 8.17 + 1600 (p - 100) = 32 p, 1568 p = 143268, p = 91.3699
        assert second.price == D("91.36")


async def test_after_a_gap_below_two_thirds_the_venue_takes_everything(open_desk):
    # At an open of 92.5 equity is 4000 - 500 x 7.5 = 250, maintenance 925: far below 2/3.
    async with open_desk((92.5, 93, 92, 93), **_config(initial_balance_usd=D(4000))) as desk:
        await desk.buy("500")
        await desk.bars()
        fill = await _only_fill(desk)
        assert (fill.price, fill.fee) == (D("92.5"), D(250))
        account = (await desk.exchange.report()).account
        assert (account.equity, account.raw_usd) == (0, 0)


async def test_what_the_account_cannot_pay_is_the_venues_loss_and_on_record(open_desk, tmp_path):
    # At 90 the account is 1,000 USD short.
    async with open_desk((90, 93, 90, 93), **_config(initial_balance_usd=D(4000))) as desk:
        await desk.buy("500")
        await desk.bars()
        assert (await _only_fill(desk)).fee == D(-1000)
        assert (await desk.exchange.report()).account.equity == 0
        assert '"debt":"1000.000000"' in (tmp_path / "paper/paper_account.jsonl").read_text()
        assert _told(desk)[0][1]["debt"] == "1000"


async def test_stop_before_the_liquidation_price_saves_the_margin(open_desk):
    async with open_desk((100, 100, 93, 95), **_config(initial_balance_usd=D(4000))) as desk:
        await desk.buy("500")
        await desk.exit("stop", "sell", "500", "95", "80")
        await desk.bars()
        fill = await _only_fill(desk)
        assert (fill.price, fill.is_liquidation) == (D(95), False)


async def test_stop_behind_the_liquidation_price_comes_too_late(open_desk):
    async with open_desk((100, 100, 90, 95), **_config(initial_balance_usd=D(4000))) as desk:
        await desk.buy("500")
        stop = await desk.exit("stop", "sell", "500", "93", "80")
        await desk.bars()
        fill = await _only_fill(desk)
        assert (fill.price, fill.is_liquidation) == (D("93.87"), True)
        order = await desk.order(stop)
        assert (order.status, order.reason) == (OrderStatus.CANCELED, "liquidatedCanceled")


async def test_position_opened_inside_a_bar_is_judged_by_its_close(open_desk):
    async with open_desk((100, 100, 90, 95), **_config(initial_balance_usd=D(4000))) as desk:
        await desk.clock.sleep_until(desk.clock.now() + timedelta(seconds=30))
        await desk.buy("500")
        await desk.bars()
        assert (await desk.exchange.report()).positions[0].quantity == 500


async def test_funding_can_be_what_breaks_it(open_desk):
    # Equity 4000 - 500 x 6 = 1000 against 940 at 94; 0.5 % of 47,000 takes 235 away.
    start = NOON.replace(hour=12, minute=59)
    rows = [(94, 94, 94, 94), (94, 94, 94, 94)]
    settings = _config(initial_balance_usd=D(4000), default_funding_rate=D("0.005"))
    async with open_desk(*rows, start=start, **settings) as desk:
        await desk.buy("500")
        await desk.bars()
        fill = await _only_fill(desk)
        assert fill.is_liquidation
        assert fill.price == 94
        assert (await desk.exchange.report()).account.equity == 765


async def test_cross_positions_are_liquidated_together(open_desk):
    # 300 ETH and 40 BTC at 100 each, both falling evenly, with 3,000 USD. Maintenance is 2 % for
    # ETH and 1.25 % for BTC: 3000 - 340 d = 6.5 (100 - d), 333.5 d = 2350, d = 7.0464...
    # ETH binds more margin and goes first, at 92.95; then BTC has enough:
    # 3000 - 300 x 7.05 - 40 x 8 = 565.
    fall = (100, 100, 92, 92)
    settings = _config(initial_balance_usd=D(3000))
    async with open_desk(fall, bars={"BTC": [fall]}, **settings) as desk:
        await desk.buy("300")
        await desk.buy("40", symbol="BTC")
        await desk.bars()
        (position,) = list((await desk.exchange.report()).positions)
        assert (position.symbol, position.quantity) == ("BTC", 40)
        assert (await desk.exchange.fills(NOON))[-1].price == D("92.95")
        assert (await desk.exchange.report()).account.equity == D(565)


async def test_after_a_gap_all_cross_positions_are_taken_over_with_what_is_left(open_desk):
    # At 91.5 equity is 3000 - 340 x 8.5 = 110, maintenance (6 + 0.5) x 91.5 = 594.75: below 2/3.
    # BTC takes 40/340 of the 110, cut to 12.941176, ETH the rest.
    fall = (91.5, 92, 91, 92)
    settings = _config(initial_balance_usd=D(3000))
    async with open_desk(fall, bars={"BTC": [fall]}, **settings) as desk:
        await desk.buy("300")
        await desk.buy("40", symbol="BTC")
        await desk.bars()
        forced = [fill for fill in await desk.exchange.fills(NOON) if fill.is_liquidation]
        assert [(fill.symbol, fill.price, fill.fee) for fill in forced] == [
            ("BTC", D("91.5"), D("12.941176")),
            ("ETH", D("91.5"), D("97.058824")),
        ]
        account = (await desk.exchange.report()).account
        assert (account.equity, list((await desk.exchange.report()).positions)) == (0, [])


async def test_hedge_is_not_liquidated_by_a_common_fall(open_desk):
    bars = {"BTC": [(100, 100, 80, 80)]}
    settings = _config(initial_balance_usd=D(3000))
    async with open_desk((100, 100, 80, 80), bars=bars, **settings) as desk:
        await desk.buy("200")
        await desk.sell("200", symbol="BTC")
        await desk.bars()
        assert len((await desk.exchange.report()).positions) == 2


def _told(desk):
    return [(event, values) for _, event, values in desk.log.lines if "liquidated" in event]


# --- isolated margin ------------------------------------------------------------------------------


async def test_isolated_margin_is_taken_at_open_less_the_fee(open_desk):
    # 10 ETH at 100 and 5x: 200 from the account; the fee of 0.45 comes out of the margin.
    async with open_desk(**_config(taker_fee_bps=D("4.5"))) as desk:
        await desk.exchange.set_leverage("ETH", 5, ISOLATED)
        await desk.buy("10")
        (position,) = list((await desk.exchange.report()).positions)
        assert (position.margin_used, position.margin_mode) == (D("199.55"), ISOLATED)
        account = (await desk.exchange.report()).account
        assert (account.equity, account.available) == (D("9999.55"), D(9800))
        # raw -800.45: price = 800.45 / (10 x 0.98)
        assert position.liquidation_price == D("81.6785714286")


async def test_isolated_margin_comes_back_in_proportion(open_desk):
    async with open_desk((110, 110, 110, 110), **_config()) as desk:
        await desk.exchange.set_leverage("ETH", 5, ISOLATED)
        await desk.buy("10")
        await desk.bars()
        await desk.sell("4")
        (position,) = list((await desk.exchange.report()).positions)
        # 200 + 10 x 10 = 300 at 110; six tenths of it stay, 120 are free again.
        assert position.margin_used == D(180)
        account = (await desk.exchange.report()).account
        assert (account.equity, account.available) == (D(10_100), D(9920))


async def test_isolated_liquidation_leaves_the_rest_alone(open_desk):
    # 100 ETH at 10x: margin 1000. 1000 + 100 (p - 100) = 2 p at 98 p = 9000, p = 91.8367...
    async with open_desk(
        (100, 100, 90, 90), bars={"BTC": [(100, 100, 99, 99)]}, **_config()
    ) as desk:
        await desk.exchange.set_leverage("ETH", 10, ISOLATED)
        await desk.buy("100")
        await desk.buy("10", symbol="BTC")
        waiting = await desk.rest("buy", "1", "80", symbol="BTC")
        await desk.bars()
        (position,) = list((await desk.exchange.report()).positions)
        assert position.symbol == "BTC"
        assert (await desk.order(waiting)).status is OrderStatus.RESTING
        # 10000 + 100 x (91.83 - 100) - 10
        assert (await desk.exchange.report()).account.equity == D(9173)


async def test_of_a_big_isolated_position_the_rest_keeps_all_the_margin(open_desk):
    # 2,000 ETH at 10x: margin 20000. 20000 + 2000 (p - 100) = 2 % of 2000 p at 1960 p = 180000,
    # p = 91.836734...; 400 are sold at 91.83 for 36,732. The rest owes 180000 - 36732 = 143,268.
    async with open_desk((100, 100, 91.5, 95), **_config(initial_balance_usd=D(30_000))) as desk:
        await desk.exchange.set_leverage("ETH", 10, ISOLATED)
        await desk.buy("2000")
        await desk.bars()
        fill = await _only_fill(desk)
        assert (fill.price, fill.size) == (D("91.83"), 400)
        (position,) = list((await desk.exchange.report()).positions)
        # 1600 x 95 - 143268; it goes where 1600 p - 143268 = 32 p
        assert (position.quantity, position.margin_used) == (1600, D(8732))
        assert position.liquidation_price == D("91.3698979592")
        # Nothing came back to the account: 30000 - 20000 are free as before.
        assert (await desk.exchange.report()).account.available == 10_000


async def test_isolated_debt_never_touches_the_account(open_desk):
    # A gap to 80 would cost 2000, but only the margin of 1000 is gone.
    async with open_desk((80, 80, 80, 80), **_config()) as desk:
        await desk.exchange.set_leverage("ETH", 10, ISOLATED)
        await desk.buy("100")
        await desk.bars()
        assert (await desk.exchange.report()).account.equity == 9000
        assert (await _only_fill(desk)).fee == -1000


async def test_isolated_margin_must_be_free(open_desk):
    async with open_desk(**_config(initial_balance_usd=D(1000))) as desk:
        await desk.exchange.set_leverage("ETH", 10, ISOLATED)
        assert (await desk.buy("100.01")).reason == "Insufficient margin to place order."
        assert (await desk.buy("100")).status is OrderStatus.FILLED
        assert (await desk.buy("1")).reason == "Insufficient margin to place order."


async def test_flip_opens_with_margin_of_its_own(open_desk):
    async with open_desk((110, 110, 110, 110), **_config()) as desk:
        await desk.exchange.set_leverage("ETH", 10, ISOLATED)
        await desk.buy("100")
        await desk.bars()
        await desk.sell("150")
        (position,) = list((await desk.exchange.report()).positions)
        # 50 short at 110 and 10x
        assert (position.quantity, position.margin_used) == (-50, D(550))
        assert (await desk.exchange.report()).account.equity == 11_000


async def test_margin_mode_and_leverage_refusals_word_for_word(open_desk):
    async with open_desk((95, 95, 95, 95), **_config(initial_balance_usd=D(1000))) as desk:
        set_leverage = desk.exchange.set_leverage
        await set_leverage("ETH", 10, ISOLATED)
        await desk.buy("50")
        assert await _refused(set_leverage("ETH", 10, CROSS)) == (
            "Cannot switch leverage type with open position."
        )
        await set_leverage("ETH", 20, ISOLATED)
        # All 500 USD stay in the position: 10x is still possible, and raising freed nothing.
        assert (await desk.exchange.report()).account.available == 500
        await set_leverage("ETH", 10, ISOLATED)
        assert await _refused(set_leverage("ETH", 9, ISOLATED)) == (
            "Isolated position does not have sufficient margin available to decrease leverage. "
            "To decrease leverage, add margin to the position."
        )
        await desk.sell("50")
        await set_leverage("ETH", 10, CROSS)


async def test_lowering_cross_leverage_needs_free_margin(open_desk):
    async with open_desk(**_config(initial_balance_usd=D(1000))) as desk:
        await desk.exchange.set_leverage("ETH", 10, CROSS)
        await desk.buy("80")
        await desk.exchange.set_leverage("ETH", 8, CROSS)
        assert await _refused(desk.exchange.set_leverage("ETH", 7, CROSS)) == (
            "Cross position does not have sufficient margin available to decrease leverage. "
            "To decrease leverage, deposit more collateral."
        )


async def _refused(call):
    with pytest.raises(RejectedError) as raised:
        await call
    return raised.value.text


@pytest.mark.parametrize("row", RECORDED, ids=lambda r: r["coin"])
async def test_liquidation_price_is_the_venues(tmp_path, row):
    """Real positions, opened here at their entry price with the margin they had.

    The fee is what was missing from entry notional / leverage (3.5 bps for most of them, the fee of
    that year). One had slightly more: it is let to receive as much in funding.
    """
    size, entry, margin = D(row["size"]), D(row["entry_px"]), D(row["isolated_margin_usd"])
    leverage, coin = int(row["leverage"]), Symbol(row["coin"])
    side = Side.BUY if row["side"] == "long" else Side.SELL
    part = (size * entry / leverage - margin) / (size * entry)
    clock = SimulatedClock(NOON - timedelta(minutes=1))
    market = _VectorMarket(clock, size, int(row["max_leverage"]), rate=min(D(0), part))
    market.set(coin, entry)
    # Fees are cut to 6 decimals: a rate cut short would lose the last of them.
    bps = (max(D(0), part) * 10_000).quantize(D("1E-15"), ROUND_UP)
    config = SimExchangeConfig(**_config(taker_fee_bps=bps))
    async with (
        make_env(clock=clock, data_dir=tmp_path, markets={"m": market}) as made,
        plugin.open_exchange(config, made) as exchange,
    ):
        await exchange.set_leverage(coin, leverage, ISOLATED)
        request = OrderRequest(
            client_id="0x1", symbol=coin, side=side, size=size, limit_price=entry
        )
        (outcome,) = await exchange.place([request], expires_at=None)
        assert (outcome.status, outcome.average_price) == (OrderStatus.FILLED, entry)
        if part < 0:
            await clock.sleep_until(NOON)
        (position,) = list((await exchange.report()).positions)
        assert abs(position.margin_used - margin) <= D("1E-6")
        theirs = D(row["venue_liquidation_px"])
        assert abs(position.liquidation_price - theirs) <= theirs * D("5e-5")


def test_every_recorded_position_is_compared():
    assert len(RECORDED) == 19


class _VectorMarket(HandMarket):
    def __init__(self, clock, size, max_leverage, rate):
        super().__init__(clock)
        self._steps[Symbol("SOL")] = [(0, D(150))]
        self._rules = {
            "size_decimals": max(0, -size.as_tuple().exponent),
            "max_leverage": max_leverage,
            "min_notional": D(1),
        }
        self._rate = rate

    async def instruments(self):
        return {
            Symbol(name): Instrument(symbol=Symbol(name), price_decimals=6, **self._rules)
            for name in ("BTC", "ETH", "SOL", "DOGE")
        }

    async def quotes(self, symbols):
        found = await super().quotes(symbols)
        return {s: attrs.evolve(quote, funding_rate=self._rate) for s, quote in found.items()}


async def test_january_2022_liquidates_a_twentyfold_long_at_the_documented_price(tmp_path):
    """BTC fell from 46,377 to under 33,000; 40x at most, so maintenance is 1.25 % of notional."""
    async with _january(tmp_path) as (exchange, clock, market):
        # Isolated at 20x, no fees: 46377 (1 - 1/20) / (1 - 1/80) = 44615.84...
        await exchange.set_leverage("BTC", 20, ISOLATED)
        await exchange.place([_order("buy", "1", "48000")], expires_at=None)
        (position,) = list((await exchange.report()).positions)
        entry = position.entry_price
        expected = entry * (1 - D(1) / 20) / (1 - D(1) / 80)
        assert abs(position.liquidation_price - expected) < D("0.001")
        await clock.sleep_until(JANUARY + timedelta(days=31))
        _, fill = await exchange.fills(JANUARY)
        assert fill.is_liquidation
        # 1 BTC is below 100,000 USD: closed at once, on the tick of 1 USD below.
        assert fill.price == expected.to_integral_value(ROUND_DOWN)
        bars = await market.candles("BTC", "1m", fill.time, 50_000)
        assert bars.low[-1] <= float(expected) < bars.low[:-1].min()
        # The margin is gone but for what was left of the maintenance margin.
        lost = 100_000 - (await exchange.report()).account.equity
        assert lost == entry - fill.price


async def test_january_2022_with_a_stop_exits_at_the_stop_or_the_gaps_open(tmp_path):
    async with _january(tmp_path) as (exchange, clock, market):
        await exchange.set_leverage("BTC", 20, ISOLATED)
        await exchange.place([_order("buy", "1", "48000")], expires_at=None)
        stop = _order("sell", "1", "40000", is_reduce_only=True, trigger=STOP)
        await exchange.place([stop], expires_at=None)
        await clock.sleep_until(JANUARY + timedelta(days=31))
        _, fill = await exchange.fills(JANUARY)
        assert not fill.is_liquidation
        bars = await market.candles("BTC", "1m", fill.time, 1)
        assert fill.price == min(STOP.price, D(str(bars.open[-1])).to_integral_value())
        assert bars.low[-1] <= float(STOP.price)


JANUARY = datetime(2021, 12, 31, 23, 2, tzinfo=UTC)
STOP = Trigger(kind=TriggerKind.STOP, price=D(45_500))


def _order(side, size, limit, **changes):
    number = 1 if side == "buy" else 2
    return OrderRequest(
        client_id=f"0x{number:032x}", symbol=Symbol("BTC"), side=Side(side), size=D(size),
        limit_price=D(limit), **changes,
    )  # fmt: skip


@asynccontextmanager
async def _january(tmp_path):
    # A recording is found by its name: coin, interval.
    folder = tmp_path / "candles"
    folder.mkdir()
    shutil.copy(CANDLES / "btc_perp_1m_20211231_20220201.csv.gz", folder / "btc_1m.csv.gz")
    clock = SimulatedClock(JANUARY)
    recorded = SimMarketConfig(data=folder, gaps="allow")
    config = SimExchangeConfig(**_config(initial_balance_usd=D(100_000), latency=timedelta(0)))
    async with (
        make_env(clock=clock) as first,
        plugin.open_market(recorded, first) as market,
        make_env(clock=clock, data_dir=tmp_path / "paper", markets={"m": market}) as made,
        plugin.open_exchange(config, made) as exchange,
    ):
        yield exchange, clock, market


async def test_maintenance_of_a_position_in_the_second_tier(open_desk):
    # 1.5 million ETH at 100 are 150M USD; ETH is 25x to 100M, 15x above. Rates 1/50 and 1/30, the
    # deduction 100M x (1/30 - 1/50) = 1,333,333.33. With 12,000,000 USD:
    # 12M + 1.5M (p - 100) = 1.5M p / 30 - 1,333,333.33  at  1.45M p = 136,666,666.67,
    # p = 94.2528735632. Notional is 141M there: still the second tier.
    rows = [(94.26, 94.26, 94.26, 94.26), (94.26, 94.26, 94.25, 94.25)]
    async with open_desk(*rows, **_config(initial_balance_usd=D(12_000_000))) as desk:
        await desk.exchange.set_leverage("ETH", 15, CROSS)
        await desk.buy("1500000")
        (position,) = list((await desk.exchange.report()).positions)
        assert position.liquidation_price == D("94.2528735632")
        # 150M / 15
        assert position.margin_used == 10_000_000
        await desk.bars()
        assert list((await desk.exchange.report()).positions) != []
        assert _told(desk) == []
        await desk.bars()
        _, first, *_ = await desk.exchange.fills(NOON)
        # a fifth of it first, on the tick below
        assert (first.price, first.size, first.is_liquidation) == (D("94.25"), 300_000, True)


async def test_margin_mode_cannot_change_while_orders_wait(open_desk):
    async with open_desk(**_config()) as desk:
        waiting = await desk.rest("buy", "1", "90")
        assert await _refused(desk.exchange.set_leverage("ETH", 20, ISOLATED)) == (
            "Cannot switch leverage type with open position."
        )
        # another coin's orders are no matter, and the leverage itself may change
        await desk.exchange.set_leverage("ETH", 10, CROSS)
        await desk.exchange.cancel([waiting.client_id])
        await desk.exchange.set_leverage("ETH", 20, ISOLATED)


async def test_leverage_cannot_fall_below_what_waiting_orders_hold_back(open_desk):
    # 900 x 100 / 20 = 4,500 held back; at 10x it were 9,000, at 8x 11,250 of 10,000
    async with open_desk(**_config()) as desk:
        await desk.rest("buy", "1000", "90")
        await desk.exchange.set_leverage("ETH", 10, CROSS)
        assert (await desk.exchange.report()).account.available == 1000
        assert "sufficient margin" in await _refused(desk.exchange.set_leverage("ETH", 8, CROSS))
        assert (await desk.exchange.report()).account.available == 1000
