"""Five thousand random lives of an exchange account shared by three traders.

Real paper exchange, real desk, real ledger; only the journal's and the account's files are left
out, and time jumps. After every step both sides of the books are equal to the last digit, and the
account is what its deposits, trades, fees and funding add up to.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal as D

import anyio
import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.event import EngineStarted, Event, Transferred
from nof0_core.exchange.books import Books
from nof0_core.exchange.desk import Desk
from nof0_core.exchange.plan import Terms
from nof0_core.ids import ENGINE, cycle_id
from nof0_core.ledger import Ledger
from nof0_core.money import use_exact_arithmetic
from nof0_core.risk.gate import RiskGate
from nof0_core.testing import samples
from nof0_core.testing.environment import START, Lines, env
from nof0_core.testing.market import HandMarket
from nof0_provider_sim.config import FaultRules, SimExchangeConfig
from nof0_provider_sim.exchange import opening
from nof0_provider_sim.exchange.state import VenueState

pytestmark = pytest.mark.integration
TRADERS = ("ann", "bob", "cid")
STREAMS, CHUNKS, STEPS = 5000, 10, 6
CAPITAL = D(3000)
WAITS = (1, 1, 20, 61)
SEEN: Counter[str] = Counter()
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")


class Memory:
    """A journal without a file: numbers events, nothing else."""

    def __init__(self) -> None:
        self.seq = 0

    def append(self, time, stream, body, *, took=0.0):
        self.seq += 1
        SEEN[body.type] += 1
        if body.type == "alert":
            SEEN[body.code] += 1
        return Event(seq=self.seq, time=time, stream=stream, body=body)

    def flush(self):
        """Nothing is held back."""


class NoFile:
    """An account store that keeps nothing."""

    def append(self, records):
        """Forget them."""

    def close(self):
        """Nothing is open."""


class Scene:
    """One exchange account and its books."""

    def __init__(self, rng, clock, market, provider) -> None:
        self.rng, self.clock, self.market, self.provider = rng, clock, market, provider
        self.books = Books(journal=Memory(), ledger=Ledger(), clock=clock, log=Lines())
        self.leverage = rng.choice([3, 20, 20])

    async def start(self):
        instruments = await self.market.instruments()
        terms = Terms(style="market_ioc", slippage_bps=D(75), price_band_pct=D(5))
        self.desk = Desk(
            section="paper",
            provider=self.provider,
            books=self.books,
            instruments=instruments,
            terms=dict.fromkeys(TRADERS, terms),
            since=START,
        )
        started = EngineStarted(
            version="0", config_digest="", clock="simulated", seed=0, traders=TRADERS
        )
        self.books.record(ENGINE, started)
        amounts = {"@reserve": D(1000), **dict.fromkeys(TRADERS, CAPITAL)}
        self.books.record(ENGINE, Transferred(section="paper", amounts=amounts, reason="initial"))

    async def step(self):
        rng = self.rng
        await self.clock.sleep_until(self.clock.now() + timedelta(minutes=rng.choice(WAITS)))
        what = rng.choice(["open", "open", "open", "move", "move", "crash", "close", "rebalance"])
        if what == "rebalance":
            one, other = rng.sample(TRADERS, 2)
            amount = D(rng.randrange(1, 300_000_000)).scaleb(-6)
            self.books.record(
                ENGINE,
                Transferred(
                    section="paper", amounts={one: amount, other: -amount}, reason="rebalance"
                ),
            )
        elif what in ("move", "crash"):
            bps = (
                rng.randrange(-120, 121) if what == "move" else rng.choice([-2600, -800, 800, 2600])
            )
            mark = (await self.market.quotes(["BTC"]))["BTC"].mark
            self.market.set("BTC", (mark * (10_000 + bps) / 10_000).quantize(D(1)))
        else:
            await self._trade(what, rng.choice(TRADERS))
        await self.desk.sync(await self.market.quotes(["BTC"]))

    async def _trade(self, what, trader):
        held = self.books.ledger.position(trader, "BTC")
        if (what == "open") is (held is not None):
            return
        quotes = await self.market.quotes(["BTC"])
        mark, decision = quotes["BTC"].mark, CLOSE
        if what == "open":
            signal = self.rng.choice([Signal.BUY_TO_ENTER, Signal.SELL_TO_ENTER])
            sign = 1 if signal is Signal.BUY_TO_ENTER else -1
            decision = samples.decision(
                signal,
                position_size_usd=D(self.rng.choice([50, 700, 20_000, 55_000])),
                leverage=self.leverage,
                entry_price=mark,
                stop_loss=mark * (1 - sign * D("0.01")),
                take_profit=mark * (1 + sign * D("0.04")),
            )
        account = self.books.ledger.account(
            "paper", trader, {"BTC": mark}, self.clock.now(), {"BTC": samples.instrument()}
        )
        context = samples.context(snapshots={"BTC": samples.snapshot("BTC", str(mark))})
        limits = attrs.evolve(
            context.limits,
            major_coin_leverage=20,
            max_position_size_usd=D(60_000),
            max_margin_usage_pct=D(100),
            # Half of them do without exits: these can be liquidated.
            stop_loss_enabled=self.leverage < 20,
            take_profit_enabled=self.leverage < 20,
        )
        context = attrs.evolve(
            context,
            trader=trader,
            cycle=cycle_id(trader, self.clock.now()),
            account=account,
            limits=limits,
        )
        _, approved = RiskGate().judge([decision], context)
        SEEN["approved"] += len(approved)
        await self.desk.submit(approved, quotes)

    async def check(self):
        ledger, venue = self.books.ledger, self.provider
        mark = (await self.market.quotes(["BTC"]))["BTC"].mark
        account, positions = await venue.account(), await venue.positions()
        totals = ledger.totals("paper")
        assert totals.raw_usd == account.raw_usd
        assert dict(totals.sizes) == {p.symbol: p.size for p in positions}
        assert ledger.audit("paper") == ()
        assert self.desk.drift == ()
        assert account.equity >= 0
        # Σ equity of the virtual accounts = equity at the venue, and each is what made it.
        virtual = [
            ledger.account("paper", t, {"BTC": mark}, START, {"BTC": samples.instrument()})
            for t in ledger.traders("paper")
        ]
        for state in virtual:
            parts = state.realized_pnl - state.fees + state.funding + state.unrealized_pnl
            assert state.equity == state.deposited + parts
        assert sum(state.equity for state in virtual) == account.equity
        assert sum(state.deposited for state in virtual) == 10_000
        # The venue's own identity, from its statement alone.
        fills, funding = await venue.fills(START), await venue.funding(START)
        own = sum(f.signed_size * f.price + f.fee for f in fills)
        paid = sum(payment.amount for payment in funding)
        assert account.raw_usd == 10_000 - own + paid
        SEEN["fill"] += len(fills)
        SEEN["liquidation_fill"] += sum(f.is_liquidation for f in fills)


async def _live(seed):
    use_exact_arithmetic()
    rng = random.Random(seed)
    clock = SimulatedClock(START)
    market = HandMarket(clock)
    faults = FaultRules(
        timeout_after_execution=rng.choice([0.0, 0.0, 0.2]),
        rate_limited=rng.choice([0.0, 0.0, 0.1]),
    )
    config = SimExchangeConfig(initial_balance_usd=D(10_000), faults=faults)
    async with (
        env(clock=clock, markets={"hand": market}) as made,
        opening.open_paper_exchange(config, made) as provider,
    ):
        scene = Scene(rng, clock, market, provider)
        await scene.start()
        for _ in range(STEPS):
            try:
                await scene.step()
            except Exception as error:
                if type(error).__name__ not in ("TransientError", "RateLimitedError"):
                    raise
                SEEN["venue away"] += 1
                continue
            try:
                await scene.check()
            except Exception as error:
                if type(error).__name__ not in ("TransientError", "RateLimitedError"):
                    raise


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_is_made_and_nothing_is_lost(chunk, monkeypatch):
    monkeypatch.setattr(opening, "open_store", lambda _, initial: (NoFile(), VenueState(initial)))

    async def play():
        for seed in range(chunk * STREAMS // CHUNKS, (chunk + 1) * STREAMS // CHUNKS):
            try:
                await _live(seed)
            except BaseException as error:
                error.add_note(f"stream {seed}")
                raise

    anyio.run(play)
    # Otherwise the streams would prove less than they claim.
    happened = ("approved", "liquidation_fill", "liquidation", "insolvent", "funding", "venue away")
    assert [what for what in happened if not SEEN[what]] == []
