"""Each fault alone, at the occasion a script names."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.order import OrderStatus
from nof0_core.errors import OutcomeUnknownError, TransientError
from nof0_provider_sim.config import FaultRules, ScriptedFault
from nof0_provider_sim.exchange.faults import Fault, Faults

pytestmark = pytest.mark.anyio

D = Decimal
FLAT = (100, 100, 100, 100)


def _once(fault, nth=1):
    return {"faults": FaultRules(script=(ScriptedFault(fault=fault, nth=nth),))}


async def test_rate_limit_refuses_before_anything_happens(open_desk):
    async with open_desk(**_once("rate_limited")) as desk:
        with pytest.raises(TransientError, match="429") as raised:
            await desk.buy("1")
        assert not isinstance(raised.value, OutcomeUnknownError)
        assert list((await desk.exchange.report()).positions) == []
        assert (await desk.buy("1")).status is OrderStatus.FILLED


async def test_bad_gateway_leaves_an_order_unknown_and_unplaced(open_desk):
    async with open_desk(**_once("bad_gateway")) as desk:
        request = desk.request("buy", "1", "150")
        with pytest.raises(OutcomeUnknownError, match="502") as raised:
            await desk.exchange.place([request], expires_at=None)
        assert raised.value.client_ids == (request.client_id,)
        assert await desk.exchange.order(request.client_id) is None


async def test_bad_gateway_on_a_question_is_only_a_delay(open_desk):
    async with open_desk(**_once("bad_gateway")) as desk:
        with pytest.raises(TransientError, match="502"):
            await desk.exchange.report()
        assert (await desk.exchange.report()).account.equity == 10_000


@pytest.mark.parametrize("fault", ["timeout_after_execution", "duplicate"])
async def test_order_whose_answer_is_lost_was_carried_out_once(open_desk, fault):
    async with open_desk(**_once(fault)) as desk:
        request = desk.request("buy", "1", "150")
        with pytest.raises(OutcomeUnknownError) as raised:
            await desk.exchange.place([request], expires_at=None)
        assert raised.value.client_ids == (request.client_id,)
        assert (await desk.exchange.order(request.client_id)).status is OrderStatus.FILLED
        assert [p.quantity for p in (await desk.exchange.report()).positions] == [1]


async def test_cancel_whose_answer_is_lost_was_carried_out(open_desk):
    # the second of its occasions: the first is the order
    async with open_desk(**_once("timeout_after_execution", nth=2)) as desk:
        waiting = await desk.rest("buy", "1", "90")
        with pytest.raises(OutcomeUnknownError) as raised:
            await desk.exchange.cancel([waiting.client_id])
        assert raised.value.client_ids == (waiting.client_id,)
        assert (await desk.order(waiting)).status is OrderStatus.CANCELED


async def test_dropped_stream_shows_fills_later_and_each_once(open_desk):
    async with open_desk(**_once("dropped_stream", nth=2)) as desk:
        start = desk.clock.now()
        await desk.buy("1")
        assert [f.trade_id for f in await desk.exchange.fills(start)] == ["1"]
        await desk.buy("2")
        assert [f.trade_id for f in await desk.exchange.fills(start)] == ["1"]
        assert [f.trade_id for f in await desk.exchange.fills(start)] == ["1", "2"]


async def test_dropped_stream_shows_funding_later_and_each_once(open_desk):
    start = datetime(2025, 7, 16, 12, 59, tzinfo=UTC)
    # the second statement of all; the first is that of the fills
    async with open_desk(*[FLAT] * 70, start=start, **_once("dropped_stream", nth=2)) as desk:
        await desk.buy("1")
        await desk.exchange.fills(start)
        await desk.bars(2)
        assert await desk.exchange.funding(start) == []
        (paid,) = await desk.exchange.funding(start)
        assert paid.time == datetime(2025, 7, 16, 13, 0, tzinfo=UTC)


async def test_stale_mark_prices_orders_as_of_earlier(open_desk):
    rows = [(100 + i,) * 4 for i in range(1, 8)]
    # 12:05 to 12:10 is stretch 146 of the day: 145 of five minutes before it
    async with open_desk(*rows, **_once("stale_mark", nth=146)) as desk:
        await desk.bars(4)
        assert (await desk.buy("1")).average_price == D("104.03")
        await desk.bars(3)
        # the mark of 12:05 still: 105 x 1.0002
        assert (await desk.buy("1")).average_price == D("105.03")


async def test_refused_stop_is_a_refusal_in_the_venues_words(open_desk):
    async with open_desk(**_once("reject_stops")) as desk:
        await desk.buy("1")
        stop = await desk.exit("stop", "sell", "1", "95", "85")
        assert (stop.status, stop.reason) == (OrderStatus.REJECTED, "Invalid TP/SL price.")
        target = await desk.exit("target", "sell", "1", "105", "90")
        assert target.status is OrderStatus.RESTING
        again = await desk.exit("stop", "sell", "1", "95", "85")
        assert again.status is OrderStatus.RESTING


def _draws(seed, probability=0.3):
    faults = Faults(probabilities={Fault.DUPLICATE: probability}, script={}, seed=seed)
    return [faults.strikes(Fault.DUPLICATE) for _ in range(2000)]


def test_draws_follow_the_seed_and_the_probability():
    assert _draws(1) == _draws(1) != _draws(2)
    assert 500 < sum(_draws(1)) < 700
    assert not any(_draws(1, 0.0))
    assert all(_draws(1, 1.0))


def test_faults_are_drawn_apart():
    faults = Faults(
        probabilities={Fault.DUPLICATE: 0.5, Fault.RATE_LIMITED: 0.5}, script={}, seed=1
    )
    pairs = {
        (faults.strikes(Fault.DUPLICATE), faults.strikes(Fault.RATE_LIMITED)) for _ in range(50)
    }
    assert len(pairs) == 4


async def test_without_faults_nothing_stands_between(open_desk):
    async with open_desk() as plain:
        assert type(plain.exchange).__name__ == "SimExchange"


async def test_seeded_faults_give_the_same_account_again(open_desk, tmp_path):
    async def run(folder, seed):
        rules = FaultRules(bad_gateway=0.3, timeout_after_execution=0.3, stale_mark=0.3)
        rows = [(100 + i % 7,) * 4 for i in range(20)]
        path = tmp_path / folder
        async with open_desk(*rows, faults=rules, seed=seed, folder=path) as desk:
            for _ in range(20):
                with contextlib.suppress(TransientError, OutcomeUnknownError):
                    await desk.buy("1", "150")
                await desk.clock.sleep_until(desk.clock.now() + timedelta(minutes=1))
        return (path / "paper_account.jsonl").read_bytes()

    assert await run("a", 1) == await run("b", 1) != await run("c", 2)
