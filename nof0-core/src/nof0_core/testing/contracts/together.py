"""What must hold for an exchange that is asked several things at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from nof0_core.domain.order import Side
from nof0_core.testing.contracts.bench import Bench
from nof0_core.testing.contracts.orders import OrderContract
from nof0_core.testing.heartbeat import unblocked


class TogetherContract(OrderContract):
    """Suite of calls that overlap and of the turns of others; `ExchangeContract` holds it."""

    async def test_calls_at_once_agree(self, bench: Bench) -> None:
        """Reports and fills asked for together say the same of an account that stands still."""
        start = bench.env.clock.now()
        await bench.place(bench.order(Side.BUY))
        reports = await _together(bench.exchange.report, 3)
        fills = await _together(lambda: bench.exchange.fills(start), 3)
        seen = [(r.account.raw_usd, r.positions, r.orders) for r in reports]
        assert seen[1:] == seen[:-1], "reports asked for together differ"
        assert [list(each) for each in fills[1:]] == [list(each) for each in fills[:-1]], (
            "fills asked for together differ"
        )
        assert fills[0], "nothing was filled: the test shows nothing"

    async def test_same_order_at_once_is_sent_once(self, bench: Bench) -> None:
        """Two calls with one client id that overlap trade once, and get the same answer."""
        order = bench.order(Side.BUY)
        first, second = await _together(lambda: bench.place(order), 2)
        assert await bench.quantity() == first.filled_size, "the order was carried out twice"
        assert second == first, "the second answer differs from the first"

    async def test_calls_do_not_block_the_loop(self, bench: Bench) -> None:
        """While the venue is asked, others have their turns: stops are watched on this loop."""
        start = bench.env.clock.now()
        order = bench.order(Side.BUY)
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "report": bench.exchange.report,
            "place": lambda: bench.place(order),
            "order": lambda: bench.exchange.order(order.client_id),
            "cancel": lambda: bench.exchange.cancel([order.client_id]),
            "fills": lambda: bench.exchange.fills(start),
        }
        for verb, call in calls.items():
            await unblocked(verb, call)


async def _together(call: Callable[[], Awaitable[Any]], count: int) -> list[Any]:
    """Make a call several times at once and return all answers."""
    answers: list[Any] = [None] * count

    async def ask(place: int) -> None:
        answers[place] = await call()

    async with anyio.create_task_group() as tasks:
        for place in range(count):
            tasks.start_soon(ask, place)
    return answers
