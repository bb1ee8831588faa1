"""Opposite positions of several traders on the real paper exchange add up after every step."""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.clock import SimulatedClock
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.event import EngineStarted, Transferred
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderStyle
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
from nof0_core.testing.environment import START, Lines, env
from nof0_core.testing.market import HandMarket
from nof0_provider_sim.config import SimExchangeConfig
from nof0_provider_sim.plugin import open_exchange

pytestmark = pytest.mark.integration
TRADERS = ("ann", "bob", "cid")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.sampled_from(TRADERS), st.sampled_from([1, -1])),
        st.tuples(st.just("close"), st.sampled_from(TRADERS), st.just(0)),
        st.tuples(st.just("move"), st.sampled_from([-250, -90, -20, 20, 90, 250]), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 90), st.just(0)),
    ),
    min_size=4,
    max_size=30,
)


@given(stream=steps)
@settings(max_examples=60, deadline=None)
def test_virtual_accounts_sum_to_the_exchange_account(stream):
    anyio.run(_play, stream)


async def _play(stream):
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clock = SimulatedClock(START)
        market = HandMarket(clock)
        market.set("BTC", "100000")
        surroundings = await stack.enter_async_context(
            env(clock=clock, data_dir=folder / "venue", markets={"hand": market})
        )
        provider = await stack.enter_async_context(
            open_exchange(SimExchangeConfig(initial_balance_usd=Decimal(10_000)), surroundings)
        )
        journal = stack.enter_context(Journal.open(folder / "journal"))
        recorder = Recorder(
            events=journal,
            durability=Durability.BUFFER,
            state=EngineState(),
            clock=clock,
            log=Lines(),
        )
        started = EngineStarted(
            version="0", config_digest="", clock=ClockKind.SIMULATED, seed=0, traders=TRADERS
        )
        recorder.record(ENGINE, started)
        amounts = {"@reserve": Decimal(1000), **dict.fromkeys(TRADERS, Decimal(3000))}
        recorder.record(
            ENGINE,
            Transferred(
                venue_account="paper",
                amounts=amounts,
                equities=dict.fromkeys(amounts, Decimal(0)),
                reason=TransferReason.INITIAL,
            ),
        )
        policies = OrderPolicy(
            style=OrderStyle.MARKET_IOC,
            slippage_bps=Decimal(75),
            limits=RiskLimits(price_band_pct=Decimal(5), max_data_age=timedelta(days=999)),
        )
        execution = ExecutionEngine(
            venue_account="paper",
            provider=provider,
            recorder=recorder,
            instruments=await market.instruments(),
            policies=dict.fromkeys(TRADERS, policies),
            since=START,
            tempo=STANDING,
            limits=LIMITS.without_an_end(),
        )
        await execution.sync(await market.quotes(["BTC"]))
        scene = _Scene(recorder, execution, market, clock)
        for what, arg, sign in stream:
            await clock.sleep_until(clock.now() + timedelta(minutes=1))
            await scene.step(what, arg, sign)
            await execution.sync(await market.quotes(["BTC"]))
            await _assert_equal(recorder.state, provider)
            assert execution.drift == ()


async def _assert_equal(state, provider):
    totals, account = state.totals("paper"), (await provider.report()).account
    assert totals.raw_usd == account.raw_usd
    assert dict(totals.quantities) == {
        p.symbol: p.quantity for p in (await provider.report()).positions
    }


@attrs.frozen
class _Scene:
    recorder: Recorder
    execution: ExecutionEngine
    market: HandMarket
    clock: SimulatedClock

    async def step(self, what, arg, sign):
        if what == "move":
            mark = (await self.market.quotes(["BTC"]))["BTC"].mark
            self.market.set("BTC", str((mark * (1 + Decimal(arg) / 10_000)).quantize(Decimal(1))))
        elif what == "wait":
            await self.clock.sleep_until(self.clock.now() + timedelta(minutes=arg))
        elif what == "close" and self.recorder.state.position(arg, "BTC") is not None:
            await self._trade(arg, Decision(signal=Signal.CLOSE, symbol="BTC"))
        elif what == "open" and self.recorder.state.position(arg, "BTC") is None:
            mark = (await self.market.quotes(["BTC"]))["BTC"].mark
            await self._trade(
                arg,
                samples.decision(
                    Signal.BUY_TO_ENTER if sign > 0 else Signal.SELL_TO_ENTER,
                    position_size_usd=Decimal(1500),
                    entry_price=mark,
                    stop_loss=mark * (1 - sign * Decimal("0.01")),
                    take_profit=mark * (1 + sign * Decimal("0.04")),
                ),
            )

    async def _trade(self, trader, decision):
        quotes = await self.market.quotes(["BTC"])
        marks = {"BTC": quotes["BTC"].mark}
        context = attrs.evolve(
            samples.context(snapshots={"BTC": samples.snapshot("BTC", str(marks["BTC"]))}),
            trader=trader,
            cycle=cycle_id(trader, self.clock.now()),
            account=self.recorder.state.account(
                "paper", trader, marks, START, {"BTC": samples.instrument()}
            ),
        )
        _, approved = RiskGate().judge([decision], context)
        await self.execution.submit(approved, quotes)
