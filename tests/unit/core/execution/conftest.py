"""A venue that can be made to fail, and the execution engine on it with a real journal."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.border.foreign import Origin
from nof0_core.border.quarantine import Quarantine
from nof0_core.clock import ScaledClock, SimulatedClock
from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.decision import Signal
from nof0_core.domain.event import EngineStarted, Transferred
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderStatus, OrderStyle, Side, TriggerKind
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import VenuePosition
from nof0_core.domain.vocabulary import ClockKind, TransferReason
from nof0_core.errors import OutcomeUnknownError, RejectedError, TransientError
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.execution.path_watch import no_bars
from nof0_core.ids import ENGINE, cycle_id
from nof0_core.journal import Journal
from nof0_core.money import exactly, floor_to
from nof0_core.protocols import Capability
from nof0_core.risk.gate import RiskGate
from nof0_core.runtime import clocks
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing import samples
from nof0_core.testing.environment import START, Lines

FEE = D("0.00045")
BAD = Origin(part="exchange paper", plugin="nof0-bad 1", place="exchange.yaml:3")


class Venue:
    """One account, filled at `prices`. Faults are switched on by setting the flags.

    `lose_answers`: carries orders out, then the connection drops. `lose_orders`: the connection
    drops before they arrive. `refuse_stops` (all exits), `refuse_targets`, `refuse_leverage`,
    `refuse_closes`, `refuse_cancels`: says no. `is_down`: does not talk.
    `fill_ratio`: the part of an IOC order that finds a counterpart. It reckons
    as exactly as the ledger.
    """

    capabilities = frozenset(
        {
            Capability.TRIGGER_ORDERS,
            Capability.REDUCE_ONLY,
            Capability.BATCH,
            Capability.FUNDING,
        }
    )

    def __init__(self, clock) -> None:
        self.clock = clock
        self.prices = {"BTC": D(100_000), "ETH": D(4000)}
        self.raw = D(10_000)
        self.sizes: dict[str, D] = {}
        self.orders: dict[str, VenueOrder] = {}
        self.executed: list[Fill] = []
        self.paid: list[FundingPayment] = []
        self.requests: list = []
        self.leverage: dict[str, int] = {}
        self.lose_answers = self.lose_orders = self.refuse_stops = self.is_down = False
        self.refuse_leverage = self.refuse_targets = False
        self.refuse_closes = self.refuse_cancels = False
        self.cancels: list = []
        self.fill_ratio = D(1)

    @exactly
    async def report(self):
        worth = sum(size * self.prices[s] for s, size in self.sizes.items())
        account = VenueAccount(
            time=self.clock.now(), equity=self.raw + worth, raw_usd=self.raw,
            margin_used=D(0), available=self.raw + worth,
        )  # fmt: skip
        return AccountReport(
            time=self.clock.now(),
            account=account,
            positions=tuple(self._positions()),
            orders=tuple(o for o in self.orders.values() if o.status is OrderStatus.RESTING),
        )

    def _positions(self):
        return [
            VenuePosition(
                symbol=s, quantity=size, entry_price=self.prices[s],
                leverage=self.leverage.get(s, 5),
                margin_used=D(0), unrealized_pnl=D(0),
            )
            for s, size in self.sizes.items() if size
        ]  # fmt: skip

    @exactly
    async def place(self, requests, *, expires_at):
        if self.is_down:
            raise TransientError("the venue is away")
        if self.lose_orders:
            raise OutcomeUnknownError("connection dropped")
        outcomes = [self._accept(r) for r in requests]
        if self.lose_answers:
            raise OutcomeUnknownError("connection dropped")
        return outcomes

    async def cancel(self, client_ids):
        outcomes = []
        for client_id in client_ids:
            self.cancels.append(client_id)
            order = self.orders.get(client_id)
            if order is None or self.refuse_cancels:
                reason = "Order was never placed, already canceled, or filled."
                status = OrderStatus.REJECTED
                outcomes.append(OrderOutcome(client_id=client_id, status=status, reason=reason))
                continue
            if order.status is OrderStatus.RESTING:
                order = self.orders[client_id] = attrs.evolve(order, status=OrderStatus.CANCELED)
            outcomes.append(order.outcome(client_id))
        return outcomes

    async def order(self, client_id):
        return self.orders.get(client_id)

    async def fills(self, since):
        return [f for f in self.executed if f.time >= since]

    async def funding(self, since):
        return [p for p in self.paid if p.time >= since]

    async def set_leverage(self, symbol, leverage, margin_mode):
        if self.refuse_leverage:
            raise RejectedError("Invalid leverage value")
        self.leverage[symbol] = leverage

    # --- what happens at the venue ---

    @exactly
    def move(self, symbol, mark):
        """Move the mark and let what it triggers happen, stops first."""
        self.prices[symbol] = D(mark)
        waiting = [o for o in self.orders.values() if o.status is OrderStatus.RESTING]
        for order in sorted(waiting, key=lambda o: o.trigger.kind is TriggerKind.TARGET):
            falls = (order.side is Side.SELL) == (order.trigger.kind is TriggerKind.STOP)
            reached = D(mark) <= order.trigger.price if falls else D(mark) >= order.trigger.price
            if reached and self.orders[order.client_id].status is OrderStatus.RESTING:
                size = min(order.size, abs(self.sizes.get(symbol, D(0))))
                self._execute(order, size)

    @exactly
    def trade_by_hand(self, symbol, side, size):
        """Let somebody trade in the venue's own screen."""
        self._book(None, symbol, side, D(size))

    @exactly
    def pay_funding(self, symbol, rate):
        size = self.sizes[symbol]
        amount = -size * self.prices[symbol] * D(rate)
        self.raw += amount
        self.paid.append(
            FundingPayment(
                symbol=symbol, time=self.clock.now(), quantity=size, rate=D(rate), amount=amount
            )
        )

    def _accept(self, request):
        self.requests.append(request)
        if request.client_id in self.orders:
            return self.orders[request.client_id].outcome(request.client_id)
        order = VenueOrder(
            client_id=request.client_id,
            venue_order_id=str(len(self.orders) + 1), symbol=request.symbol,
            side=request.side, size=request.size, filled_size=D(0),
            limit_price=request.limit_price, status=OrderStatus.RESTING, time=self.clock.now(),
            is_reduce_only=request.is_reduce_only, trigger=request.trigger,
        )  # fmt: skip
        self.orders[request.client_id] = order
        if request.trigger is not None:
            is_target = request.trigger.kind is TriggerKind.TARGET
            if self.refuse_stops or (self.refuse_targets and is_target):
                order = attrs.evolve(
                    order, status=OrderStatus.REJECTED, reason="Invalid TP/SL price."
                )
                self.orders[request.client_id] = order
        elif self.refuse_closes and request.is_reduce_only:
            order = attrs.evolve(order, status=OrderStatus.REJECTED, reason="Trading is halted.")
            self.orders[request.client_id] = order
        elif (
            request.is_reduce_only and self.sizes.get(request.symbol, D(0)) * request.side.sign >= 0
        ):
            order = attrs.evolve(
                order,
                status=OrderStatus.REJECTED,
                reason="Reduce only order would increase position.",
            )
            self.orders[request.client_id] = order
        else:
            lot = samples.instrument(request.symbol).lot
            size = floor_to(request.size * self.fill_ratio, lot)
            if request.is_reduce_only:
                size = min(size, abs(self.sizes[request.symbol]))
            self._execute(order, size)
        return self.orders[request.client_id].outcome(request.client_id)

    def _execute(self, order, size):
        if size:
            self._book(order, order.symbol, order.side, size)
        status = (
            OrderStatus.FILLED if size == order.size
            else OrderStatus.PARTLY_FILLED if size else OrderStatus.CANCELED
        )  # fmt: skip
        self.orders[order.client_id] = attrs.evolve(
            order, status=status, filled_size=size, average_price=self.prices[order.symbol]
        )

    def _book(self, order, symbol, side, size):
        price = self.prices[symbol]
        fee = price * size * FEE
        self.raw -= side.sign * size * price + fee
        self.sizes[symbol] = self.sizes.get(symbol, D(0)) + side.sign * size
        self.executed.append(
            Fill(
                trade_id=str(len(self.executed) + 1),
                venue_order_id=str(order.venue_order_id if order else "0"),
                client_id=order.client_id if order else None, symbol=symbol, side=side,
                price=price, size=size, fee=fee, time=self.clock.now(),
            )
        )  # fmt: skip


