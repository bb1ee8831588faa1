"""A venue with maintenance rates of its own: gate, ledger and paper exchange reckon with the same.

Each of the three says by itself where a position is liquidated. No fees, no slippage, no funding.
"""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import anyio
import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nof0_core.clock import SimulatedClock
from nof0_core.domain.decision import Signal
from nof0_core.domain.event import Filled, OrderIntended, Transferred
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus, Side
from nof0_core.domain.position import MarginMode
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.execution.margin_watch import MarginWatch
from nof0_core.ids import ENGINE, Symbol, client_order_id, cycle_id
from nof0_core.journal import Journal
from nof0_core.risk.gate import RiskGate
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing import samples
from nof0_core.testing.environment import START, Lines
from nof0_core.testing.environment import env as make_env
from nof0_core.testing.market import HandMarket
from nof0_provider_sim import plugin
from nof0_provider_sim.config import ImpactRules, SimExchangeConfig

pytestmark = pytest.mark.integration

D = Decimal
BTC = Symbol("BTC")
NEAR = D("1E-6")
CROSS, ISOLATED = MarginMode.CROSS, MarginMode.ISOLATED


def instrument(*tiers):
    """One coin in whole lots with prices of 6 decimals; tiers are (bound, leverage, rate)."""
    return Instrument(
        symbol=BTC,
        size_decimals=0,
        price_decimals=6,
        price_figures=20,
        max_leverage=tiers[0][1],
        min_notional=D(1),
        tiers=tuple(
            MarginTier(lower_bound=D(bound), max_leverage=leverage, maintenance_rate=D(rate))
            for bound, leverage, rate in tiers
        ),
    )


OWN = instrument((0, 50, "0.008"), (50_000, 20, "0.015"), (200_000, 10, "0.06"))


@attrs.frozen(kw_only=True)
class Bet:
    """A position of `size` coins (negative: short) at `mark`, in an account of `cash` USD."""

    instrument: Instrument
    size: Decimal
    mark: Decimal
    leverage: int
    cash: Decimal
    mode: MarginMode = CROSS

    @property
    def side(self):
        return 1 if self.size > 0 else -1


class OneCoin(HandMarket):
    """`HandMarket` with one instrument in place of its own."""

    def __init__(self, clock, bet):
        super().__init__(clock)
        self._bet = bet
        self.set("BTC", bet.mark)

    async def instruments(self):
        return {BTC: self._bet.instrument}

    async def quotes(self, symbols):
        found = await super().quotes(symbols)
        return {s: attrs.evolve(quote, funding_rate=D(0)) for s, quote in found.items()}


@asynccontextmanager
async def venue(bet, folder):
    """Hold the bet at a paper exchange; yields exchange, market and clock."""
    clock = SimulatedClock(START + timedelta(minutes=1))
    market = OneCoin(clock, bet)
    config = SimExchangeConfig(
        initial_balance_usd=bet.cash,
        taker_fee_bps=D(0),
        maker_fee_bps=D(0),
        slippage_bps=D(0),
        impact=ImpactRules(major_bps=D(0)),
        default_funding_rate=D(0),
    )
    async with (
        make_env(clock=clock, data_dir=folder, markets={"m": market}) as made,
        plugin.open_exchange(config, made) as exchange,
    ):
        await exchange.set_leverage(BTC, bet.leverage, bet.mode)
        side = Side.BUY if bet.size > 0 else Side.SELL
        request = OrderRequest(
            client_id="0x1", symbol=BTC, side=side, size=abs(bet.size), limit_price=bet.mark
        )
        (outcome,) = await exchange.place([request], expires_at=None)
        assert outcome.status is OrderStatus.FILLED, outcome
        yield exchange, market, clock


