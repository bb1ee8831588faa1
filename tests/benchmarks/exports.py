"""What a round of exports writes and costs: `python tests/benchmarks/exports.py [TRADERS] [HOURS]`.

Many language-model traders (20) with prompts of 12 kB, two positions each, six coins at two
intervals, after so many HOURS (200) in which each decided every third minute of the newest one and
closed 120 trades. Prints for each kind of round the bytes of all files that were put in place, how
many, and the CPU time; then the same for the API's first answer to each question after it.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import anyio
import attrs
import msgspec

from nof0_api.answer_cache import AnswerCache, Query
from nof0_api.commands import TerminalLog
from nof0_api.routes import FIXED
from nof0_core.config.model import TtlConfig
from nof0_core.domain.account import AccountState
from nof0_core.domain.context import Performance
from nof0_core.domain.decision import Decision, Judgement, Signal
from nof0_core.domain.event import CycleEnded, Event, HourMarked, MarketSeen, Transferred
from nof0_core.domain.growth import Growth
from nof0_core.domain.model import Message
from nof0_core.domain.position import ExitPlan, Holding
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.trade import ClosedTrade, TradeLeg
from nof0_core.domain.view import TraderView, View
from nof0_core.domain.vocabulary import CycleStatus, ExitReason, TransferReason
from nof0_core.exporters.json_files import JsonConfig, open_json
from nof0_core.ids import ENGINE, CycleId, Symbol, TraderId
from nof0_core.market.record import BAR_COLUMNS
from nof0_core.sources import FileSource
from nof0_core.testing.environment import env

START = datetime(2025, 7, 1, tzinfo=UTC)
COINS = tuple(Symbol(name) for name in ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE"))
INTERVALS = {"3m": 3, "4h": 240}
CYCLES, TRADES, BARS = 25, 120, 500
TEN = Decimal("10.1234")


def used() -> float:
    """CPU time of this process so far, in ms."""
    now = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (now.ru_utime + now.ru_stime)


class World:
    """A journal and the pictures that belong to it."""

    def __init__(self, traders: int) -> None:
        self.names = [TraderId(f"trader_{number}") for number in range(traders)]
        self.now = START
        self.events: list[Event] = []
        self.seq = 0
        self.cycles = 0
        self.closed: dict[TraderId, list[ClosedTrade]] = {name: [] for name in self.names}
        amounts = dict.fromkeys(self.names, Decimal(10_000))
        self.say(
            Transferred(
                venue_account="paper",
                amounts=amounts,
                equities=dict.fromkeys(amounts, Decimal(0)),
                reason=TransferReason.INITIAL,
            )
        )

    def say(self, body):
        self.seq += 1
        self.events.append(Event(seq=self.seq, time=self.now, stream=ENGINE, body=body))

    def take(self):
        taken, self.events = self.events, []
        return taken

    def market(self, bars):
        """Look at the market; so many bars of three minutes are new."""
        minute = int(self.now.timestamp()) // 60
        seen = {}
        for coin in COINS:
            series = {}
            for interval, length in INTERVALS.items():
                last = minute // length
                opened = [60_000 * length * n for n in range(last - bars, last)]
                rows = [[at, 107_000.5, 107_250.5, 106_900.5, 107_100.5, 1234.567] for at in opened]
                series[interval] = {"columns": ["open_time", *BAR_COLUMNS], "bars": rows}
            quote = {"mark": "107271.5"}
            seen[coin] = {"time": self.now.isoformat(), "quote": quote, "series": series}
        snapshots = msgspec.Raw(msgspec.json.encode(seen))
        self.say(MarketSeen(section="hl", digest=str(self.seq), snapshots=snapshots))

    def hour(self):
        self.now += timedelta(hours=1)
        self.say(HourMarked(accounts=tuple(self.account(name) for name in self.names)))

    def decide(self, *traders):
        for trader in traders:
            self.cycles += 1
            decisions = [
                Decision(
                    signal=Signal.HOLD, symbol=coin, confidence=70, reasoning="nothing new " * 8
                )
                for coin in COINS
            ]
            market = "".join(
                f"{coin} {self.cycles * 7919 % 10_007} rsi {number * self.cycles % 97}\n"
                for number in range(88)
                for coin in COINS
            )
            self.say(
                CycleEnded(
                    trader=trader,
                    cycle=CycleId(f"c{self.cycles}"),
                    number=self.cycles,
                    scheduled=self.now,
                    status=CycleStatus.OK,
                    model="m",
                    market="d",
                    account=self.account(trader),
                    performance=Performance(),
                    judgements=tuple(
                        Judgement(decision=one, is_approved=True) for one in decisions
                    ),
                    messages=(
                        Message(role="system", content="Trade with care. " * 100),
                        Message(role="user", content=market),
                    ),
                    answer='{"decisions": []}' * 40,
                    chain_of_thought="I wait. " * 60,
                )
            )

    def close(self, *traders):
        for trader in traders:
            self.closed[trader].append(self.trade(trader, len(self.closed[trader])))

    def trade(self, trader, number):
        def leg(hours):
            return TradeLeg(
                price=Decimal("107271.5"),
                time=self.now + timedelta(hours=hours),
                trade_id=str(10**14 + number),
                venue_order_id=str(10**11 + number),
                is_taker=True,
                fee=Decimal("4.5"),
            )

        return ClosedTrade(
            trader=trader,
            symbol=COINS[number % 6],
            quantity=Decimal("0.1"),
            leverage=5,
            confidence=80.0,
            exit_plan=plan(),
            entry=leg(-1),
            exit=leg(0),
            gross_pnl=TEN,
            funding=Decimal(-1),
            net_pnl=TEN - 10,
            reason=ExitReason.CLOSE,
        )

    def account(self, trader):
        holdings = tuple(
            Holding(
                symbol=symbol,
                quantity=Decimal("0.25"),
                entry_price=Decimal("101234.5"),
                mark=Decimal("107271.5"),
                leverage=5,
                margin=Decimal(2500),
                unrealized_pnl=TEN,
                liquidation_price=Decimal("91234.5"),
                opened_at=START,
                exit_plan=plan(),
                confidence=80.0,
                risk_usd=Decimal(500),
                fees=TEN,
                funding=TEN,
                realized_pnl=TEN,
                entry_order_id="123456789",
            )
            for symbol in COINS[:2]
        )
        return AccountState(
            trader=trader,
            time=self.now,
            deposited=Decimal(10_000),
            cash=Decimal(10_000),
            equity=Decimal(10_000) + Decimal(self.seq) / 7,
            realized_pnl=TEN,
            unrealized_pnl=2 * TEN,
            fees=TEN,
            funding=TEN,
            margin_used=Decimal(5000),
            growth=Growth(base=Decimal(10_000)),
            holdings=holdings,
        )

    def view(self):
        quotes = {
            coin: Quote(symbol=coin, time=self.now, mark=TEN, mid=TEN, oracle=TEN) for coin in COINS
        }
        traders = tuple(
            TraderView(
                trader=name,
                name=name,
                model="m",
                is_baseline=False,
                venue_account="paper",
                started_at=START,
                initial_capital=Decimal(10_000),
                account=self.account(name),
                performance=Performance(sharpe_ratio=0.5),
                status="running",
                next_cycle=None,
                trades=tuple(self.closed[name]),
                equity_curve=(),
            )
            for name in self.names
        )
        return View(seq=self.seq, time=self.now, traders=traders, quotes=quotes)


def plan() -> ExitPlan:
    return ExitPlan(
        take_profit=Decimal(120_000),
        stop_loss=Decimal(95_000),
        invalidation_condition="a close of the four-hour bar below 98,000",
    )


class Written:
    """Tells which files were put in place since the last look."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.before = self.look()

    def look(self):
        found = ((file.name, file.stat()) for file in self.directory.iterdir())
        return {name: (about.st_mtime_ns, about.st_ino, about.st_size) for name, about in found}

    def news(self):
        now = self.look()
        new = {name: about[2] for name, about in now.items() if self.before.get(name) != about}
        gone = len(self.before.keys() - now.keys())
        self.before = now
        return new, gone


