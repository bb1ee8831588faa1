"""Others act on the same account: a person trades, cancels and moves cash, the venue liquidates.

Real paper exchange, real execution, real ledger. What is done by hand goes to the provider
directly.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.event import EngineStarted, Transferred
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderRequest, OrderStatus, OrderStyle, Side
from nof0_core.domain.position import MarginMode
from nof0_core.domain.vocabulary import ClockKind, TransferReason
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.execution.limits import LIMITS
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.ids import ENGINE, cycle_id
from nof0_core.journal import Journal
from nof0_core.risk.gate import RiskGate
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.tempo import STANDING
from nof0_core.testing import samples
from nof0_core.testing.environment import START, Lines
from nof0_core.testing.environment import env as make_env
from nof0_core.testing.market import INSTRUMENTS, HandMarket
from nof0_provider_sim import plugin
from nof0_provider_sim.config import SimExchangeConfig

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

COINS = ("BTC", "ETH", "DOGE")
TRADERS = ("ann", "bob")


class Screen:
    """The venue's own screen and its statement, which may lag behind the positions."""

    def __init__(self, exchange) -> None:
        self._exchange = exchange
        self.hides_fills = False
        self._orders = 0

    def __getattr__(self, name):
        return getattr(self._exchange, name)

    async def fills(self, since):
        return [] if self.hides_fills else await self._exchange.fills(since)

    async def accept_marks(self, quotes):
        handed_over = await self._exchange.accept_marks(quotes)
        return [] if self.hides_fills else handed_over

    async def trade(self, symbol, size, *, limit):
        """Trade by hand: `size` coins, negative to sell."""
        self._orders += 1
        [outcome] = await self._exchange.place(
            [
                OrderRequest(
                    client_id=f"0x{self._orders:032x}",
                    symbol=symbol,
                    side=Side.BUY if D(size) > 0 else Side.SELL,
                    size=abs(D(size)),
                    limit_price=D(limit),
                )
            ],
            expires_at=None,
        )
        assert outcome.status is OrderStatus.FILLED, outcome

    def move_cash(self, amount):
        """Deposit or withdraw: only capital changes."""
        account = self._exchange._state.account
        account.initial += D(amount)
        account.raw_usd += D(amount)
        account.version += 1


