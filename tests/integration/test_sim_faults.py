"""Execution on the paper exchange when things go wrong there."""

from __future__ import annotations

import os
import random
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.event import EngineStarted, Transferred
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderStatus, OrderStyle
from nof0_core.domain.vocabulary import ClockKind, TransferReason
from nof0_core.errors import Nof0Error
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
from nof0_provider_sim.config import FaultRules, ScriptedFault, SimExchangeConfig

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

D = Decimal
TRADERS = ("ann", "bob")
MINUTE = timedelta(minutes=1)


@attrs.define(kw_only=True)
class Floor:
    """Two traders with 5,000 USD each on one paper account behind a live-like market.

    `sent` has the client id of every order that was sent.
    """

    clock: SimulatedClock
    market: HandMarket
    exchange: object
    recorder: Recorder
    execution: ExecutionEngine
    sent: list[str]
    cycles: int = 0

    async def quotes(self):
        return await self.market.quotes(["BTC", "ETH"])

    async def enter(self, trader, signal=Signal.BUY_TO_ENTER):
        """Enter 1,000 USD of BTC with a stop 1 % and a target 4 % away."""
        mark = (await self.quotes())["BTC"].mark
        side = 1 if signal is Signal.BUY_TO_ENTER else -1
        await self._submit(
            trader,
            samples.decision(
                signal,
                entry_price=mark,
                stop_loss=mark * (100 - side) / 100,
                take_profit=mark * (100 + 4 * side) / 100,
            ),
        )

    async def leave(self, trader):
        await self._submit(trader, Decision(signal=Signal.CLOSE, symbol="BTC"))

    async def _submit(self, trader, decision):
        self.cycles += 1
        quotes = await self.quotes()
        marks = {symbol: quote.mark for symbol, quote in quotes.items()}
        time = self.clock.now() + timedelta(microseconds=self.cycles)
        context = attrs.evolve(
            samples.context(snapshots={s: samples.snapshot(s, str(m)) for s, m in marks.items()}),
            trader=trader,
            cycle=cycle_id(trader, time),
            account=self.recorder.state.account("paper", trader, marks, START, INSTRUMENTS),
        )
        _, approved = RiskGate().judge([decision], context)
        if approved:
            await self.execution.submit(approved, quotes)

    async def minute(self):
        """Let a minute pass and do what the engine does each time."""
        await self.clock.sleep_until(self.clock.now() + MINUTE)
        await self.execution.sync(await self.quotes())

    def alerts(self):
        self.recorder.events.flush()
        return [e.body.code for e in self.recorder.events.read(types=["alert"])]

    async def agree(self):
        """Tell whether the sums of the ledger are the venue's numbers."""
        totals = self.recorder.state.totals("paper")
        held = {p.symbol: p.quantity for p in (await self.exchange.report()).positions}
        account = (await self.exchange.report()).account
        sizes = {s: q for s, q in totals.quantities.items() if q}
        return sizes == held and totals.raw_usd == account.raw_usd


@pytest.fixture
def open_floor(tmp_path_factory):

    @asynccontextmanager
    async def opened(**settings):
        folder = tmp_path_factory.mktemp("floor")
        clock = SimulatedClock(START)
        market = HandMarket(clock)
        (kind,) = plugin.nof0_exchange_providers()
        env = make_env(clock=clock, data_dir=folder / "paper", markets={"m": market})
        async with env as made, kind.open(SimExchangeConfig(**settings), made) as exchange:
            sent, place = [], exchange.place

            async def counted(orders, *, expires_at=None):
                sent.extend(order.client_id for order in orders)
                return await place(orders, expires_at=expires_at)

            exchange.place = counted
            state, journal = EngineState(), Journal.open(folder / "journal")
            recorder = Recorder(
                events=journal, durability=Durability.BUFFER, state=state, clock=clock, log=Lines()
            )
            policies = OrderPolicy(
                style=OrderStyle.MARKET_IOC,
                slippage_bps=D(50),
                limits=RiskLimits(price_band_pct=D(2), max_data_age=timedelta(days=999)),
            )
            execution = ExecutionEngine(
                venue_account="paper",
                provider=exchange,
                recorder=recorder,
                instruments=INSTRUMENTS,
                policies=dict.fromkeys(TRADERS, policies),
                since=START,
                tempo=STANDING,
                limits=LIMITS.without_an_end(),
            )
            started = EngineStarted(
                version="0", config_digest="", clock=ClockKind.SIMULATED, seed=0, traders=TRADERS
            )
            recorder.record(ENGINE, started)
            for trader in TRADERS:
                amounts = {trader: D(5000)}
                body = Transferred(
                    venue_account="paper",
                    amounts=amounts,
                    equities=dict.fromkeys(amounts, Decimal(0)),
                    reason=TransferReason.INITIAL,
                )
                recorder.record(trader, body)
            # As at every start: no entry leaves before the account was read.
            with suppress(Nof0Error):
                await execution.sync(await market.quotes(["BTC", "ETH"]))
            yield Floor(
                clock=clock,
                market=market,
                exchange=exchange,
                recorder=recorder,
                execution=execution,
                sent=sent,
            )
            journal.close()

    return opened


