"""What a year of account totals costs: `python tests/benchmarks/year.py [traders] [days]`.

Writes the hours of many traders with two positions each through the real exporter's rows, then asks
the source for them as the API does.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import anyio

from nof0_api.answer_cache import AnswerCache, Query
from nof0_api.commands import TerminalLog
from nof0_api.routes import ACCOUNT_TOTALS
from nof0_core.clock import stopwatch
from nof0_core.config.model import TtlConfig
from nof0_core.documents.documents import Documents
from nof0_core.domain.account import AccountState
from nof0_core.domain.event import Event, HourMarked, Transferred
from nof0_core.domain.growth import Growth
from nof0_core.domain.position import ExitPlan, Holding
from nof0_core.domain.view import View
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.exporters.files import replace_file
from nof0_core.exporters.piece_files import PieceFiles
from nof0_core.ids import ENGINE, Symbol, TraderId
from nof0_core.sources import FileSource

START = datetime(2025, 1, 1, tzinfo=UTC)


def account(trader, hour):
    time = START + timedelta(hours=hour)
    ten = Decimal("10.1234")
    holdings = tuple(
        Holding(
            symbol=Symbol(symbol),
            quantity=Decimal("0.25"),
            entry_price=Decimal("101234.5"),
            mark=Decimal("101234.5") + hour,
            leverage=5,
            margin=Decimal(2500),
            unrealized_pnl=Decimal(hour),
            liquidation_price=Decimal("91234.5"),
            opened_at=START,
            exit_plan=ExitPlan(
                take_profit=Decimal(120000),
                stop_loss=Decimal(95000),
                invalidation_condition="a close of the four-hour bar below 98,000",
            ),
            confidence=80.0,
            risk_usd=Decimal(500),
            fees=ten,
            funding=ten,
            realized_pnl=ten,
            entry_order_id="123456789",
        )
        for symbol in ("BTC", "ETH")
    )
    return AccountState(
        trader=trader,
        time=time,
        deposited=Decimal(10_000),
        cash=Decimal(10_000),
        equity=Decimal(10_000 + 2 * hour),
        realized_pnl=ten,
        unrealized_pnl=Decimal(2 * hour),
        fees=ten,
        funding=ten,
        margin_used=Decimal(5000),
        growth=Growth(base=Decimal(10_000)),
        holdings=holdings,
    )


class Timer:
    """Says how long a step took and how large the process has been."""

    def __init__(self):
        self.at = stopwatch()

    def lap(self, step):
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{step:48} {1000 * (stopwatch() - self.at):9.1f} ms   {used:5} MB")
        self.at = stopwatch()


def write_year(directory, traders, hours):
    timer, written = Timer(), 0
    documents = Documents(conversations_per_trader=1, candles_per_coin=1)
    pieces = PieceFiles(directory, section="json")
    amounts = dict.fromkeys(traders, Decimal(10_000))
    body = Transferred(
        venue_account="paper",
        amounts=amounts,
        equities=dict.fromkeys(amounts, Decimal(0)),
        reason=TransferReason.INITIAL,
    )
    documents.apply(Event(seq=1, time=START, stream=ENGINE, body=body))
    for hour in range(1, hours + 1):
        body = HourMarked(accounts=tuple(account(trader, hour) for trader in traders))
        documents.apply(Event(seq=hour + 1, time=body.accounts[0].time, stream=ENGINE, body=body))
        for piece in documents.finished():
            pieces.write(piece)
            written += len(piece.content)
    timer.lap(f"{hours} hours of {len(traders)} traders, {written / 1e6:.0f} MB in pieces")
    view = View(time=START + timedelta(hours=hours), seq=hours + 1, traders=(), quotes={})
    for document in documents.build(view):
        replace_file(directory / document.name, document.body + document.end, section="json")
    timer.lap("one round of exports")
    size = (directory / "account-totals.json").stat().st_size
    print(f"account-totals.json: {size / 1e6:.1f} MB")


async def ask(directory, hours):
    source = FileSource(directory, log=TerminalLog())
    path = directory / "account-totals.json"
    questions = {
        "the newest hours": Query(ACCOUNT_TOTALS, number=hours - 2),
        "750 points": Query(ACCOUNT_TOTALS, points=750),
        "everything": Query(ACCOUNT_TOTALS),
    }
    for when in ("first", "after an export"):
        cache, timer = AnswerCache(source, TtlConfig()), Timer()
        for name, question in questions.items():
            ready = await cache.ready(question)
            body, zipped = (len(one[1]["body"]) / 1e6 for one in (ready.plain, ready.zipped))
            timer.lap(f"{when}: {name}, {body:.1f} MB, gzip {zipped:.1f}")
        text = path.read_bytes().replace(b'"sharpe_ratio":0', b'"sharpe_ratio":1')
        replace_file(path, text, section="json")


def main(traders="20", days="365"):
    hours = 24 * int(days)
    names = [TraderId(f"trader_{number}") for number in range(int(traders))]
    with tempfile.TemporaryDirectory() as name:
        write_year(Path(name), names, hours)
        anyio.run(ask, Path(name), hours)


if __name__ == "__main__":
    main(*sys.argv[1:])