@attrs.define(kw_only=True)
class Floor:
    """Two traders with 4,000 USD each on a paper account of 10,000; ann's margin is isolated."""

    folder: object
    clock: SimulatedClock
    market: HandMarket
    screen: Screen
    recorder: Recorder = None
    execution: ExecutionEngine = None
    cycles: int = 0

    def open(self):
        """Open journal, state and execution as a start of the engine does."""
        journal, state = Journal.open(self.folder / "journal"), EngineState()
        for event in journal.read():
            state.apply(event)
        self.recorder = Recorder(
            events=journal, durability=Durability.BUFFER, state=state, clock=self.clock, log=Lines()
        )
        policies = OrderPolicy(
            style=OrderStyle.MARKET_IOC,
            slippage_bps=D(50),
            limits=RiskLimits(
                price_band_pct=D(5),
                max_data_age=timedelta(days=999),
                stop_loss_enabled=False,
                take_profit_enabled=False,
                min_risk_reward=D(0),
            ),
        )
        self.execution = ExecutionEngine(
            venue_account="paper",
            provider=self.screen,
            recorder=self.recorder,
            instruments=INSTRUMENTS,
            policies={
                "ann": attrs.evolve(policies, margin_mode=MarginMode.ISOLATED),
                "bob": policies,
            },
            since=START,
            tempo=STANDING,
            limits=LIMITS.without_an_end(),
        )

    def restart(self):
        self.recorder.events.close()
        self.open()

    async def enter(self, trader, symbol, usd=1000, *, leverage=5, has_stop=True):
        """Buy with a stop 1 % and a target 4 % away, or without; return what became of it."""
        mark = (await self.market.quotes([symbol]))[symbol].mark
        return await self._submit(
            trader,
            samples.decision(
                symbol=symbol,
                position_size_usd=D(usd),
                leverage=leverage,
                entry_price=mark,
                stop_loss=mark * D("0.99") if has_stop else None,
                take_profit=mark * D("1.04") if has_stop else None,
            ),
            has_stop=has_stop,
        )

    async def leave(self, trader, symbol):
        return await self._submit(trader, Decision(signal=Signal.CLOSE, symbol=symbol))

    async def _submit(self, trader, decision, *, has_stop=True):
        self.cycles += 1
        quotes = await self.market.quotes(COINS)
        marks = {symbol: quote.mark for symbol, quote in quotes.items()}
        time = self.clock.now() + timedelta(microseconds=self.cycles)
        context = samples.context(
            snapshots={s: samples.snapshot(s, str(m)) for s, m in marks.items()}
        )
        limits = attrs.evolve(
            context.limits,
            altcoin_leverage=20,
            max_position_size_usd=D(60_000),
            margin_mode=MarginMode.ISOLATED if trader == "ann" else MarginMode.CROSS,
            stop_loss_enabled=has_stop,
            take_profit_enabled=has_stop,
        )
        context = attrs.evolve(
            context,
            trader=trader,
            cycle=cycle_id(trader, time),
            account=self.recorder.state.account("paper", trader, marks, START, INSTRUMENTS),
            limits=limits,
        )
        judged, approved = RiskGate().judge([decision], context)
        assert approved, judged
        [report] = (await self.execution.submit(approved, quotes)).orders
        return report

    async def look(self, after=timedelta(minutes=1)):
        """Let time pass and do what the engine does each time."""
        await self.clock.sleep_until(self.clock.now() + after)
        await self.execution.sync(await self.market.quotes(COINS))

    def state(self, trader, **marks):
        prices = {"BTC": D(100_000), "ETH": D(2500), "DOGE": D("0.2")}
        prices |= {symbol: D(mark) for symbol, mark in marks.items()}
        return self.recorder.state.account("paper", trader, prices, START, INSTRUMENTS)

    def alerts(self):
        self.recorder.events.flush()
        return [e.body.code for e in self.recorder.events.read(types=["alert"])]

    async def assert_agrees(self):
        totals = self.recorder.state.totals("paper")
        held = {p.symbol: p.quantity for p in (await self.screen.report()).positions}
        assert dict(totals.quantities) == held
        assert totals.raw_usd == (await self.screen.report()).account.raw_usd
        assert self.recorder.state.audit("paper") == ()


@asynccontextmanager
async def opened(folder):
    clock = SimulatedClock(START)
    market = HandMarket(clock)
    config = SimExchangeConfig(initial_balance_usd=D(10_000))
    async with (
        make_env(clock=clock, data_dir=folder / "venue", markets={"hand": market}) as env,
        plugin.open_exchange(config, env) as exchange,
    ):
        floor = Floor(folder=folder, clock=clock, market=market, screen=Screen(exchange))
        floor.open()
        started = EngineStarted(
            version="0", config_digest="", clock=ClockKind.SIMULATED, seed=0, traders=TRADERS
        )
        floor.recorder.record(ENGINE, started)
        amounts = {"@reserve": D(2000), "ann": D(4000), "bob": D(4000)}
        floor.recorder.record(
            ENGINE,
            Transferred(
                venue_account="paper",
                amounts=amounts,
                equities=dict.fromkeys(amounts, D(0)),
                reason=TransferReason.INITIAL,
            ),
        )
        await floor.look()
        yield floor
        floor.recorder.events.close()


@pytest.fixture
async def floor(tmp_path):
    async with opened(tmp_path) as made:
        yield made


# --- isolated margin ------------------------------------------------------------------------------