async def test_without_faults_a_stop_fires_at_the_marks_the_desk_hands_over(open_floor):
    async with open_floor() as floor:
        await floor.enter("ann")
        assert len((await floor.exchange.report()).orders) == 2
        floor.market.set("BTC", "98900")
        await floor.minute()
        assert list((await floor.exchange.report()).positions) == []
        assert [t.reason for t in floor.recorder.state.trades("ann")] == ["stop"]
        assert await floor.agree()


@pytest.mark.parametrize("signal", [Signal.BUY_TO_ENTER, Signal.SELL_TO_ENTER])
async def test_with_refused_stops_no_position_stays_open_and_one_alert_is_raised(
    open_floor, signal
):
    async with open_floor(faults=FaultRules(reject_stops=1.0)) as floor:
        await floor.enter("ann", signal)
        await floor.minute()
        await floor.minute()
        assert list((await floor.exchange.report()).positions) == []
        assert list((await floor.exchange.report()).orders) == []
        assert floor.recorder.state.position("ann", "BTC") is None
        assert [code for code in floor.alerts() if code != "halt"] == ["stop_refused"]
        assert len(await floor.exchange.fills(START)) == 2
        assert await floor.agree()


async def test_a_refused_stop_of_one_trader_leaves_the_other_alone(open_floor):
    # the second stop that is ever placed is refused, and what is tried in its place
    script = tuple(ScriptedFault(fault="reject_stops", nth=nth) for nth in (2, 3))
    async with open_floor(faults=FaultRules(script=script)) as floor:
        await floor.enter("bob")
        bobs = floor.recorder.state.position("bob", "BTC")
        await floor.enter("ann")
        await floor.minute()
        assert floor.recorder.state.position("ann", "BTC") is None
        assert floor.recorder.state.position("bob", "BTC").quantity == bobs.quantity
        assert {o.size for o in (await floor.exchange.report()).orders} == {bobs.quantity}
        assert await floor.agree()


RUNS = int(os.environ.get("NOF0_RUNS", "400"))


async def _play(floor, seed):
    """Trade at random for some minutes, then let everything settle."""
    chance = random.Random(seed)
    mark = 100_000
    for _ in range(4):
        trader = chance.choice(TRADERS)
        try:
            if floor.recorder.state.position(trader, "BTC") is None:
                await floor.enter(
                    trader, chance.choice([Signal.BUY_TO_ENTER, Signal.SELL_TO_ENTER])
                )
            elif chance.random() < 0.5:
                await floor.leave(trader)
            mark += chance.choice([-1500, -200, 0, 200, 1500])
            floor.market.set("BTC", str(mark))
            await floor.minute()
        except Nof0Error:
            await floor.clock.sleep_until(floor.clock.now() + MINUTE)


async def test_no_order_is_sent_twice_in_runs_with_lost_answers(open_floor):
    lost = sent = 0
    for seed in range(RUNS):
        rules = FaultRules(timeout_after_execution=0.4)
        async with open_floor(faults=rules, seed=seed) as floor:
            await _play(floor, seed)
            await floor.minute()
            assert len(set(floor.sent)) == len(floor.sent), seed
            assert await floor.agree(), seed
            await _assert_once_each(floor, seed)
            lost += floor.alerts().count("outcome_unknown")
            sent += len(floor.sent)
    assert lost > RUNS
    assert sent > 3 * RUNS


async def _assert_once_each(floor, seed):
    """Every intent is one order at the venue, and no entry filled more than it meant to."""
    state = floor.recorder.state
    for client_id in set(floor.sent):
        order = await floor.exchange.order(client_id)
        record = state.order(client_id)
        assert order is not None, (seed, client_id)
        assert order.filled_size <= record.request.size, (seed, client_id)
        assert record.outcome.status is not OrderStatus.UNKNOWN, (seed, client_id)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"duplicate": 0.4}, id="duplicate"),
        pytest.param({"dropped_stream": 0.3}, id="dropped-stream"),
        pytest.param({"rate_limited": 0.15}, id="rate-limited"),
        pytest.param({"bad_gateway": 0.15}, id="bad-gateway"),
        pytest.param({"stale_mark": 0.5}, id="stale-mark"),
        pytest.param(
            {
                "rate_limited": 0.05,
                "bad_gateway": 0.05,
                "timeout_after_execution": 0.2,
                "duplicate": 0.1,
                "dropped_stream": 0.1,
                "stale_mark": 0.2,
                "reject_stops": 0.3,
            },
            id="everything",
        ),
    ],
)
async def test_whatever_goes_wrong_nothing_is_sent_twice_and_the_books_agree(open_floor, rules):
    for seed in range(40):
        async with open_floor(faults=FaultRules(**rules), seed=seed) as floor:
            await _play(floor, seed)
            for _ in range(60):
                try:
                    await floor.minute()
                    if not floor.execution.drift and await floor.agree():
                        break
                except Nof0Error:
                    continue
            else:
                pytest.fail(f"seed {seed}: the ledger never agreed with the venue")
            assert len(set(floor.sent)) == len(floor.sent), seed


async def test_same_seed_and_faults_give_the_same_journal(open_floor):
    async def journal(seed):
        rules = FaultRules(timeout_after_execution=0.3, dropped_stream=0.2, reject_stops=0.2)
        async with open_floor(faults=rules, seed=seed) as floor:
            await _play(floor, 3)
            floor.recorder.events.flush()
            return [(e.time, e.stream, e.body) for e in floor.recorder.events.read()]

    assert await journal(1) == await journal(1) != await journal(2)
