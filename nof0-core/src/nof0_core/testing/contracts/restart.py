"""What an exchange must still know after it was closed and opened again."""

from __future__ import annotations

import pytest

from nof0_core.domain.order import Side
from nof0_core.domain.position import MarginMode
from nof0_core.ids import Symbol
from nof0_core.testing.contracts.bench import open_bench
from nof0_core.testing.contracts.orders import OrderContract
from nof0_core.testing.contracts.service import Opener

LEVERAGE = 3


class RestartContract(OrderContract):
    """Suite of restarts in the same `data_dir`; `ExchangeContract` holds it."""

    @pytest.fixture
    def is_durable(self) -> bool:
        """Tell whether the account outlives the provider; at a venue it always does.

        Override it with False for an account that is meant to end with the process, and say so to
        users: after a restart the engine finds an empty account where it left positions.
        """
        return True

    @pytest.fixture
    def durable(self, opener: Opener, *, is_durable: bool) -> Opener:
        """Return what opens the exchange again and again; skips where that shows nothing."""
        if not is_durable:
            pytest.skip("the account is not meant to outlive the provider")
        return opener

    async def test_restart_keeps_the_account(self, durable: Opener, symbol: Symbol) -> None:
        """Cash, positions, fills and orders are the same after a restart."""
        async with open_bench(durable, symbol) as bench:
            start = bench.env.clock.now()
            order = bench.order(Side.BUY)
            await bench.place(order)
            before = await bench.exchange.report()
            fills = list(await bench.exchange.fills(start))
            known = await bench.exchange.order(order.client_id)
            assert fills, "nothing was filled: the test shows nothing"
            await bench.minutes(1)
        async with open_bench(durable, symbol) as bench:
            after = await bench.exchange.report()
            assert after.account.raw_usd == before.account.raw_usd, "cash changed in a restart"
            assert [(p.symbol, p.quantity, p.entry_price) for p in after.positions] == [
                (p.symbol, p.quantity, p.entry_price) for p in before.positions
            ], "positions changed in a restart"
            assert list(await bench.exchange.fills(start)) == fills, "fills changed in a restart"
            assert await bench.exchange.order(order.client_id) == known, "the order is forgotten"

    async def test_restart_sends_no_order_twice(self, durable: Opener, symbol: Symbol) -> None:
        """An order of before is answered as then; that is what the engine asks after a crash."""
        async with open_bench(durable, symbol) as bench:
            order = bench.order(Side.BUY)
            first = await bench.place(order)
            held = await bench.quantity()
            await bench.minutes(1)
        async with open_bench(durable, symbol) as bench:
            again = await bench.place(order)
            assert await bench.quantity() == held, "the order was carried out twice"
            assert (again.status, again.filled_size, again.average_price) == (
                first.status,
                first.filled_size,
                first.average_price,
            ), "the second answer differs from the first"

    async def test_restart_gives_new_orders_new_numbers(
        self, durable: Opener, symbol: Symbol
    ) -> None:
        """Trade ids and order ids of before are never given again."""
        async with open_bench(durable, symbol) as bench:
            start = bench.env.clock.now()
            await bench.place(bench.order(Side.BUY))
            old = await bench.exchange.fills(start)
            await bench.minutes(1)
        async with open_bench(durable, symbol) as bench:
            order = bench.order(Side.SELL)
            await bench.place(order)
            fills = await bench.exchange.fills(start)
            new = [f for f in fills if f.client_id == order.client_id]
            assert new, "nothing was filled: the test shows nothing"
            again = {f.trade_id for f in old} & {f.trade_id for f in new}
            assert not again, f"trade ids were given again: {again}"
            again = {f.venue_order_id for f in old} & {f.venue_order_id for f in new}
            assert not again, f"order ids were given again: {again}"

    async def test_restart_keeps_leverage(self, durable: Opener, symbol: Symbol) -> None:
        """Leverage is set once, before the first entry; a position after a restart still has it."""
        async with open_bench(durable, symbol) as bench:
            await bench.exchange.set_leverage(symbol, LEVERAGE, MarginMode.CROSS)
        async with open_bench(durable, symbol) as bench:
            await bench.place(bench.order(Side.BUY))
            position = await bench.position()
            assert position is not None
            assert position.leverage == LEVERAGE, f"leverage {position.leverage} after a restart"
