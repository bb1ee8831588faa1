"""A short story of two traders, told in events with the views that belong to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from nof0_core.domain.account import AccountState
from nof0_core.domain.context import Performance
from nof0_core.domain.decision import Decision, Judgement, Signal
from nof0_core.domain.event import (
    Alerted,
    CycleEnded,
    Event,
    Filled,
    HourMarked,
    MarketSeen,
    Transferred,
)
from nof0_core.domain.fill import Fill
from nof0_core.domain.growth import Growth
from nof0_core.domain.model import Message
from nof0_core.domain.order import Side
from nof0_core.domain.position import ExitPlan, Holding
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.trade import ClosedTrade, TradeLeg
from nof0_core.domain.view import EquityPoint, TraderView, View
from nof0_core.domain.vocabulary import CycleStatus, ExitReason, TransferReason
from nof0_core.ids import ENGINE, RESERVE, CycleId, Symbol, TraderId

START = datetime(2025, 7, 1, tzinfo=UTC)
BTC = Symbol("BTC")
TRADERS = (TraderId("alpha"), TraderId("beta"))


def price_at(hour):
    return Decimal(100_000 + 250 * hour)


def leg(price, time, number):
    return TradeLeg(
        price=price,
        time=time,
        trade_id=str(number),
        venue_order_id=str(number),
        is_taker=True,
        fee=Decimal("4.5"),
    )


class Story:
    """Alpha buys 0.1 BTC each hour and sells it in the next; beta watches."""

    def __init__(self, hours):
        self.events = []
        self.trades = []
        self.curves = {trader: [] for trader in TRADERS}
        self.cycles = 0
        self.hour = 0
        for account in (RESERVE, *TRADERS):
            self._say(
                START,
                account,
                Transferred(
                    venue_account="paper",
                    amounts={account: Decimal(10_000)},
                    equities={account: Decimal(0)},
                    reason=TransferReason.INITIAL,
                ),
            )
        for hour in range(hours):
            self._hour(hour)
        self._say(START, ENGINE, Alerted(code="drift", message="look at BTC", symbol=BTC))

    def _say(self, time, stream, body):
        event = Event(seq=len(self.events) + 1, time=time, stream=stream, body=body)
        self.events.append(event)

    def _hour(self, hour):
        self.hour, time = hour, START + timedelta(hours=hour)
        quote = {"mark": str(price_at(hour))}
        seen = {"BTC": {"time": time.isoformat(), "quote": quote, "series": {}}}
        self._say(time, ENGINE, MarketSeen(section="hl", digest=str(hour), snapshots=seen))
        if hour:
            self._close(hour, time)
            accounts = tuple(self.account(trader) for trader in TRADERS)
            self._say(time, ENGINE, HourMarked(accounts=accounts))
            for account in accounts:
                self.curves[account.trader].append(EquityPoint.of(account))
        fill = Fill(
            trade_id=str(1000 + hour),
            venue_order_id=str(1000 + hour),
            client_id=None,
            symbol=BTC,
            side=Side.BUY,
            price=price_at(hour),
            size=Decimal("0.1"),
            fee=Decimal("4.5"),
            time=time,
        )
        self._say(time, TRADERS[0], Filled(trader=TRADERS[0], venue_account="paper", fill=fill))
        self._cycle(TRADERS[0], Signal.BUY_TO_ENTER, time, fills=(fill,))
        self._cycle(TRADERS[1], Signal.HOLD, time)

    def _close(self, hour, time):
        gross = Decimal("0.1") * (price_at(hour) - price_at(hour - 1))
        self.trades.append(
            ClosedTrade(
                trader=TRADERS[0],
                symbol=BTC,
                quantity=Decimal("0.1"),
                leverage=5,
                confidence=80.0,
                exit_plan=self.plan(hour - 1),
                entry=leg(price_at(hour - 1), time - timedelta(hours=1), 999 + hour),
                exit=leg(price_at(hour), time, 5000 + hour),
                gross_pnl=gross,
                funding=Decimal(-1),
                net_pnl=gross - 10,
                reason=ExitReason.CLOSE,
            )
        )

    def _cycle(self, trader, signal, time, fills=()):
        self.cycles += 1
        is_entry = signal.is_entry
        decision = Decision(
            signal=signal,
            symbol=BTC,
            leverage=5 if is_entry else None,
            position_size_usd=Decimal(10_000) if is_entry else None,
            entry_price=price_at(self.hour) if is_entry else None,
            confidence=80,
            reasoning=f"it is hour {self.hour}",
        )
        self._say(
            time,
            trader,
            CycleEnded(
                trader=trader,
                cycle=CycleId(f"{trader}-{self.hour}"),
                number=self.hour + 1,
                scheduled=time,
                status=CycleStatus.OK,
                model="rules",
                market=str(self.hour),
                account=self.account(trader),
                performance=Performance(),
                judgements=(Judgement(decision=decision, is_approved=is_entry),),
                messages=(
                    Message(role="system", content="be brief"),
                    Message(role="user", content="BTC?"),
                )
                if is_entry
                else None,
                fills=fills,
            ),
        )

    def plan(self, hour):
        return ExitPlan(stop_loss=price_at(hour) * Decimal("0.98"), invalidation_condition="x")

    def account(self, trader, minutes=0):
        zero = Decimal(0)
        closed = [one for one in self.trades if one.trader == trader]
        held = self.holdings() if trader == TRADERS[0] else ()
        gross = sum((one.gross_pnl for one in closed), zero)
        fees = sum((one.fees for one in closed), zero) + sum((one.fees for one in held), zero)
        funding = sum((one.funding for one in closed), zero)
        open_pnl = sum((one.unrealized_pnl for one in held), zero)
        cash = Decimal(10_000) + gross - fees + funding
        return AccountState(
            trader=trader,
            time=START + timedelta(hours=self.hour, minutes=minutes),
            deposited=Decimal(10_000),
            cash=cash,
            equity=cash + open_pnl,
            realized_pnl=gross,
            unrealized_pnl=open_pnl,
            fees=fees,
            funding=funding,
            margin_used=sum((one.margin for one in held), zero),
            growth=Growth(base=Decimal(10_000)),
            holdings=held,
        )

    def holdings(self):
        mark = price_at(self.hour) + 20
        return (
            Holding(
                symbol=BTC,
                quantity=Decimal("0.1"),
                entry_price=price_at(self.hour),
                mark=mark,
                leverage=5,
                margin=mark / 50,
                unrealized_pnl=Decimal(2),
                liquidation_price=Decimal(20_000),
                opened_at=START + timedelta(hours=self.hour),
                exit_plan=self.plan(self.hour),
                confidence=80.0,
                risk_usd=Decimal(200),
                fees=Decimal("4.5"),
                funding=Decimal(0),
                realized_pnl=Decimal(0),
                entry_order_id=str(1000 + self.hour),
                stop_order_id="77",
            ),
        )

    def view(self, minutes=30):
        """Return the picture some minutes after the last hour of the story."""
        time = START + timedelta(hours=self.hour, minutes=minutes)
        mark = price_at(self.hour) + 20
        quote = Quote(symbol=BTC, time=time, mark=mark, mid=mark + 1, oracle=mark)
        return View(
            seq=0,
            time=time,
            traders=tuple(
                TraderView(
                    trader=trader,
                    name=trader.title(),
                    model="rules",
                    is_baseline=trader == TRADERS[1],
                    venue_account="paper",
                    started_at=START,
                    initial_capital=Decimal(10_000),
                    account=self.account(trader, minutes),
                    performance=Performance(sharpe_ratio=0.5),
                    status="running",
                    next_cycle=None,
                    trades=tuple(one for one in self.trades if one.trader == trader),
                    equity_curve=tuple(self.curves[trader]),
                )
                for trader in TRADERS
            ),
            quotes={BTC: quote},
        )
