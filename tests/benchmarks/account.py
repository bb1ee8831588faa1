"""What a paper account costs that lives long: `python tests/benchmarks/account.py [DAYS]`.

Prints the size of its file, what opening it takes, what it holds in memory and how long writing the
file anew takes, after an account was traded by about twenty traders who decide every two hours: 14
orders, 9 executions and 6 funding payments an hour. Numbers of one run may be compared with each
other; those of different machines may not.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal, localcontext
from pathlib import Path

from nof0_core.clock import stopwatch
from nof0_core.domain.order import OrderStatus, Side, TimeInForce
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.money import EXACT
from nof0_core.testing.environment import Lines
from nof0_provider_sim.exchange.draft import replaced
from nof0_provider_sim.exchange.records import (
    FundingSettled,
    OrderEnded,
    OrderExecuted,
    OrderTaken,
    Record,
)
from nof0_provider_sim.exchange.snapshot import pieces
from nof0_provider_sim.exchange.state import VenueState
from nof0_provider_sim.exchange.store import FILE_NAME, open_store

HOUR_MS = 3_600_000
COINS = [Symbol(name) for name in ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP")]
TRADERS = 20
ORDERS, TRADED = 14, 9
INITIAL = Decimal(200_000)


def calls_of(hour: int, state: VenueState) -> Iterator[list[Record]]:
    """Yield what the calls of an hour did."""
    at_ms = 1_700_000_000_000 // HOUR_MS * HOUR_MS + hour * HOUR_MS
    yield [
        FundingSettled(
            at_ms=at_ms,
            symbol=coin,
            quantity=Decimal("1.0343"),
            rate=Decimal("0.0000125"),
            amount=Decimal("-0.021848"),
        )
        for coin in COINS
    ]
    for number in range(ORDERS):
        order = state.next_venue_order_id
        taken = OrderTaken(
            at_ms=at_ms + 200,
            venue_order_id=order,
            client_id=ClientOrderId(f"0x{order % TRADERS:08x}{order:024x}"),
            symbol=COINS[order % len(COINS)],
            # Bought in one hour, sold in the next.
            side=(Side.BUY, Side.SELL)[hour % 2],
            size=Decimal("0.3011"),
            limit_price=Decimal("2676.4"),
            tif=TimeInForce.IOC,
            is_reduce_only=False,
            trigger_kind=None,
            trigger_price=None,
            pair=None,
            sent_ms=at_ms,
        )
        if number < TRADED:
            yield [
                taken,
                OrderExecuted(
                    at_ms=at_ms + 200,
                    trade_id=state.next_trade_id,
                    venue_order_id=order,
                    price=Decimal("2689.3"),
                    size=taken.size,
                    fee=Decimal("0.364386"),
                    is_taker=True,
                ),
            ]
        else:
            yield [
                taken,
                OrderEnded(
                    at_ms=at_ms + 200,
                    venue_order_id=order,
                    status=OrderStatus.CANCELED,
                    reason="siblingFilledCanceled",
                ),
            ]


def live(folder: Path, days: int) -> None:
    """Let the account live, as the exchange does call by call."""
    store, state = open_store(folder, INITIAL, Lines())
    begin = stopwatch()
    calls = 0
    for hour in range(days * 24):
        for records in calls_of(hour, state):
            for record in records:
                state.apply(record)
            state.end_call()
            store.append(records)
            calls += 1
    took = stopwatch() - begin
    store.close()
    print(f"records of a call applied and written      {took / calls * 1e6:10,.0f} µs")


def main(days: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name, localcontext(EXACT):
        folder = Path(name)
        live(folder, days)
        size = (folder / FILE_NAME).stat().st_size
        print(f"file after {days:4} days                        {size / 1e6:10,.1f} MB")
        begin = stopwatch()
        store, _ = open_store(folder, INITIAL, Lines())
        print(f"opening it                                 {stopwatch() - begin:10.3f} s")
        store.close()
        gc.collect()
        tracemalloc.start()
        store, state = open_store(folder, INITIAL, Lines())
        gc.collect()
        held, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(f"memory it holds                            {held / 1e6:10,.1f} MB")
        print(f"memory while it is opened                  {most / 1e6:10,.1f} MB")
        begin = stopwatch()
        replaced(folder / FILE_NAME, pieces(state)).close()
        print(f"writing the file anew                      {(stopwatch() - begin) * 1e3:10,.1f} ms")
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 120)
