from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.context import Performance
from nof0_core.domain.event import (
    CycleEnded,
    Event,
    ExitPlanSet,
    Filled,
    FundingSettled,
    OrderAnswered,
    OrderIntended,
    Transferred,
)
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.order import (
    OrderPurpose,
    OrderRequest,
    OrderStatus,
    Side,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import ExitPlan
from nof0_core.domain.vocabulary import CycleStatus, TransferReason
from nof0_core.ids import ENGINE, client_order_id, cycle_id
from nof0_core.state.engine_state import EngineState

D = Decimal

START = datetime(2025, 7, 23, tzinfo=UTC)


class Script:
    """Tells a ledger a story, one event per minute, and remembers the events."""

    venue_account = "paper"

    def __init__(self):
        self.ledger = EngineState()
        self.events = []

    @property
    def now(self):
        return START + timedelta(minutes=len(self.events))

    def tell(self, body):
        event = Event(seq=len(self.events) + 1, time=self.now, stream=ENGINE, body=body)
        self.events.append(event)
        self.ledger.apply(event)

    @staticmethod
    def ended(account, *, status="ok", **more):
        """Make the record of a cycle that an account had at the moment it was valued."""
        known = {"cycle": "c", "number": 1, "model": "m", "market": ""}
        known |= {"scheduled": account.time, "performance": Performance(), **more}
        return CycleEnded(
            trader=account.trader, account=account, status=CycleStatus(status), **known
        )

    def transfer(self, trader, amount, reason="initial", **marks):
        before = self.account(trader, **marks).equity
        self.tell(
            Transferred(
                venue_account=self.venue_account,
                amounts={trader: D(amount)},
                equities={trader: before},
                reason=TransferReason(reason),
            )
        )

    def intend(self, trader, symbol, size, *, purpose="open", leg=None, **terms):
        """Announce an order of signed `size` and return its client id."""
        cycle = cycle_id(trader, self.now)
        client_id = client_order_id(trader, cycle, symbol, leg or purpose)
        waits = purpose in {"stop", "target"}
        request = OrderRequest(
            client_id=client_id,
            symbol=symbol,
            side=Side.BUY if D(size) > 0 else Side.SELL,
            size=abs(D(size)),
            limit_price=D(1),
            tif=TimeInForce.IOC,
            is_reduce_only=waits,
            trigger=Trigger(kind=TriggerKind(purpose), price=D(1)) if waits else None,
        )
        self.tell(
            OrderIntended(
                trader=trader,
                venue_account=self.venue_account,
                cycle=cycle,
                purpose=OrderPurpose(purpose),
                request=request,
                **terms,
            )
        )
        return client_id

    def answer(self, trader, symbol, client_id, status, **more):
        outcome = OrderOutcome(client_id=client_id, status=OrderStatus(status), **more)
        self.tell(
            OrderAnswered(
                trader=trader, venue_account=self.venue_account, symbol=symbol, outcome=outcome
            )
        )

    def fill(self, trader, symbol, size, price, fee="0", client_id=None, trade_id=None, **more):
        """Book an execution of signed `size`."""
        number = trade_id if trade_id is not None else len(self.events) + 1000
        fill = Fill(
            trade_id=str(number),
            venue_order_id=str(number + 50_000),
            client_id=client_id,
            symbol=symbol,
            side=Side.BUY if D(size) > 0 else Side.SELL,
            price=D(price),
            size=abs(D(size)),
            fee=D(fee),
            time=self.now,
            **more,
        )
        self.tell(Filled(trader=trader, venue_account=self.venue_account, fill=fill))

    def trade(self, trader, symbol, size, price, fee="0", *, purpose="open", **terms):
        """Announce an order and fill all of it."""
        client_id = self.intend(trader, symbol, size, purpose=purpose, **terms)
        self.fill(trader, symbol, size, price, fee, client_id)
        return client_id

    def fund(self, trader, symbol, amount, time=None):
        self.tell(
            FundingSettled(
                venue_account=self.venue_account,
                symbol=symbol,
                time=time or self.now,
                rate=D("0.0000125"),
                amounts={trader: D(amount)},
            )
        )

    def plan(self, trader, symbol, protection, **plan):
        self.tell(
            ExitPlanSet(
                trader=trader,
                venue_account=self.venue_account,
                symbol=symbol,
                plan=ExitPlan(**plan),
                protection=protection,
            )
        )

    def account(self, trader, **marks):
        return self.ledger.account(
            self.venue_account,
            trader,
            {symbol: D(mark) for symbol, mark in marks.items()},
            self.now,
            INSTRUMENTS,
        )


INSTRUMENTS = {
    "BTC": Instrument(
        symbol="BTC",
        size_decimals=5,
        price_decimals=1,
        max_leverage=40,
        tiers=(
            MarginTier(lower_bound=D(0), max_leverage=40),
            MarginTier(lower_bound=D(150_000_000), max_leverage=20),
        ),
    ),
    "ETH": Instrument(symbol="ETH", size_decimals=4, price_decimals=2, max_leverage=25),
    "DOGE": Instrument(symbol="DOGE", size_decimals=0, price_decimals=6, max_leverage=10),
}


def picture(ledger, traders, venue_account="paper", prices=None):
    """Everything that can be read of a ledger, for comparing two of them."""
    marks = prices or {"BTC": D("118123.4"), "ETH": D("3700.55"), "DOGE": D("0.24123")}
    accounts = [ledger.account(venue_account, t, marks, START, INSTRUMENTS) for t in traders]
    return {
        "accounts": accounts,
        "positions": ledger.positions(venue_account),
        "totals": ledger.totals(venue_account),
        "trades": [ledger.trades(t) for t in traders],
        "curves": [ledger.curve(t) for t in traders],
        "cycles": [
            (
                ledger.standing(t).cycles,
                ledger.standing(t).last_cycle,
                ledger.standing(t).last_status,
            )
            for t in traders
        ],
        "answers": [(ledger.standing(t).answers, ledger.standing(t).trouble) for t in traders],
        "starts": [
            (ledger.standing(t).started_at, ledger.standing(t).initial_capital) for t in traders
        ],
        "orders": ledger.open_orders(venue_account),
        "until": (ledger.last_fill_time(venue_account), ledger.funding_known_until(venue_account)),
        "inception": (ledger.inception, ledger.rebalances),
    }


@pytest.fixture(scope="session")
def story():
    """Class whose instances tell a fresh ledger what happened."""
    return Script


@pytest.fixture
def script():
    return Script()


@pytest.fixture(scope="session")
def picture_of():
    return picture


@pytest.fixture(scope="session")
def instruments():
    return INSTRUMENTS