@asynccontextmanager
async def ledger(bet, folder):
    """Hold the bet in a trader's virtual account."""
    journal = Journal.open(folder)
    held = Recorder(
        events=journal,
        durability=Durability.BUFFER,
        state=EngineState(),
        clock=SimulatedClock(START),
        log=Lines(),
    )
    cycle, side = cycle_id("ann", START), Side.BUY if bet.size > 0 else Side.SELL
    client_id = client_order_id("ann", cycle, BTC, "open")
    held.record(
        ENGINE,
        Transferred(
            venue_account="paper",
            amounts={"ann": bet.cash},
            equities={"ann": D(0)},
            reason=TransferReason.INITIAL,
        ),
    )
    request = OrderRequest(
        client_id=client_id, symbol=BTC, side=side, size=abs(bet.size), limit_price=bet.mark
    )
    held.record(
        "ann",
        OrderIntended(
            trader="ann", venue_account="paper", cycle=cycle,
            purpose=OrderPurpose.OPEN, request=request,
            leverage=bet.leverage, margin_mode=bet.mode,
        ),
    )  # fmt: skip
    fill = Fill(
        trade_id="1", venue_order_id="1", client_id=client_id,
        symbol=BTC, side=side, price=bet.mark,
        size=abs(bet.size), fee=D(0), time=START,
    )  # fmt: skip
    held.record("ann", Filled(trader="ann", venue_account="paper", fill=fill))
    yield held
    journal.close()


def booked(held, bet, mark=None):
    """Return the only holding of the virtual account, valued at `mark`."""
    state = held.state.account(
        "paper", "ann", {BTC: mark or bet.mark}, START, {BTC: bet.instrument}
    )
    return state.holdings[0]


def watched(held, bet, mark):
    """Return whether the engine would close the trader out at `mark`."""
    quote = attrs.evolve(samples.snapshot("BTC", str(mark)).quote, mark=mark)
    watch = MarginWatch(venue_account="paper", recorder=held, instruments={BTC: bet.instrument})
    return bool(watch.due({BTC: quote}))


def judged(bet, stop):
    """Return the gate's judgement of an entry into the bet with this stop."""
    limits = RiskLimits(
        major_coin_leverage=1000,
        min_confidence=0,
        min_risk_reward=D(0),
        price_band_pct=D(100),
        max_data_age=timedelta(days=999),
        slippage_bps=D(0),
        expected_slippage_bps=D(0),
        taker_fee_bps=D(0),
        take_profit_enabled=False,
        margin_mode=bet.mode,
    )
    context = attrs.evolve(
        samples.context(
            snapshots={BTC: samples.snapshot("BTC", str(bet.mark))},
            state=samples.account(str(bet.cash)),
            limits=limits,
        ),
        instruments={BTC: bet.instrument},
    )
    decision = samples.decision(
        Signal.BUY_TO_ENTER if bet.size > 0 else Signal.SELL_TO_ENTER,
        leverage=bet.leverage,
        position_size_usd=abs(bet.size) * bet.mark,
        entry_price=bet.mark,
        stop_loss=stop,
        take_profit=None,
        risk_usd=None,
    )
    [judgement], _ = RiskGate().judge([decision], context)
    return judgement


LONG = Bet(instrument=OWN, size=D(1_000), mark=D(100), leverage=10, cash=D(12_000))


@pytest.mark.parametrize(
    ("bet", "expected"),
    [
        # 100,000 USD need 50,000 x 0.8 % + 50,000 x 1.5 % = 1,150: 100 - 10,850 / 1000 / 0.985
        (LONG, D("88.9847715736")),
        # the same up to 11,000 of own margin: spare are 10,000 - 1,150
        (attrs.evolve(LONG, mode=ISOLATED), D("91.0152284264")),
        # 300,000 need 400 + 2,250 + 6,000 = 8,650: 100 + 31,350 / 3000 / 1.06
        (
            attrs.evolve(LONG, size=D(-3_000), cash=D(40_000)),
            D("109.8584905660"),
        ),
    ],
    ids=["cross long", "isolated long", "cross short in the third tier"],
)
def test_a_position_is_liquidated_by_the_rates_its_venue_states(tmp_path, bet, expected):
    async def main():
        async with (
            venue(bet, tmp_path / "venue") as (exchange, _, _),
            ledger(bet, tmp_path / "ledger") as held,
        ):
            (position,) = list((await exchange.report()).positions)
            assert position.liquidation_price == expected
            assert booked(held, bet).liquidation_price == expected
            beyond = judged(bet, expected.quantize(NEAR) - 2 * bet.side * NEAR)
            [verdict] = [v for v in beyond.verdicts if v.check == "liquidation"]
            assert verdict.numbers["liquidation_price"] == expected.quantize(D("1E-8"))
            assert judged(bet, expected.quantize(NEAR) + 2 * bet.side * NEAR).is_approved

    anyio.run(main)


