"""Five thousand random lives of an exchange account shared by three traders and a person.

Real paper exchange, real execution, real ledger; only the journal's and the account's files are
left out, and time jumps. Two traders share BTC and ETH with cross margin, the third has DOGE with
isolated margin to itself; a person trades, cancels and moves cash past the engine. Whatever
happens, ledger and account are equal to the last digit, and the account is what its deposits,
trades, fees and funding add up to.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path

import anyio
import attrs
import pytest
from memory_log import MemoryLog

from nof0_core.clock import SimulatedClock
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.event import EngineStarted, Transferred
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderRequest, OrderStyle, Side
from nof0_core.domain.position import MarginMode
from nof0_core.domain.vocabulary import ClockKind, TransferReason
from nof0_core.errors import ProviderError, TransientError
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.execution.limits import LIMITS
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.ids import ENGINE, cycle_id
from nof0_core.ledger.pools import own_usd
from nof0_core.risk.gate import RiskGate
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.tempo import STANDING
from nof0_core.testing import samples
from nof0_core.testing.environment import START, Lines, env
from nof0_core.testing.market import INSTRUMENTS, HandMarket
from nof0_provider_sim.config import FaultRules, SimExchangeConfig
from nof0_provider_sim.exchange import liquidation, opening
from nof0_provider_sim.exchange.depth import Depth, Level, Snapshot
from nof0_provider_sim.exchange.state import VenueState

pytestmark = pytest.mark.integration
COINS = {"ann": ("BTC", "ETH"), "bob": ("BTC", "ETH"), "cid": ("DOGE",)}
TRADERS = tuple(COINS)
STREAMS, CHUNKS, STEPS = int(os.environ.get("NOF0_STREAMS", "3000")), 10, 6
CAPITAL = D(10_000)
WAITS = (1, 1, 20, 61)
FAULTS = (
    "rate_limited",
    "bad_gateway",
    "timeout_after_execution",
    "duplicate",
    "dropped_stream",
    "stale_mark",
    "reject_stops",
)
WHAT = ("open",) * 6 + ("move", "move", "crash", "crash", "close", "rebalance")
BY_HAND = ("trade", "trade", "cancel", "cash", "restart")
SEEN: Counter[str] = Counter()


def _side(near, far):
    """A book that has little near the mark and nothing more that an order may pay."""
    return tuple(Level(ratio=D(ratio), size=D("0.2")) for ratio in (near, far))


THIN = Depth(
    {
        symbol: [Snapshot(time_ms=0, bids=_side("0.9999", "0.9"), asks=_side("1.0001", "1.1"))]
        for symbol in ("BTC", "ETH")
    }
)


def count(event):
    """See what has happened."""
    SEEN[event.body.type] += 1
    if event.body.type == "alert":
        SEEN[event.body.code] += 1


class NoFile:
    """An account store that keeps nothing."""

    def append(self, records):
        """Forget them."""

    def close(self):
        """Nothing is open."""


class Scene:
    """One exchange account and its ledger. `capital` is what was paid into it so far.

    `is_alone`: only its trader has ever traded DOGE.
    """

    def __init__(self, rng, clock, market, provider) -> None:
        self.rng, self.clock, self.market, self.provider = rng, clock, market, provider
        self.venue = getattr(provider, "_inner", provider)
        self.journal = MemoryLog()
        self.capital = CAPITAL
        self.is_alone = True
        self.leverage = rng.choice([3, 20, 20])
        self._open(EngineState())

    def _open(self, state):
        self.state = state
        self.recorder = Recorder(
            events=self.journal,
            durability=Durability.BUFFER,
            state=state,
            clock=self.clock,
            log=Lines(),
        )
        self.recorder.listeners.append(count)
        policies = OrderPolicy(
            style=OrderStyle.MARKET_IOC,
            slippage_bps=D(75),
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
            provider=self.provider,
            recorder=self.recorder,
            instruments=INSTRUMENTS,
            policies={
                "ann": policies,
                "bob": policies,
                "cid": attrs.evolve(policies, margin_mode=MarginMode.ISOLATED),
            },
            since=START,
            tempo=STANDING,
            limits=LIMITS.without_an_end(),
        )

    def start(self):
        started = EngineStarted(
            version="0", config_digest="", clock=ClockKind.SIMULATED, seed=0, traders=TRADERS
        )
        self.recorder.record(ENGINE, started)
        amounts = {"@reserve": D(1000), **dict.fromkeys(TRADERS, D(3000))}
        self.recorder.record(
            ENGINE,
            Transferred(
                venue_account="paper",
                amounts=amounts,
                equities=dict.fromkeys(amounts, D(0)),
                reason=TransferReason.INITIAL,
            ),
        )

    async def quotes(self):
        return await self.market.quotes(INSTRUMENTS)

    async def sync(self):
        away = await self.execution.sync(await self.quotes())
        if away:
            raise TransientError("; ".join(away))

    async def step(self):
        rng = self.rng
        await self.clock.sleep_until(self.clock.now() + timedelta(minutes=rng.choice(WAITS)))
        what = rng.choice(WHAT)
        if rng.random() < 0.1:
            await self._by_hand(rng.choice(BY_HAND))
        elif what == "rebalance":
            one, other = rng.sample(TRADERS, 2)
            amount = D(rng.randrange(1, 300_000_000)).scaleb(-6)
            amounts = {one: amount, other: -amount}
            marks = {symbol: quote.mark for symbol, quote in (await self.quotes()).items()}
            now = self.clock.now()
            equities = {
                t: self.state.account("paper", t, marks, now, INSTRUMENTS).equity for t in amounts
            }
            self.recorder.record(
                ENGINE,
                Transferred(
                    venue_account="paper",
                    amounts=amounts,
                    equities=equities,
                    reason=TransferReason.REBALANCE,
                ),
            )
        elif what in ("move", "crash"):
            bps = (
                rng.randrange(-120, 121) if what == "move" else rng.choice([-2600, -600, 600, 2600])
            )
            for symbol, quote in (await self.quotes()).items():
                price = quote.mark * (10_000 + bps) / 10_000
                self.market.set(symbol, INSTRUMENTS[symbol].round_price(price))
        else:
            trader = rng.choice(TRADERS)
            await self._trade(what, trader, rng.choice(COINS[trader]))
        await self.sync()

    async def _by_hand(self, what):
        SEEN[f"{what} by hand"] += 1
        if what == "trade":
            symbol = self.rng.choice(list(INSTRUMENTS))
            self.is_alone &= symbol != "DOGE"
            mark = (await self.quotes())[symbol].mark
            side = self.rng.choice([Side.BUY, Side.SELL])
            price = mark * (1 + side.sign * D("0.005"))
            request = OrderRequest(
                client_id=f"0x{self.rng.getrandbits(128):032x}",
                symbol=symbol,
                side=side,
                size=INSTRUMENTS[symbol].round_size(D(self.rng.choice([20, 900])) / mark),
                limit_price=INSTRUMENTS[symbol].round_price(price),
            )
            await self.venue.place([request], expires_at=None)
        elif what == "cancel":
            waiting = [order.client_id for order in (await self.venue.report()).orders]
            await self.venue.cancel(waiting[:1])
        elif what == "cash":
            amount, account = D(self.rng.choice([-400, 2500])), self.venue._state.account
            account.initial += amount
            account.raw_usd += amount
            account.version += 1
            self.capital += amount
        else:
            again = EngineState()
            for event in self.journal.events:
                again.apply(event)
            assert again.positions("paper") == self.state.positions("paper")
            assert again.totals("paper") == self.state.totals("paper")
            self._open(again)

    async def _trade(self, what, trader, symbol):
        held = self.state.position(trader, symbol)
        if (what == "open") is (held is not None):
            return
        quotes = await self.quotes()
        mark = quotes[symbol].mark
        decision = Decision(signal=Signal.CLOSE, symbol=symbol)
        if what == "open":
            signal = self.rng.choice([Signal.BUY_TO_ENTER, Signal.SELL_TO_ENTER])
            sign = 1 if signal is Signal.BUY_TO_ENTER else -1
            decision = samples.decision(
                signal,
                symbol=symbol,
                position_size_usd=D(self.rng.choice([50, 700, 20_000, 55_000])),
                leverage=min(self.leverage, INSTRUMENTS[symbol].max_leverage),
                entry_price=mark,
                stop_loss=mark * (1 - sign * D("0.01")),
                take_profit=mark * (1 + sign * D("0.04")),
            )
        marks = {s: quote.mark for s, quote in quotes.items()}
        context = samples.context(snapshots={symbol: samples.snapshot(symbol, str(mark))})
        limits = attrs.evolve(
            context.limits,
            major_coin_leverage=20,
            altcoin_leverage=20,
            max_position_size_usd=D(60_000),
            margin_mode=MarginMode.ISOLATED if trader == "cid" else MarginMode.CROSS,
            # Half of them do without exits: these can be liquidated.
            stop_loss_enabled=self.leverage < 20,
            take_profit_enabled=self.leverage < 20,
        )
        now = self.clock.now()
        context = attrs.evolve(
            context,
            trader=trader,
            cycle=cycle_id(trader, now),
            account=self.state.account("paper", trader, marks, now, INSTRUMENTS),
            limits=limits,
        )
        _, approved = RiskGate().judge([decision], context)
        SEEN["approved"] += len(approved)
        carried = await self.execution.submit(approved, quotes)
        for report in carried.orders:
            SEEN[f"{report.status}"] += 1
        if trader == "cid":
            SEEN["isolated"] += len(carried.fills)

    def agrees(self):
        """Tell whether the sums of the ledger are the venue's numbers, to the last digit."""
        account, totals = self.venue._state.account, self.state.totals("paper")
        sizes = {symbol: position.quantity for symbol, position in account.positions.items()}
        return totals.raw_usd == account.raw_usd and totals.quantities == sizes

    async def check(self):
        """See that nothing was made and nothing was lost."""
        assert self.agrees()
        assert self.state.audit("paper") == ()
        account = self.venue._state.account
        assert account.is_consistent()
        marks = {symbol: quote.mark for symbol, quote in (await self.quotes()).items()}
        self.check_isolated()
        # Σ equity of the virtual accounts = equity at the venue, and each is what made it.
        virtual = [
            self.state.account("paper", t, marks, START, INSTRUMENTS)
            for t in self.state.traders("paper")
        ]
        for state in virtual:
            parts = state.realized_pnl - state.fees + state.funding + state.unrealized_pnl
            assert state.equity == state.deposited + parts
        assert sum(state.equity for state in virtual) == account.equity(marks)
        assert sum(state.deposited for state in virtual) == self.capital

    def check_isolated(self):
        """See that what the venue lets an isolated position keep is what the ledger reckons."""
        ours = self.state.position("cid", "DOGE")
        theirs = self.venue._state.account.positions.get("DOGE")
        if not self.is_alone or ours is None or theirs is None:
            return
        # Both round margins up to 6 decimals, the venue at each fill.
        assert abs(own_usd(ours) - theirs.raw_usd - theirs.cost) <= D("0.00001")
        SEEN["own margin"] += 1
        SEEN["kept margin"] += ours.kept_margin != 0

    async def settle(self):
        """Let the connection heal and the engine catch up, then look at the whole statement."""
        if self.provider is not self.venue:
            self.provider._faults.strikes = lambda _: False
        for _ in range(12):
            if self.agrees() and self.execution.drift == ():
                break
            await self.clock.sleep_until(self.clock.now() + timedelta(minutes=2))
            await self.sync()
        await self.check()
        assert self.execution.drift == ()
        state = self.venue._state
        # The venue's own identity, from its statement alone.
        fills, funding = state.fills(START), state.funding(START)
        own = sum(f.quantity * f.price + f.fee for f in fills)
        paid = sum(payment.amount for payment in funding)
        assert state.account.raw_usd == self.capital - own + paid
        SEEN["fill"] += len(fills)
        SEEN["liquidation_fill"] += sum(f.is_liquidation for f in fills)


