"""What the venue remembers, and what it lets go."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

from nof0_core.domain.candles import from_ms
from nof0_provider_sim.exchange.days import DAYS, FLOOR
from nof0_provider_sim.exchange.history import AT_HAND
from nof0_provider_sim.exchange.records import FundingSettled, OrderEnded, OrderExecuted, OrderTaken
from nof0_provider_sim.exchange.state import VenueState

HOUR = 3_600_000
DAY = 24 * HOUR
EPOCH = from_ms(0)


def _client(number):
    return f"0x{number:032x}"


def _taken(number, at_ms):
    return OrderTaken(
        at_ms=at_ms, venue_order_id=number, client_id=_client(number), symbol="ETH",
        side="buy" if number % 2 else "sell", size=D("0.5"), limit_price=D(100), tif="ioc",
        is_reduce_only=False, trigger_kind=None, trigger_price=None, pair=None, sent_ms=at_ms,
    )  # fmt: skip


def _trade(state, number, at_ms):
    """Let a call place an order that fills at once."""
    state.apply(_taken(number, at_ms))
    state.apply(
        OrderExecuted(
            at_ms=at_ms, trade_id=number, venue_order_id=number, price=D(100), size=D("0.5"),
            fee=D("0.01"), is_taker=True,
        )
    )  # fmt: skip
    state.end_call()


def _pay(state, at_ms):
    state.apply(
        FundingSettled(at_ms=at_ms, symbol="ETH", quantity=D(1), rate=D("0.1"), amount=D("-0.1"))
    )


def _long_life(trades_a_day, days):
    state = VenueState(D(1000))
    for number in range(1, trades_a_day * days + 1):
        _trade(state, number, number * DAY // trades_a_day)
    return state


def test_what_is_older_than_thirty_days_goes_once_enough_is_newer():
    state = _long_life(100, 80)
    now = 80 * DAY
    orders, fills = state.book.ended, state.fills(EPOCH)
    assert FLOOR < len(fills) == len(orders) <= 100 * (DAYS + 1)
    assert fills[0].time <= from_ms(now - DAYS * DAY)
    assert state.fill_count == 8000
    assert [int(fill.trade_id) for fill in fills] == list(range(8001 - len(fills), 8001))
    assert state.book.shown(_client(8001 - len(fills))) is not None
    assert state.book.shown(_client(8000 - len(fills))) is None


def test_few_things_are_remembered_however_old_they_are():
    state = _long_life(10, 150)
    assert len(state.fills(EPOCH)) == 1500
    assert state.book.shown(_client(1)) is not None


def test_fills_are_counted_from_the_beginning_of_the_account():
    state = _long_life(100, 80)
    assert [fill.trade_id for fill in state.fills_after(7998)] == ["7999", "8000"]
    assert state.fills_after(8000) == []
    assert state.fills_after(0) == state.fills(EPOCH)


def test_times_between_two_milliseconds_are_told_apart():
    state = VenueState(D(1000))
    _trade(state, 1, 5)
    assert state.fills(from_ms(5)) != []
    assert state.fills(from_ms(5) + timedelta(microseconds=1)) == []


def test_old_fills_and_orders_and_those_at_hand_are_the_same():
    state = _long_life(1000, 2)
    fills = state.fills(EPOCH)
    assert len(fills) == 2000 > 4 * AT_HAND
    kept = [sum(isinstance(item, bytes) for item in of) for of in (
        state._fills._items, state.book.ended._rows.values()
    )]  # fmt: skip
    assert min(kept) >= 2000 - 2 * AT_HAND
    for number, fill in enumerate(fills, 1):
        at_ms = number * DAY // 1000
        assert (fill.trade_id, fill.time) == (str(number), from_ms(at_ms))
        assert (str(fill.size), str(fill.fee)) == ("0.5", "0.01")
    for number in (1, 700, 2000):
        order = state.book.shown(_client(number))
        assert state.fills_of(order) == (fills[number - 1],)
        assert (order.status, str(order.filled_size)) == ("filled", "0.5")


def test_what_is_at_hand_has_the_same_rows_as_what_became_text():
    """And is told the same before and after its rows were written."""
    known = []
    for at_most in (4, 4096):
        state = VenueState(D(1000), at_most=at_most)
        for number in range(1, 701):
            _trade(state, number, number * HOUR)
        told = [state.book.shown(_client(number)) for number in range(1, 701)]
        rows = [list(memory.rows()) for memory in state.memories().values()]
        assert [state.book.shown(_client(number)) for number in range(1, 701)] == told
        known.append((rows, told, state.fills(EPOCH)))
    assert known[0] == known[1]
    assert len(known[0][0][0]) == 700


def test_a_pause_makes_nothing_forgotten_that_was_there_before_it_or_came_meanwhile():
    """The engine was away for 100 days with a position: it asks for all funding since then."""
    state = _long_life(100, 60)
    begin = 60 * DAY
    known = state.fills(EPOCH)
    for hour in range(100 * 24):
        for _ in range(3):
            _pay(state, begin + hour * HOUR)
    state.end_call()
    # And the calls right after it, before it has asked.
    for number in range(6001, 6101):
        _trade(state, number, begin + 100 * DAY + number)
    assert len(state.funding(EPOCH)) == 7200 > FLOOR
    # The pause is one day of the account's life.
    assert len(state.fills(EPOCH)) >= len(known)
    assert state.fills(EPOCH)[0].time <= from_ms(begin - 28 * DAY)


def test_an_order_that_waits_is_never_forgotten():
    state = VenueState(D(1000))
    state.apply(_taken(1, 0))
    for number in range(2, 8002):
        _trade_later(state, number)
    assert state.book.shown(_client(1)).status == "resting"
    state.apply(OrderEnded(at_ms=90 * DAY, venue_order_id=1, status="canceled", reason=""))
    state.end_call()
    # It ended now: now its time begins.
    assert state.book.shown(_client(1)).status == "canceled"


def _trade_later(state, number):
    state.apply(_taken(number, number * DAY // 100))
    state.apply(
        OrderEnded(at_ms=number * DAY // 100, venue_order_id=number, status="rejected", reason="no")
    )
    state.end_call()