class Bench:
    """Exports what happens in a world, and asks for all answers after each round."""

    def __init__(self, world, directory, exporter):
        self.world = world
        self.exporter = exporter
        self.written = Written(directory)
        self.cache = AnswerCache(FileSource(directory, log=TerminalLog()), TtlConfig())

    async def round(self, what):
        events, view = self.world.take(), self.world.view()
        began = used()
        await self.exporter.export(events, view)
        cost = used() - began
        new, gone = self.written.news()
        print(
            f"{what:34} {sum(new.values()) / 1e3:9.0f} kB written in {len(new):4} files,"
            f" {gone:3} removed, {cost:7.1f} ms"
        )
        for name in sorted(new, key=new.__getitem__, reverse=True)[:3]:
            print(f"{'':34} {new[name] / 1e3:9.0f} kB {name}")
        costs = [f"{name} {cost:.0f} ms" async for name, cost in self.answers() if cost >= 2]
        print(f"{'':34} answers: {', '.join(costs) or 'below 2 ms'}")

    async def answers(self):
        # A look at the source is good for a moment; each of these is to be a new one.
        for slot in self.cache._slots.values():
            slot.ready = slot.ready and attrs.evolve(slot.ready, until=0.0)
        for route in FIXED:
            began = used()
            await self.cache.ready(Query(route))
            yield route.name, used() - began


async def measure(directory: Path, traders: int, hours: int) -> None:
    world = World(traders)
    world.market(1)
    for _ in range(hours):
        world.hour()
    world.close(*world.names * TRADES)
    world.market(BARS + 20)
    for _ in range(CYCLES + 5):
        world.now += timedelta(minutes=1)
        world.decide(*world.names)
    async with (
        env() as surroundings,
        open_json(JsonConfig(path=directory), surroundings) as exporter,
    ):
        bench = Bench(world, directory, exporter)
        await bench.round("first start")
        world.now += timedelta(seconds=15)
        await bench.round("prices moved")
        for _ in range(3):
            world.now += timedelta(seconds=15)
            world.decide(world.names[0])
            await bench.round("one trader decided")
        for _ in range(2):
            world.now += timedelta(minutes=3)
            world.market(3)
            world.decide(*world.names)
            await bench.round("all decided, a bar closed")
        world.close(*world.names[:3])
        await bench.round("three trades closed")
        for _ in range(6):
            world.hour()
            await bench.round("an hour was marked")
        world.market(3)
        world.decide(*world.names)
        world.close(*world.names)
        world.hour()
        await bench.round("all of that")
    new, _ = bench.written.news()
    print(f"{'end of the run':34} {sum(new.values()) / 1e3:9.0f} kB written in {len(new):4} files")
    found = bench.written.before.values()
    print(f"{len(found)} files, {sum(about[2] for about in found) / 1e6:.1f} MB")


def main(traders="20", hours="200"):
    with tempfile.TemporaryDirectory() as name:
        anyio.run(measure, Path(name), int(traders), int(hours))


if __name__ == "__main__":
    main(*sys.argv[1:])
