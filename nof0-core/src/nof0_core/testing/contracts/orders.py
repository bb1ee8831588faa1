"""What must hold for every order an exchange is given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import attrs
import pytest

from nof0_core.domain.order import OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.ids import Symbol, TraderId
from nof0_core.protocols import Capability
from nof0_core.testing.contracts.bench import Bench, open_bench
from nof0_core.testing.contracts.service import Opener, ServiceContract

FILLED = (OrderStatus.FILLED, OrderStatus.PARTLY_FILLED)
NOTHING = (OrderStatus.CANCELED, OrderStatus.REJECTED)


class OrderContract(ServiceContract):
    """Suite of single orders; `ExchangeContract` holds it and that of the account."""

    @pytest.fixture
    def symbol(self) -> Symbol:
        """Return what is traded."""
        return Symbol("BTC")

    @pytest.fixture
    async def bench(self, opener: Opener, symbol: Symbol) -> AsyncIterator[Bench]:
        """Open the exchange."""
        async with open_bench(opener, symbol) as bench:
            yield bench

    async def test_same_client_id_is_never_sent_twice(self, bench: Bench) -> None:
        """A repeated order gets the first answer again and trades nothing."""
        order = bench.order(Side.BUY)
        first = await bench.place(order)
        size = await bench.quantity()
        again = await bench.place(order)
        assert again == first, "the second answer differs from the first"
        assert await bench.quantity() == size, "the order was carried out twice"

    async def test_limit_price_is_kept(self, bench: Bench) -> None:
        """Nobody pays more than the limit; an IOC order out of reach leaves nothing behind."""
        buy = bench.order(Side.BUY)
        paid = (await bench.place(buy)).average_price
        assert paid is not None
        assert paid <= buy.limit_price, f"paid {paid} with limit {buy.limit_price}"
        before = await bench.quantity()
        far = bench.instrument.round_price(bench.mark * Decimal("0.98"), "down")
        outcome = await bench.place(bench.order(Side.BUY, limit_price=far))
        assert outcome.status in NOTHING, f"IOC below the market ended as {outcome.status}"
        assert outcome.filled_size == 0
        assert await bench.quantity() == before

    async def test_reduce_only_never_flips(self, bench: Bench) -> None:
        """A reduce-only order closes at most what is open."""
        if not bench.has(Capability.REDUCE_ONLY):
            pytest.skip("the venue has no reduce-only orders")
        await bench.place(bench.order(Side.BUY))
        held = await bench.quantity()
        await bench.place(bench.order(Side.SELL, size=3 * held, is_reduce_only=True))
        left = await bench.quantity()
        assert 0 <= left <= held, f"selling {3 * held} reduce-only turned {held} into {left}"

    async def test_reduce_only_opens_nothing(self, bench: Bench) -> None:
        """Without a position, a reduce-only order is refused or dropped."""
        if not bench.has(Capability.REDUCE_ONLY):
            pytest.skip("the venue has no reduce-only orders")
        outcome = await bench.place(bench.order(Side.SELL, is_reduce_only=True))
        assert outcome.status in NOTHING, f"ended as {outcome.status} without a position"
        assert await bench.position() is None

    async def test_reduce_only_closes_what_its_own_trader_holds(self, bench: Bench) -> None:
        """With REDUCE_OWN that is so whatever the account holds net, and never more than that."""
        if not bench.has(Capability.REDUCE_OWN):
            pytest.skip("the venue does not keep traders apart")
        other = TraderId("another")
        await bench.place(bench.order(Side.BUY))
        await bench.place(bench.order(Side.SELL, trader=other))
        assert await bench.position() is None, "opposite orders do not net"
        outcome = await bench.place(bench.order(Side.SELL, is_reduce_only=True))
        assert outcome.filled_size == bench.size, "a trader's long was not closed beside a short"
        outcome = await bench.place(bench.order(Side.SELL, is_reduce_only=True))
        assert outcome.status in NOTHING, "a trader that holds nothing reduced what another holds"
        await bench.place(bench.order(Side.BUY, trader=other, is_reduce_only=True))
        assert await bench.position() is None

    async def test_unknown_symbol_is_refused(self, bench: Bench) -> None:
        """An order for what the venue does not trade is refused with a reason."""
        outcome = await bench.place(bench.order(Side.BUY, symbol=Symbol("NOSUCHCOIN")))
        assert outcome.status is OrderStatus.REJECTED, f"ended as {outcome.status}"
        assert outcome.reason, "refused without saying why"

    async def test_size_off_the_lot_is_refused(self, bench: Bench) -> None:
        """A size the instrument does not allow is refused, not rounded."""
        odd = bench.size + bench.instrument.lot / 3
        outcome = await bench.place(bench.order(Side.BUY, size=odd))
        assert outcome.status is OrderStatus.REJECTED, f"size {odd} ended as {outcome.status}"
        assert outcome.reason, "refused without saying why"

    async def test_one_outcome_per_order_in_their_order(self, bench: Bench) -> None:
        """A refused order neither stops nor shifts the others of the same call."""
        if not bench.has(Capability.BATCH):
            pytest.skip("the venue takes one order at a time")
        good, odd, last = (
            bench.order(Side.BUY),
            bench.order(Side.BUY, size=bench.size + bench.instrument.lot / 3),
            bench.order(Side.BUY),
        )
        outcomes = await bench.place_all([good, odd, last])
        assert [o.client_id for o in outcomes] == [o.client_id for o in (good, odd, last)]
        assert [o.status in FILLED for o in outcomes] == [True, False, True]

    async def test_order_is_found_by_client_id(self, bench: Bench) -> None:
        """An order can be asked for after the fact; one the venue never saw is None."""
        placed = bench.order(Side.BUY)
        outcome = await bench.place(placed)
        found = await bench.exchange.order(placed.client_id)
        assert found is not None, "the venue forgot the order"
        assert (found.symbol, found.side, found.size) == (
            placed.symbol,
            placed.side,
            placed.size,
        )
        assert found.outcome(placed.client_id) == attrs.evolve(outcome, fills=()), (
            "order() and place() disagree"
        )
        assert await bench.exchange.order(bench.order(Side.BUY).client_id) is None

    async def test_cancel_of_unknown_and_done_orders_changes_nothing(self, bench: Bench) -> None:
        """Cancelling gives one outcome per id and does not undo what was filled."""
        placed = bench.order(Side.BUY)
        await bench.place(placed)
        held = await bench.quantity()
        strange = bench.order(Side.BUY).client_id
        outcomes = await bench.exchange.cancel([placed.client_id, strange])
        assert [o.client_id for o in outcomes] == [placed.client_id, strange]
        assert _still_filled(outcomes[0]), f"a filled order was {outcomes[0].status} on cancel"
        assert outcomes[1].status not in FILLED
        assert await bench.quantity() == held


def _still_filled(outcome: OrderOutcome) -> bool:
    """Tell whether cancelling left a fill alone; some venues only answer that it was too late."""
    return outcome.status in FILLED or outcome.status is OrderStatus.REJECTED
