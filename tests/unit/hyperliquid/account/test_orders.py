"""Orders that wait, what became of others, and answers from a state that is young enough."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hyperliquid_desk import limit, trigger

from nof0_core.border.answers import wrong
from nof0_core.domain.order import OrderStatus, Side, TriggerKind
from nof0_core.errors import DataError, RejectedError, TransientError
from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

pytestmark = pytest.mark.anyio
D = Decimal


def cloid(number):
    return f"0x{number:032x}"


async def test_what_waits_is_listed_oldest_first_with_all_there_is_of_it(seat):
    at = seat()
    desk = at.desk
    desk.order(limit(True, "100100", "0.05", "Ioc"))
    desk.order(limit(True, "90000", "0.01", cloid=cloid(1)))
    desk.tick(1)
    desk.order(trigger(False, "95000", "0.05", cloid=cloid(2)))
    desk.tick(1)
    desk.order(trigger(False, "120000", "0.05", "tp", market=False, price="119900", cloid=cloid(3)))
    orders = (await at.reader.report()).orders
    assert [o.client_id for o in orders] == [cloid(1), cloid(2), cloid(3)]
    resting, stop, target = orders
    assert (resting.side, resting.size, resting.limit_price) == (Side.BUY, D("0.01"), D(90_000))
    assert resting.trigger is None
    assert not resting.is_reduce_only
    assert (stop.trigger.kind, stop.trigger.price) == (TriggerKind.STOP, D(95_000))
    assert stop.trigger.is_market
    assert stop.is_reduce_only
    assert (target.trigger.kind, target.trigger.is_market) == (TriggerKind.TARGET, False)
    assert all(o.status is OrderStatus.RESTING for o in orders)


async def test_children_of_an_order_that_has_not_filled_are_listed_once(seat):
    at = seat()
    at.desk.order(
        limit(True, "90000", "0.01", cloid=cloid(1)),
        trigger(False, "120000", "0.01", "tp", cloid=cloid(2)),
        trigger(False, "80000", "0.01", cloid=cloid(3)),
        grouping="normalTpsl",
    )
    at.client.instead["frontendOpenOrders"] = lambda rows: [*rows, *rows[0]["children"], *rows]
    report = await at.reader.report()
    assert sorted(o.client_id for o in report.orders) == [cloid(1), cloid(2), cloid(3)]
    assert wrong("report", report) == ""


async def test_a_stop_of_the_whole_position_has_no_size(seat):
    at = seat()
    at.desk.order(limit(True, "100100", "0.05", "Ioc"))
    at.desk.order(trigger(False, "95000", "0", cloid=cloid(1)), grouping="positionTpsl")
    report = await at.reader.report()
    assert [o.size for o in report.orders] == [0]
    assert wrong("report", report) == ""


async def test_an_ioc_order_tells_what_it_filled_and_at_what_price(seat):
    at = seat()
    desk = at.desk
    desk.tick(1, usd=D(2_000))  # 0.02 BTC a level, five levels
    desk.order(limit(True, "100100", "0.05", "Ioc", cloid=cloid(1)))
    desk.order(limit(True, "100100", "0.9", "Ioc", cloid=cloid(2)))
    whole, part = await at.reader.order(cloid(1)), await at.reader.order(cloid(2))
    assert whole.status is OrderStatus.FILLED
    assert whole.filled_size == D("0.05")
    paid = [f for f in desk.account.fills if f["oid"] == int(whole.venue_order_id)]
    assert len(paid) == 3
    assert whole.average_price == sum(D(f["px"]) * D(f["sz"]) for f in paid) / D("0.05")
    assert part.status is OrderStatus.PARTLY_FILLED
    assert 0 < part.filled_size < D("0.9")
    for order in (whole, part):
        assert wrong("order", order) == ""


async def test_how_orders_end_is_told(seat):
    """HYPERLIQUID §11.7: the status of a closed order."""
    at = seat()
    desk = at.desk
    desk.order(limit(True, "50000", "0.01", "Ioc", cloid=cloid(1)))
    desk.order(limit(True, "90000", "0.01", cloid=cloid(2)))
    at.others.cancel(desk.user, cloid(2))
    desk.order(limit(True, "100500", "0.01", "Alo", cloid=cloid(3)))
    desk.order(limit(True, "100100", "0.05", "Ioc"))
    desk.order(trigger(False, "95000", "0.05", price="80000", cloid=cloid(4)))
    desk.tick(1, BTC=94_000)
    found = {n: await at.reader.order(cloid(n)) for n in (1, 2, 3, 4, 5)}
    assert found[1].status is OrderStatus.REJECTED
    assert found[1].reason == "iocCancelRejected"
    assert found[2].status is OrderStatus.CANCELED
    assert found[3].status is OrderStatus.REJECTED  # hummingbot#6730: post-only
    assert found[4].status is OrderStatus.FILLED
    assert found[4].filled_size == D("0.05")
    assert found[4].average_price is not None
    assert found[5] is None


async def test_a_filled_order_that_shows_its_whole_size_as_left_has_filled(seat):
    """JKorf/HyperLiquid.Net#46: `sz` of a filled order is not what is left of it."""
    at = seat()
    at.desk.tick(1, usd=D(2_000))
    at.desk.order(limit(True, "100100", "0.9", "Ioc", cloid=cloid(1)))

    def unreduced(answer):
        order = answer["order"]["order"]
        order["sz"] = order["origSz"]
        answer["order"]["status"] = "iocCancelRejected"
        return answer

    at.client.instead["orderStatus"] = unreduced
    found = await at.reader.order(cloid(1))
    assert found.status is OrderStatus.PARTLY_FILLED
    assert found.filled_size == at.desk.account.held("BTC")