def _faults(rng):
    """Half of the lives have a good connection, the others one or two faults."""
    if rng.random() < 0.5:
        return FaultRules()
    return FaultRules(**dict.fromkeys(rng.sample(FAULTS, rng.choice([1, 2])), 0.15))


async def _live(seed):
    rng = random.Random(seed)
    clock = SimulatedClock(START)
    market = HandMarket(clock)
    faults = _faults(rng)
    config = SimExchangeConfig(
        initial_balance_usd=CAPITAL,
        faults=faults,
        depth=Path("thin") if rng.random() < 0.3 else None,
    )
    async with (
        env(clock=clock, data_dir=Path("unused"), markets={"hand": market}) as made,
        opening.open_paper_exchange(config, made) as provider,
    ):
        scene = Scene(rng, clock, market, provider)
        scene.start()
        try:
            await scene.sync()
        except ProviderError:
            SEEN["venue away"] += 1
        for _ in range(STEPS):
            try:
                await scene.step()
            except ProviderError:
                SEEN["venue away"] += 1
                continue
            if not faults.dropped_stream and scene.execution.drift == ():
                assert scene.agrees()
                scene.check_isolated()
        await scene.settle()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_is_made_and_nothing_is_lost(chunk, monkeypatch):
    monkeypatch.setattr(
        opening, "open_store", lambda _, initial, __: (NoFile(), VenueState(initial))
    )
    monkeypatch.setattr(opening, "load_depth", lambda _: THIN)
    # What the traders here can pay for is closed in two steps, too.
    monkeypatch.setattr(liquidation, "PARTIAL_FROM", D(10_000))

    async def play():
        for seed in range(chunk * STREAMS // CHUNKS, (chunk + 1) * STREAMS // CHUNKS):
            try:
                await _live(seed)
            except BaseException as error:
                error.add_note(f"stream {seed}")
                raise

    anyio.run(play)
    # Otherwise the streams would prove less than they claim.
    happened = (
        "approved", "isolated", "partly_filled", "liquidation_fill", "liquidation", "insolvent",
        "funding", "venue away", "foreign_fill", "foreign_transfer", "outcome_unknown",
        "stop_refused", "drift", "own margin", "kept margin", "restart by hand", "cancel by hand",
    )  # fmt: skip
    assert [what for what in happened if not SEEN[what]] == []
