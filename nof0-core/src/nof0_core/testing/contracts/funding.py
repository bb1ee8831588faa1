"""What must hold for the funding an exchange reports."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nof0_core.domain.order import Side
from nof0_core.protocols import Capability, OptionalExchangeMethods, exchange_with
from nof0_core.testing.contracts.bench import Bench
from nof0_core.testing.contracts.orders import OrderContract

NEAR = Decimal("0.1")
"""How far, as a part of it, an amount may be from rate x quantity x the mark of the end."""
MINUTES = 150
"""Two or three settlements, where a venue settles every hour."""


class FundingContract(OrderContract):
    """Suite for venues with FUNDING; `ExchangeContract` holds it."""

    async def test_funding_is_oldest_first(self, bench: Bench) -> None:
        """Payments come in the order of time, and none is left out or there twice."""
        provider = _with_funding(bench)
        start = bench.env.clock.now()
        await bench.place(bench.order(Side.BUY))
        await _hours(bench)
        payments = await provider.funding(start)
        assert [p.time for p in payments] == sorted(p.time for p in payments)
        keys = [(p.symbol, p.time) for p in payments]
        assert len(set(keys)) == len(keys), "a settlement is there twice"
        assert list(await provider.funding(start)) == list(payments), "asking again differs"

    async def test_funding_has_units_and_signs(self, bench: Bench) -> None:
        """Longs pay a positive rate: amount = -quantity x oracle x rate, in USD."""
        provider = _with_funding(bench)
        start = bench.env.clock.now()
        await bench.place(bench.order(Side.BUY))
        held = await bench.quantity()
        await _hours(bench)
        mark = (await bench.market.quotes([bench.symbol]))[bench.symbol].mark
        for payment in await provider.funding(start):
            if payment.symbol != bench.symbol or not payment.rate:
                continue
            assert payment.quantity == held, f"{payment.quantity} coins paid, {held} are held"
            due = -payment.quantity * payment.rate * mark
            assert abs(payment.amount - due) <= abs(due) * NEAR, (
                f"{payment.amount} USD for {payment.quantity} coins at {payment.rate}; about "
                f"{due:.6f} is due"
            )

    async def test_funding_explains_the_cash(self, bench: Bench) -> None:
        """Cash changes by exactly what fills and funding say, and by nothing else."""
        provider = _with_funding(bench)
        start = bench.env.clock.now()
        before = (await bench.exchange.report()).account
        await bench.place(bench.order(Side.BUY))
        await _hours(bench)
        after = (await bench.exchange.report()).account
        paid = sum(
            (f.price * f.quantity + f.fee for f in await bench.exchange.fills(start)), Decimal(0)
        )
        got = sum((p.amount for p in await provider.funding(start)), Decimal(0))
        assert after.raw_usd - before.raw_usd == got - paid, "cash does not match the funding"


def _with_funding(bench: Bench) -> OptionalExchangeMethods:
    provider = exchange_with(bench.exchange, Capability.FUNDING)
    if provider is None:
        pytest.skip("the venue does not report funding")
    return provider


async def _hours(bench: Bench) -> None:
    await bench.minutes(MINUTES)
    await bench.show_marks()