async def test_a_word_nobody_knows_is_an_order_of_which_nobody_knows(seat):
    at = seat()
    at.desk.order(limit(True, "90000", "0.01", cloid=cloid(1)))

    def ended(answer):
        answer["order"]["status"] = "evaporated"
        return answer

    at.client.instead["orderStatus"] = ended
    found = await at.reader.order(cloid(1))
    assert found.status is OrderStatus.UNKNOWN
    assert found.reason == "evaporated"


NO_ANSWERS = [{"status": "perhaps"}, [], None, "unknownOid", {"status": "order"}]


@pytest.mark.parametrize("answer", NO_ANSWERS)
async def test_an_answer_of_another_form_is_no_proof_of_anything(seat, answer):
    at = seat()
    at.client.instead["orderStatus"] = lambda _: answer
    with pytest.raises(DataError):
        await at.reader.order(cloid(1))


async def test_an_answer_about_another_order_is_refused(seat):
    at = seat()
    at.desk.order(limit(True, "90000", "0.01", cloid=cloid(1)))
    answer = at.desk.info("orderStatus", oid=cloid(1))
    at.client.instead["orderStatus"] = lambda _: answer
    with pytest.raises(DataError, match="was asked for"):
        await at.reader.order(cloid(2))


async def test_an_id_of_another_form_is_never_asked_for(seat):
    at = seat()
    with pytest.raises(RejectedError):
        await at.reader.order("order-1")
    assert at.client.asked == []


# --- from a state younger than a moment: HYPERLIQUID §11.2 (6) ---


async def test_an_unknown_order_is_only_dead_in_a_state_younger_than_the_proof(seat):
    at = seat(rules=Rules(info_lag_ms=3_000))
    at.desk.tick(5)
    at.desk.order(limit(True, "90000", "0.01", cloid=cloid(1)))
    landed = at.desk.now
    assert await at.reader.order(cloid(1)) is None  # what the venue answers is 3 s old
    found = await at.reader.order_after(cloid(1), landed)
    assert found.status is OrderStatus.RESTING
    assert await at.reader.venue_time() > landed
    assert at.desk.now >= landed + 3_000
    assert await at.reader.order_after(cloid(2), landed) is None


async def test_no_answer_is_taken_from_before_the_moment(seat):
    """The state that shows the order must itself be younger: the time is asked for first."""
    at = seat(rules=Rules(info_lag_ms=3_000))
    at.desk.tick(5)
    await at.reader.order_after(cloid(1), at.desk.now)
    kinds = at.client.kinds()
    assert set(kinds[:-1]) == {"clearinghouseState"}
    assert kinds[-1] == "orderStatus"


async def test_a_venue_that_stays_behind_proves_nothing(seat):
    at = seat(rules=Rules(info_lag_ms=60_000))
    at.desk.tick(120)
    with pytest.raises(TransientError, match="behind the moment"):
        await at.reader.order_after(cloid(1), at.desk.now)
    assert "orderStatus" not in at.client.kinds()