async def test_an_isolated_position_is_liquidated_alone(floor):
    await floor.enter("bob", "BTC", 4000)
    await floor.enter("ann", "ETH", 20_000, leverage=10, has_stop=False)
    [position] = [p for p in (await floor.screen.report()).positions if p.symbol == "ETH"]
    assert (position.margin_mode, position.leverage) == (MarginMode.ISOLATED, 10)
    # The venue and the ledger name the same price.
    [holding] = floor.state("ann").holdings
    assert holding.liquidation_price == pytest.approx(position.liquidation_price, rel=D("1E-6"))
    assert holding.margin == position.margin_used
    bobs, positions = floor.state("bob"), floor.recorder.state.position("bob", "BTC")

    floor.market.set("ETH", "2270")
    await floor.look()

    assert floor.recorder.state.position("ann", "ETH") is None
    assert [t.reason for t in floor.recorder.state.trades("ann")] == ["liquidation"]
    # 2,000 of margin are gone, nothing else is, though 4,000 cash were there to eat.
    lost = 4000 - floor.state("ann").equity
    assert 1500 < lost <= 2010
    assert attrs.evolve(floor.state("bob"), funding=D(0)) == attrs.evolve(bobs, funding=D(0))
    assert floor.recorder.state.position("bob", "BTC") == positions
    assert "liquidation" in floor.alerts()
    await floor.assert_agrees()


async def test_a_cross_loss_does_not_reach_an_isolated_position(floor):
    await floor.enter("ann", "ETH", 2000, leverage=10)
    await floor.enter("bob", "BTC", 60_000, leverage=20, has_stop=False)
    floor.market.set("BTC", "93500")
    await floor.look()
    # Bob is closed out by the engine or the venue; ann's margin was never his.
    assert floor.recorder.state.position("bob", "BTC") is None
    assert floor.recorder.state.position("ann", "ETH") is not None
    [position] = list((await floor.screen.report()).positions)
    assert (position.symbol, position.margin_mode) == ("ETH", MarginMode.ISOLATED)
    await floor.assert_agrees()


async def test_the_mode_of_a_coin_cannot_change_while_somebody_holds_it(floor):
    await floor.screen.trade("DOGE", "1000", limit="0.21")
    await floor.look()
    for _ in range(2):
        report = await floor.enter("ann", "DOGE")
        assert report.status is OrderStatus.REJECTED
        assert report.why == ("leverage not set: Cannot switch leverage type with open position.")
    assert floor.alerts().count("margin_refused") == 1
    await floor.screen.trade("DOGE", "-1000", limit="0.19")
    await floor.look()
    assert (await floor.enter("ann", "DOGE")).status is OrderStatus.FILLED
    await floor.assert_agrees()


# --- a person on the same account -----------------------------------------------------------------


async def test_trades_by_hand_are_the_unassigned_accounts(floor):
    await floor.enter("bob", "BTC")
    bobs = floor.recorder.state.position("bob", "BTC")
    await floor.screen.trade("BTC", "0.02", limit="101000")
    await floor.screen.trade("DOGE", "500", limit="0.21")
    await floor.look()
    assert floor.alerts() == ["foreign_fill"] * 2 + ["unassigned_unprotected"] * 2
    held = {(p.trader, p.symbol): p.quantity for p in floor.recorder.state.positions("paper")}
    assert held == {
        ("bob", "BTC"): bobs.quantity,
        ("@unassigned", "BTC"): D("0.02"),
        ("@unassigned", "DOGE"): D(500),
    }
    # It is known whose they are, so nothing is stopped.
    assert (await floor.enter("bob", "ETH")).status is OrderStatus.FILLED
    await floor.screen.trade("BTC", "-0.02", limit="99000")
    await floor.look()
    assert floor.recorder.state.position("bob", "BTC").quantity == bobs.quantity
    await floor.assert_agrees()


async def test_a_sale_by_hand_of_what_a_trader_holds_has_closed_it(floor):
    """Who sells everything in the venue's screen is flat, and nothing opens the other side."""
    await floor.enter("bob", "BTC")
    held = floor.recorder.state.position("bob", "BTC")
    await floor.screen.trade("BTC", -held.quantity, limit="99000")
    await floor.look()
    assert floor.recorder.state.position("bob", "BTC") is None
    assert [t.reason for t in floor.recorder.state.trades("bob")] == ["manual"]
    assert "foreign_fill" in floor.alerts()
    floor.market.set("BTC", "98000")
    await floor.look()
    assert floor.recorder.state.positions("paper") == ()
    await floor.assert_agrees()


