"""What must hold for the account at an exchange, and with it the whole suite for exchanges."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.account import AccountReport
from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.position import MarginMode
from nof0_core.errors import RejectedError
from nof0_core.ids import Symbol
from nof0_core.protocols import Capability, exchange_faults, exchange_with
from nof0_core.testing.contracts.bench import Bench
from nof0_core.testing.contracts.funding import MINUTES, FundingContract
from nof0_core.testing.contracts.orders import FILLED
from nof0_core.testing.contracts.restart import RestartContract
from nof0_core.testing.contracts.simulated import SimulatedVenueContract
from nof0_core.testing.contracts.together import TogetherContract

NOWHERE = Symbol("NOSUCHCOIN")
CENT = Decimal("0.01")
ROUNDS = 10
"""How often it is looked for a moment in which time stands still."""


class ExchangeContract(RestartContract, TogetherContract, FundingContract, SimulatedVenueContract):
    """Suite for `ExchangeProvider`: orders, the account they leave behind, restarts, calls at once.

    Override `balance` where the config says what a new account has, and `is_durable` for an
    account that is meant to end with the process.
    """

    @pytest.fixture
    def balance(self) -> Decimal | None:
        """Return the USD a new account has; None: nobody knows, as at a venue."""
        return None

    async def test_values_are_of_their_declared_types(self, bench: Bench) -> None:
        """All that every method answers passes the checks of the engine's border."""
        exchange, start = bench.exchange, bench.env.clock.now()
        await exchange.set_leverage(bench.symbol, 1, MarginMode.CROSS)
        placed, refused = bench.order(Side.BUY), bench.order(Side.BUY, symbol=NOWHERE)
        for order in (placed, refused):
            await bench.place(order)
            await exchange.order(order.client_id)
        await exchange.report()
        await exchange.cancel([placed.client_id])
        await bench.minutes(MINUTES)
        await bench.show_marks()
        await exchange.fills(start)
        if funded := exchange_with(exchange, Capability.FUNDING):
            await funded.funding(start)
        if proving := exchange_with(exchange, Capability.PROOF):
            await proving.prove(placed.client_id)
        if telling := exchange_with(exchange, Capability.NEXT_EVENT):
            telling.next_event(start, start + timedelta(hours=3))

    async def test_new_account_has_its_balance(self, bench: Bench, balance: Decimal | None) -> None:
        """Cash at the start is what the account was given."""
        if balance is None:
            pytest.skip("nobody says what a new account has: override `balance`")
        assert (await bench.exchange.report()).account.raw_usd == balance

    async def test_account_without_positions_is_all_cash(self, bench: Bench) -> None:
        """Without a position equity is cash, nothing is margin, and all of it is available."""
        report = await bench.exchange.report()
        if report.positions or report.orders:
            pytest.skip("the account is in use")
        account = report.account
        assert account.equity == account.raw_usd, "equity without positions is not cash"
        assert account.margin_used == 0, "margin without a position"
        assert account.available == max(account.equity, Decimal(0)), "something is held back"

    async def test_buying_makes_a_long_and_selling_a_short(self, bench: Bench) -> None:
        """Positions are signed: what was bought is positive, what was sold short negative."""
        bought = await bench.place(bench.order(Side.BUY))
        assert bought.status in FILLED, f"the order ended as {bought.status}: {bought.reason}"
        assert 0 < bought.filled_size <= bench.size
        assert await bench.quantity() == bought.filled_size
        sold = await bench.place(bench.order(Side.SELL, size=2 * bench.size))
        assert await bench.quantity() == bought.filled_size - sold.filled_size

    async def test_closed_position_is_left_out(self, bench: Bench) -> None:
        """A position that was closed is gone, not there with size 0."""
        bought = await bench.place(bench.order(Side.BUY))
        sold = await bench.place(bench.order(Side.SELL, size=bought.filled_size))
        assert sold.filled_size == bought.filled_size, "this venue fills too little for the suite"
        assert await bench.position() is None

    async def test_entry_price_is_what_was_paid(self, bench: Bench) -> None:
        """A new position stands at the average price of its order, in USD per coin."""
        outcome = await bench.place(bench.order(Side.BUY))
        position = await bench.position()
        assert position is not None
        assert outcome.average_price is not None
        assert abs(position.entry_price - outcome.average_price) <= bench.instrument.tick(
            bench.mark
        )
        near = bench.mark * Decimal("0.02")
        assert abs(position.entry_price - bench.mark) <= near, "not a price in USD per coin"

    async def test_account_adds_up_in_usd(self, bench: Bench) -> None:
        """Cash changes by exactly price x size and fee; equity is cash and positions at mark."""
        before = (await bench.exchange.report()).account
        await bench.place(bench.order(Side.BUY))
        after = (await bench.exchange.report()).account
        fills = await bench.exchange.fills(before.time)
        paid = sum((f.price * f.quantity + f.fee for f in fills), Decimal(0))
        assert after.raw_usd - before.raw_usd == -paid, "cash does not match the fills"
        quiet, mark = await _at_rest(bench)
        held = sum((p.quantity for p in quiet.positions if p.symbol == bench.symbol), Decimal(0))
        worth = quiet.account.equity - quiet.account.raw_usd
        assert abs(worth - held * mark) <= CENT, "equity is not cash and positions"
        assert after.margin_used > before.margin_used, "a position takes margin"
        assert after.available < before.available

    async def test_fills_are_reported_once_and_oldest_first(self, bench: Bench) -> None:
        """Each execution appears exactly once, for good, with its order's client id."""
        start = bench.env.clock.now()
        orders = [bench.order(Side.BUY), bench.order(Side.SELL), bench.order(Side.BUY)]
        filled = []
        for order in orders:
            filled.append((await bench.place(order)).filled_size)
            await bench.minutes(1)
        fills = await bench.exchange.fills(start)
        ids = [f.trade_id for f in fills]
        assert len(set(ids)) == len(ids), "a fill is there twice"
        assert [f.time for f in fills] == sorted(f.time for f in fills)
        sizes = [
            sum((f.size for f in fills if f.client_id == order.client_id), Decimal(0))
            for order in orders
        ]
        assert sizes == filled, f"outcomes say {filled}, fills {sizes}"
        assert list(await bench.exchange.fills(start)) == list(fills), "asking again differs"

    async def test_fills_since_leaves_out_older_ones(self, bench: Bench) -> None:
        """`since` is inclusive, and nothing before it comes back."""
        await bench.place(bench.order(Side.BUY))
        await bench.minutes(2)
        second = bench.order(Side.SELL)
        await bench.place(second)
        newest = max(f.time for f in await bench.exchange.fills(bench.env.clock.now()))
        late = await bench.exchange.fills(newest)
        assert {f.client_id for f in late} == {second.client_id}

    async def test_fills_have_units_and_signs(self, bench: Bench) -> None:
        """Sizes are positive coins, prices USD per coin, fees a small part of the value."""
        await bench.place(bench.order(Side.SELL))
        (fill,) = await bench.exchange.fills(bench.env.clock.now())
        assert fill.side is Side.SELL
        assert fill.size > 0
        assert fill.quantity < 0
        value = fill.price * fill.size
        assert abs(fill.fee) <= value / 100, f"fee {fill.fee} on a value of {value} USD"
        assert fill.time.utcoffset() is not None, "naive time"

    async def test_leverage_beyond_the_instrument_is_refused(self, bench: Bench) -> None:
        """An allowed leverage is taken, an impossible one or an unknown coin is refused."""
        allowed, mode = bench.instrument.max_leverage, MarginMode.CROSS
        await bench.exchange.set_leverage(bench.symbol, allowed, mode)
        for symbol, leverage in ((bench.symbol, allowed + 1), (Symbol("NOSUCHCOIN"), 1)):
            with pytest.raises(RejectedError):
                await bench.exchange.set_leverage(symbol, leverage, mode)

    async def test_trigger_order_waits_and_can_be_cancelled(self, bench: Bench) -> None:
        """A stop away from the mark rests among the open orders until it is cancelled."""
        if not bench.has(Capability.TRIGGER_ORDERS):
            pytest.skip("the venue has no trigger orders")
        await bench.place(bench.order(Side.BUY))
        held = await bench.quantity()
        price = bench.instrument.round_price(bench.mark * Decimal("0.9"))
        limit = bench.instrument.round_price(bench.mark * Decimal("0.85"))
        trigger = Trigger(kind=TriggerKind.STOP, price=price)
        stop = bench.order(
            Side.SELL, size=held, limit_price=limit, trigger=trigger, is_reduce_only=True
        )
        assert (await bench.place(stop)).status is OrderStatus.RESTING
        assert [o.client_id for o in (await bench.exchange.report()).orders] == [stop.client_id]
        (outcome,) = await bench.exchange.cancel([stop.client_id])
        assert outcome.status is OrderStatus.CANCELED
        assert not (await bench.exchange.report()).orders
        assert await bench.quantity() == held

    async def test_words_and_methods_fit(self, bench: Bench) -> None:
        """There is a method for each word that stands for one, and none without its word."""
        assert not exchange_faults(bench.opened)

    async def test_report_is_of_one_moment(self, bench: Bench) -> None:
        """The report's time is that of its oldest part, and has a zone."""
        report = await bench.exchange.report()
        assert report.time.utcoffset() is not None, "naive time"
        assert report.time <= report.account.time

    async def test_size_0_closes_the_whole_position(self, bench: Bench) -> None:
        """A reduce-only order of size 0 closes all there is."""
        if not bench.has(Capability.WHOLE_POSITION):
            pytest.skip("the venue has no orders for the whole position")
        await bench.place(bench.order(Side.BUY))
        await bench.place(bench.order(Side.SELL, size=Decimal(0), is_reduce_only=True))
        assert await bench.position() is None

    async def test_order_that_never_came_is_proven_dead(self, bench: Bench) -> None:
        """What was placed is found; what never was can be shown never to land."""
        provider = exchange_with(bench.exchange, Capability.PROOF)
        if provider is None:
            pytest.skip("the venue offers no proof")
        placed = bench.order(Side.BUY)
        await bench.place(placed)
        found = await provider.prove(placed.client_id)
        assert found is not None
        assert found.client_id == placed.client_id
        assert await provider.prove(bench.order(Side.BUY).client_id) is None


async def _at_rest(bench: Bench) -> tuple[AccountReport, Decimal]:
    """Return a report and the mark it was made at.

    Where a request has to be repeated time goes on in between, and marks with it: then again. Where
    time never stands still it is what is nearest.
    """
    for _ in range(ROUNDS):
        await bench.minutes(1)  # a market may serve an answer again for some seconds
        await bench.show_marks()
        began = bench.env.clock.now()
        mark = (await bench.market.quotes([bench.symbol]))[bench.symbol].mark
        report = await bench.exchange.report()
        if bench.env.clock.now() == began:
            break
    return report, mark