class Scene:
    """Two traders, 4,000 USD each, on one venue account of 10,000 USD.

    The venue's clock shows `START`, the engine's is `ahead` of it; `as_of` is what the venue called
    the time when the account was taken over, if it did.
    """

    def __init__(
        self, tmp_path, clock=None, venue=Venue, *, ahead=timedelta(0), as_of=None
    ) -> None:
        self.root = tmp_path / "journal"
        self.clock = clock or SimulatedClock(START + ahead)
        self.venue = venue(self.clock if not ahead else SimulatedClock(START))
        self.log = Lines()
        self.cycles = 0
        self.refused = ""
        self.bars = no_bars
        self.policies = OrderPolicy(
            style=OrderStyle.MARKET_IOC,
            slippage_bps=D(50),
            limits=RiskLimits(price_band_pct=D(2)),
        )
        self._open()
        self.recorder.record(
            ENGINE,
            EngineStarted(
                version="0",
                config_digest="",
                clock=ClockKind.SIMULATED,
                seed=0,
                traders=("ann", "bob"),
            ),
        )
        for account, amount in (("@reserve", 2000), ("ann", 4000), ("bob", 4000)):
            self.recorder.record(
                account,
                Transferred(
                    venue_account="paper",
                    amounts={account: D(amount)},
                    equities={account: D(0)},
                    reason=TransferReason.INITIAL,
                    as_of=as_of,
                ),
            )

    def open_journal(self):
        return Journal.open(self.root)

    def provider(self):
        """What the engine takes for the venue."""
        return self.venue

    def _open(self):
        journal, state = self.open_journal(), EngineState()
        for event in journal.read():
            state.apply(event)
        self.is_synced = False
        self.driver = clocks.driver_on(self.clock)
        self.recorder = Recorder(
            events=journal,
            durability=self.driver.durability,
            state=state,
            clock=self.clock,
            log=self.log,
        )
        self.quarantine = Quarantine(
            clock=self.clock, alarm=self.recorder.alert, origin=lambda *_: BAD
        )
        self.execution = ExecutionEngine(
            venue_account="paper",
            provider=self.provider(),
            recorder=self.recorder,
            instruments={s: samples.instrument(s) for s in ("BTC", "ETH")},
            policies={"ann": self.policies, "bob": self.policies},
            since=state.inception or self.clock.now(),
            tempo=self.driver.tempo,
            limits=self.driver.limits,
            refusal=lambda _: self.refused,
            bars=self.closed_bars,
            ward=self.quarantine.ward("exchange", "paper"),
        )

    def closed_bars(self, symbol, after):
        """Tell the bars that the test has given."""
        return self.bars(symbol, after)

    def restart(self):
        """Open everything again from what is on disk."""
        self.recorder.events.close()
        self._open()

    @property
    def state(self):
        return self.recorder.state

    def quotes(self):
        return {
            s: attrs.evolve(
                samples.snapshot(s).quote, mark=mark, oracle=mark, time=self.clock.now()
            )
            for s, mark in self.venue.prices.items()
        }

    def transfer(self, amounts):
        """Move capital between accounts."""
        rules = {symbol: samples.instrument(symbol) for symbol in self.venue.prices}
        now = self.clock.now()
        equities = {
            trader: self.state.account("paper", trader, self.venue.prices, now, rules).equity
            for trader in amounts
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

    def approve(self, trader, *decisions):
        """Let the risk gate approve decisions of a trader as things stand now."""
        self.cycles += 1
        time = self.clock.now() + timedelta(microseconds=self.cycles)
        marks = self.venue.prices
        snapshots = {
            symbol: attrs.evolve(samples.snapshot(symbol), quote=quote)
            for symbol, quote in self.quotes().items()
        }
        context = attrs.evolve(
            samples.context(time=self.clock.now(), snapshots=snapshots),
            trader=trader,
            cycle=cycle_id(trader, time),
            account=self.state.account(
                "paper", trader, marks, START, {s: samples.instrument(s) for s in marks}
            ),
        )
        judged, approved = RiskGate().judge(decisions, context)
        assert len(approved) == len(decisions), judged
        return approved

    async def trade(self, trader, *decisions):
        """Carry out decisions; an engine that was just opened looks at the venue first."""
        if not self.is_synced:
            await self.sync()
        return await self.execution.submit(self.approve(trader, *decisions), self.quotes())

    async def open(self, trader, signal=Signal.BUY_TO_ENTER):
        """Enter 1,000 USD of BTC with a stop 1 % and a target 4 % away."""
        return await self.trade(trader, samples.decision(signal))

    async def sync(self):
        self.is_synced = True
        await self.execution.sync(self.quotes())

    def resting(self):
        return [o for o in self.venue.orders.values() if o.status is OrderStatus.RESTING]

    def alerts(self):
        self.recorder.events.flush()
        return [e.body.code for e in self.recorder.events.read(types=["alert"])]

    def assert_agrees(self):
        """The sums of the ledger are the venue's numbers, to the last digit."""
        totals = self.state.totals("paper")
        assert totals.raw_usd == self.venue.raw
        assert {s: q for s, q in totals.quantities.items() if q} == {
            s: q for s, q in self.venue.sizes.items() if q
        }


class RunningClock(ScaledClock):
    """A clock that runs by itself, as far as the engine can tell, and that the test can set."""

    def __init__(self):
        super().__init__(start=START, speed=1)
        self.moment = START

    def now(self):
        return self.moment


@pytest.fixture
def running(scene):
    """The same scene on a clock on which orders may be under way while the engine waits."""
    scene.clock = scene.venue.clock = RunningClock()
    scene.restart()
    return scene


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


@pytest.fixture
def scene_maker(tmp_path_factory):
    return lambda **how: Scene(tmp_path_factory.mktemp("scene"), **how)