async def test_a_stop_cancelled_by_hand_is_placed_again(floor):
    await floor.enter("bob", "BTC")
    stop = floor.recorder.state.position("bob", "BTC").stop_id
    await floor.screen.cancel([stop])
    await floor.look()
    again = floor.recorder.state.position("bob", "BTC").stop_id
    assert again not in (None, stop)
    assert {o.client_id for o in (await floor.screen.report()).orders} >= {again}
    floor.market.set("BTC", "98900")
    await floor.look()
    assert [t.reason for t in floor.recorder.state.trades("bob")] == ["stop"]
    await floor.assert_agrees()


@pytest.mark.parametrize("amount", ["750", "-750"])
async def test_cash_moved_by_hand_stops_entries_until_it_is_booked(floor, amount):
    floor.screen.move_cash(amount)
    await floor.look()
    assert floor.alerts() == ["drift"]
    outcome = await floor.enter("bob", "BTC")
    assert outcome.why == "entries are stopped: ledger and venue differ"
    before = {t: floor.state(t) for t in TRADERS}
    # Four minutes are not long enough for sure, six are.
    await floor.look(timedelta(minutes=4))
    assert floor.execution.drift
    await floor.look(timedelta(minutes=2))
    assert floor.alerts() == ["drift", "foreign_transfer"]
    assert floor.state("@unassigned").deposited == D(amount)
    assert {t: floor.state(t) for t in TRADERS} == before
    assert (await floor.enter("bob", "BTC")).status is OrderStatus.FILLED
    await floor.assert_agrees()
    floor.restart()
    await floor.look()
    assert floor.state("@unassigned").deposited == D(amount)
    assert floor.execution.drift == ()
    await floor.assert_agrees()


async def test_a_position_without_a_statement_stops_its_coin_and_no_other(floor):
    """The venue shows the position, its fills come later: cash differs with it, not by itself."""
    floor.screen.hides_fills = True
    await floor.screen.trade("DOGE", "5000", limit="0.21")
    await floor.look()
    assert [d.symbol for d in floor.execution.drift] == ["DOGE"]
    assert (await floor.enter("bob", "DOGE")).why == (
        "entries are stopped: ledger and venue differ"
    )
    # An hour later it is no more explained than before, also after a restart.
    await floor.look(timedelta(minutes=61))
    floor.restart()
    await floor.look()
    assert [d.symbol for d in floor.execution.drift] == ["DOGE"]
    assert floor.state("@unassigned").deposited == 0
    floor.screen.hides_fills = False
    assert (await floor.enter("bob", "ETH")).status is OrderStatus.FILLED
    await floor.look()
    assert floor.execution.drift == ()
    assert "foreign_fill" in floor.alerts()
    assert (await floor.enter("bob", "DOGE")).status is OrderStatus.FILLED
    await floor.assert_agrees()


async def test_everything_others_did_is_there_after_a_restart(floor):
    await floor.enter("bob", "BTC")
    await floor.enter("ann", "ETH", leverage=10)
    await floor.screen.trade("BTC", "0.02", limit="101000")
    await floor.look()
    before = [floor.state(t) for t in (*TRADERS, "@unassigned")]
    floor.restart()
    assert [floor.state(t) for t in (*TRADERS, "@unassigned")] == before
    assert floor.state("ann").holdings[0].margin_mode is MarginMode.ISOLATED
    # Before the account was read, nothing is entered.
    assert "could not be read" in (await floor.enter("bob", "ETH")).why
    sent = len((await floor.screen.report()).orders)
    await floor.look()
    assert len((await floor.screen.report()).orders) == sent
    await floor.assert_agrees()
