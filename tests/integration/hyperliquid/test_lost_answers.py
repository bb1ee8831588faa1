"""Orders whose answer is lost: each is shown to have landed or to be dead, and none comes twice."""

from __future__ import annotations

import os
import random
import statistics
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from hyperliquid_account import (
    MAIN,
    Standing,
    exchange_config,
    exchange_kind,
    surroundings,
    venue_of,
)
from hyperliquid_desk import D
from hyperliquid_orders import entry

from nof0_core.domain.order import OrderStatus, Side
from nof0_core.errors import OutcomeUnknownError, TransientError
from nof0_provider_hyperliquid.orders.register import FILE_NAME
from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules
from nof0_provider_hyperliquid.rehearsal.faults import Harm

ANSWERS = int(os.environ.get("NOF0_LOST_ANSWERS", "60"))
"""How many answers go wrong; 10,000 in the soak."""
SEED = int(os.environ.get("NOF0_LOST_SEED", "16"))
HARMS = {
    Harm.LOST_BEFORE: 5,
    Harm.LOST_AFTER: 5,
    Harm.BAD_GATEWAY_BEFORE: 3,
    Harm.BAD_GATEWAY_AFTER: 3,
    Harm.DELAYED: 5,
    Harm.TRUNCATED: 2,
    Harm.NOT_JSON: 2,
    Harm.RATE_LIMITED: 1,
    Harm.SILENT_BEFORE: 0.1,
    Harm.SILENT_AFTER: 0.1,
}
"""What happens to orders, and how often."""
ACTIONS = ("noop",)
READS = ("orderStatus", "clearinghouseState", "exchangeStatus", "userFillsByTime")
pytestmark = pytest.mark.anyio


class Trial:
    """One account whose orders' answers go wrong by the seed, and what was said of each."""

    def __init__(self, venue, clock, env):
        self.venue = venue
        self.clock = clock
        self.env = env
        self.rng = random.Random(SEED)
        self.said = {}
        self.waits = []
        self._opened = AsyncExitStack()
        self._number = 0

    async def open(self):
        """Open the exchange, again if it was open."""
        await self._opened.aclose()
        config = exchange_config(self.venue, http_timeout=timedelta(seconds=1), max_retries=3)
        self.exchange = await self._opened.enter_async_context(
            exchange_kind().open(config, self.env)
        )

    async def close(self):
        await self._opened.aclose()

    def held(self):
        return self.venue.exchange.state.accounts[MAIN.lower()].held("BTC")

    def orders(self):
        """Make one to three orders that bring the position back towards nothing."""
        side = Side.SELL if self.held() > 0 else Side.BUY
        limit = D(110_000) if side is Side.SELL else D(125_000)
        made = []
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            self._number += 1
            made.append(entry(self._number, side=side, limit_price=limit, size=D("0.0005")))
        return made

    async def place(self):
        """Place orders under a fault; returns those nobody can say anything of."""
        orders = self.orders()
        harm = self.rng.choices(list(HARMS), list(HARMS.values()))[0]
        delay = self.rng.choice((1, 500, 2_000, 15_000, 60_000))
        self.venue.faults.clear()
        self.venue.faults.add(harm, "order", times=1, delay_ms=delay)
        late = self.clock.now() + timedelta(seconds=20)
        try:
            outcomes = await self.exchange.place(orders, expires_at=late)
        except OutcomeUnknownError as error:
            concerned = list(error.client_ids)
            if concerned != [order.client_id for order in orders]:
                pytest.fail(f"the error is about {concerned}")
            return concerned
        except TransientError:
            self.said.update((order.client_id, False) for order in orders)
            return []
        self.said.update((o.client_id, o.status is not OrderStatus.REJECTED) for o in outcomes)
        assert not [o for o in outcomes if o.status is OrderStatus.UNKNOWN]
        return []

    async def meddle(self, unknown):
        """Let happen what may between the loss of an answer and the question."""
        what = self.rng.random()
        if what < 0.2:
            await self.open()
        elif what < 0.25:
            await self.close()
            (self.env.data_dir / FILE_NAME).unlink()
            await self.open()
        elif what < 0.35:
            for client_id in unknown:
                [again] = await self.exchange.place([entry(client_id=client_id)], expires_at=None)
                assert again.status is OrderStatus.UNKNOWN
        if self.rng.random() < 0.3:
            self.clock.time += timedelta(seconds=self.rng.choice((0.001, 1, 10, 30)))
        if self.rng.random() < 0.3:
            harm = self.rng.choice((Harm.LOST_BEFORE, Harm.LOST_AFTER, Harm.DELAYED))
            self.venue.faults.add(harm, *ACTIONS, *READS, chance=0.4, times=4)

    async def decide(self, client_id):
        began, reasons = self.clock.now(), []
        for _ in range(10):
            try:
                found = await self.exchange.prove(client_id)
            except OutcomeUnknownError as error:
                reasons.append(str(error))
                self.clock.time += timedelta(seconds=5)  # at the next look
                continue
            self.said[client_id] = found is not None
            if found is not None:
                assert found.status is OrderStatus.FILLED, found
            self.waits.append((self.clock.now() - began).total_seconds())
            return
        pytest.fail(f"{client_id} is left unknown: {reasons}")


async def test_no_answer_that_is_lost_leaves_an_order_unknown_or_makes_a_second_one(tmp_path):
    clock = Standing()
    rules = Rules(initial_requests=10**9, info_lag_ms=0)
    with venue_of(clock, rules=rules) as venue:
        async with surroundings(venue, clock, tmp_path / "section") as env:
            trial = Trial(venue, clock, env)
            await trial.open()
            proven = 0
            while len(venue.faults.happened) < ANSWERS:
                rules_lag = trial.rng.choice((0, 0, 300, 1_500))
                object.__setattr__(rules, "info_lag_ms", rules_lag)
                unknown = await trial.place()
                if unknown:
                    await trial.meddle(unknown)
                for client_id in unknown:
                    await trial.decide(client_id)
                    proven += 1
                venue.faults.clear()
                clock.time += timedelta(seconds=3)
            # Whatever is under way arrives, or is refused.
            clock.time += timedelta(minutes=5)
            await trial.exchange.report()
            account = venue.exchange.state.accounts[MAIN.lower()]
            landed = {o.cloid for o in account.orders.values() if o.filled > 0}
            refused = {o.cloid for o in account.orders.values()} - landed
            assert not refused & {c for c, is_there in trial.said.items() if is_there}
            wrong = {c: is_there for c, is_there in trial.said.items() if is_there != (c in landed)}
            assert not wrong, f"called wrongly: {wrong}"
            assert landed <= trial.said.keys()
            assert not venue.audit.duplicates
            assert proven > ANSWERS / 3
            assert statistics.median(trial.waits) <= 2
            fills = await trial.exchange.fills(clock.now() - timedelta(days=2))
            assert {f.client_id for f in fills} <= landed
            await trial.close()
