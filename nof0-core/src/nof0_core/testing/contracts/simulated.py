"""What must hold for an exchange that is simulated."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.position import MarginMode
from nof0_core.money import floor_to
from nof0_core.protocols import Capability, exchange_with
from nof0_core.testing.contracts.bench import Bench
from nof0_core.testing.contracts.orders import FILLED, OrderContract


class SimulatedVenueContract(OrderContract):
    """Suite of what happens at a venue by itself; `ExchangeContract` holds it.

    Cases about prices that move need a `HandMarket`, and are skipped over another market.
    """

    async def test_simulated_venue_hands_over_what_it_executes(self, bench: Bench) -> None:
        """Each execution is told in the answer and handed over once, with fee and trade id."""
        provider = exchange_with(bench.exchange, Capability.ACCEPTS_MARKS)
        if provider is None:
            pytest.skip("the venue is not simulated")
        start = bench.env.clock.now()
        quotes = await bench.market.quotes([bench.symbol])
        await provider.accept_marks(quotes)
        outcome = await bench.place(bench.order(Side.BUY))
        told = await bench.exchange.fills(start)
        assert told, "nothing was filled: the test shows nothing"
        assert list(outcome.fills) == list(told)
        assert list(await provider.accept_marks(quotes)) == list(told)
        assert not await provider.accept_marks(quotes), "handed over twice"

    async def test_next_event_lies_in_the_span(self, bench: Bench) -> None:
        """With a position there is funding to come; nothing lies outside what was asked for."""
        provider = exchange_with(bench.exchange, Capability.NEXT_EVENT)
        if provider is None:
            pytest.skip("the venue does not tell what comes")
        await bench.place(bench.order(Side.BUY))
        now = bench.env.clock.now()
        found = provider.next_event(now, now + timedelta(hours=1))
        assert found is not None
        assert now < found <= now + timedelta(hours=1)

    async def test_stop_fires_once_and_its_sibling_opens_nothing(self, bench: Bench) -> None:
        """A stop closes when the mark is beyond it; the target left over never opens a position."""
        words = (Capability.TRIGGER_ORDERS, Capability.REDUCE_ONLY, Capability.ACCEPTS_MARKS)
        if not all(bench.has(word) for word in words):
            pytest.skip("the venue has no stops that a simulated mark could set off")
        await bench.show_marks()
        await bench.place(bench.order(Side.BUY))
        held = await bench.quantity()
        exits = []
        for kind, at in ((TriggerKind.STOP, "0.95"), (TriggerKind.TARGET, "1.05")):
            price = bench.instrument.round_price(bench.mark * Decimal(at))
            exits.append(
                bench.order(
                    Side.SELL,
                    size=held,
                    limit_price=bench.instrument.round_price(price * Decimal("0.9"), "down"),
                    trigger=Trigger(kind=kind, price=price),
                    is_reduce_only=True,
                )
            )
        for exit_ in exits:
            assert (await bench.place(exit_)).status is OrderStatus.RESTING
        start = bench.env.clock.now()
        await bench.minutes(1)
        await bench.set_mark(bench.mark * Decimal("0.94"))
        assert await bench.position() is None, "the mark went through the stop, and it did not fire"
        fills = [f for f in await bench.exchange.fills(start) if f.client_id == exits[0].client_id]
        assert sum((f.size for f in fills), Decimal(0)) == held, "fills do not show the stop"
        await bench.minutes(1)
        await bench.set_mark(bench.mark * Decimal("1.06"))
        assert await bench.position() is None, "the target opened a position"

    async def test_liquidation_is_a_fill_that_says_so(self, bench: Bench) -> None:
        """Beyond the liquidation price a position that names one is given up, with a fill."""
        if not bench.has(Capability.ACCEPTS_MARKS):
            pytest.skip("the venue is not simulated")
        await bench.show_marks()
        leverage = bench.instrument.max_leverage
        await bench.exchange.set_leverage(bench.symbol, leverage, MarginMode.CROSS)
        equity = (await bench.exchange.report()).account.equity
        size = floor_to(equity * leverage / 2 / bench.mark, bench.instrument.lot)
        bought = await bench.place(bench.order(Side.BUY, size=size))
        assert bought.status in FILLED, f"the order ended as {bought.status}: {bought.reason}"
        position = await bench.position()
        assert position is not None
        if position.liquidation_price is None:
            pytest.skip("the venue names no liquidation price")
        assert 0 < position.liquidation_price < bench.mark, "a long is liquidated below the mark"
        start = bench.env.clock.now()
        await bench.minutes(1)
        await bench.set_mark(position.liquidation_price * Decimal("0.98"))
        assert await bench.quantity() < position.quantity, "beyond its price and not liquidated"
        forced = [f for f in await bench.exchange.fills(start) if f.is_liquidation]
        assert forced, "no fill says that it was a liquidation"
        assert all(f.side is Side.SELL for f in forced)