@pytest.mark.parametrize("mode", [CROSS, ISOLATED])
def test_ledger_and_venue_close_it_at_the_same_price(tmp_path, mode):
    bet = attrs.evolve(LONG, mode=mode)

    async def main():
        async with (
            venue(bet, tmp_path / "venue") as (exchange, market, clock),
            ledger(bet, tmp_path / "ledger") as held,
        ):
            price = booked(held, bet).liquidation_price
            for mark, is_over in ((price + NEAR, False), (price - NEAR, True)):
                await clock.sleep_until(clock.now() + timedelta(seconds=10))
                market.set("BTC", mark)
                fills = await exchange.fills(START)
                assert any(fill.is_liquidation for fill in fills) is is_over
                assert watched(held, bet, mark) is is_over

    anyio.run(main)


@st.composite
def bets(draw):
    count = draw(st.integers(1, 4))
    caps = sorted(draw(st.lists(st.integers(1, 100), min_size=count, max_size=count)))[::-1]
    # A thousandth of the room below 1/leverage at least, and not below the tier before.
    shares = draw(st.lists(st.integers(1, 999), min_size=count, max_size=count))
    rates = []
    for cap, share in zip(caps, shares, strict=True):
        rate = (D(share) / 1000 / cap).quantize(D("1E-6"), "ROUND_UP")
        rates.append(max(rate, rates[-1]) if rates else rate)
    assume(all(rate * cap < 1 for rate, cap in zip(rates, caps, strict=True)))
    bounds = sorted(draw(st.sets(st.integers(1, 2_000), min_size=count - 1, max_size=count - 1)))
    tiers = zip([0, *(1_000 * b for b in bounds)], caps, rates, strict=True)
    coin = instrument(*tiers)
    mark = D(draw(st.integers(1_000, 1_000_000))).scaleb(-2)
    size = draw(st.integers(1, 10_000)) * draw(st.sampled_from([1, -1]))
    notional = abs(size) * mark
    # Leverages that divide without a remainder: the gate does not round what the ledger rounds up.
    allowed = [n for n in (1, 2, 4, 5, 8, 10, 20, 25, 40, 50) if n <= coin.leverage_cap(notional)]
    leverage = draw(st.sampled_from(allowed))
    more = draw(st.integers(100, 300))
    cash = (notional / leverage * more / 100).quantize(D("0.01"), "ROUND_UP")
    return Bet(
        instrument=coin,
        size=D(size),
        mark=mark,
        leverage=leverage,
        cash=cash,
        mode=draw(st.sampled_from([CROSS, ISOLATED])),
    )


@settings(max_examples=60, deadline=None)
@given(bet=bets())
def test_gate_ledger_and_venue_agree_for_any_tiers(bet):
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(partial(_agree, bet, Path(folder)))


async def _agree(bet, folder):
    async with (
        venue(bet, folder / "venue") as (exchange, _, _),
        ledger(bet, folder / "ledger") as held,
    ):
        (position,) = list((await exchange.report()).positions)
        holding = booked(held, bet)
        price = holding.liquidation_price
        assert position.liquidation_price == price
        assert position.margin_used == holding.margin
        if price is None:
            assert bet.size > 0
            assert judged(bet, NEAR).is_approved
            return
        assert judged(bet, price.quantize(NEAR) + 2 * bet.side * NEAR).is_approved
        stop = price.quantize(NEAR) - 2 * bet.side * NEAR
        if stop > 0:
            [verdict] = [v for v in judged(bet, stop).verdicts if v.check == "liquidation"]
            # Rounded to 8 decimals at once, not to 10 first.
            assert abs(verdict.numbers["liquidation_price"] - price) <= D("0.51E-8")
