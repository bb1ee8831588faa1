"""An account is the same after it was written as a snapshot and read again."""

from __future__ import annotations

import itertools
from decimal import Decimal as D
from decimal import localcontext
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.domain.candles import from_ms
from nof0_core.errors import ProviderError
from nof0_core.money import EXACT
from nof0_core.testing.environment import Lines
from nof0_provider_sim.exchange import days, history
from nof0_provider_sim.exchange import state as state_module
from nof0_provider_sim.exchange.records import (
    FundingSettled,
    LeverageSet,
    Liquidated,
    OrderEnded,
    OrderExecuted,
    OrderTaken,
    OrderTriggered,
)
from nof0_provider_sim.exchange.snapshot import Restoring, pieces
from nof0_provider_sim.exchange.state import VenueState
from nof0_provider_sim.exchange.store import FILE_NAME, open_store

DAY = 86_400_000
FLOOR, DAYS = 3, 4
COINS = ("ETH", "BTC")
amounts = st.decimals("0.0001", "900", places=4)
steps = st.lists(
    st.fixed_dictionaries(
        {
            "do": st.sampled_from(
                ["take", "take", "fill", "fill", "rest", "end", "trigger", "pay", "set", "close"]
            ),
            "pick": st.integers(0, 30),
            "coin": st.sampled_from(COINS),
            "trader": st.integers(0, 2),
            "size": amounts,
            "price": amounts,
            "part": st.sampled_from([D("0.3"), D("0.5"), D(1)]),
            "pause": st.sampled_from([0, 0, 1, 3_600_000, DAY // 3, DAY, 9 * DAY]),
            "is_last": st.booleans(),
        }
    ),
    min_size=5,
    max_size=60,
)


@pytest.fixture(autouse=True)
def _short_memory(monkeypatch):
    monkeypatch.setattr(state_module, "FLOOR", FLOOR)
    monkeypatch.setattr(days, "DAYS", DAYS)
    monkeypatch.setattr(history, "AT_HAND", 2)


class Story:
    """Makes records that can happen to a state, and remembers every id there ever was."""

    def __init__(self):
        self.at_ms = 20_000 * DAY
        self.clients = []
        self.ended = []
        self.paid = 0

    def records(self, step, state):
        self.at_ms += step["pause"]
        waiting = list(state.book.open())
        order = waiting[step["pick"] % len(waiting)] if waiting else None
        made = getattr(self, f"_{step['do']}")(step, state, order)
        return [] if made is None else [made]

    def _take(self, step, state, _):
        number = len(self.clients)
        self.clients.append(f"0x{step['trader']:08x}{number:024x}")
        is_trigger = step["pick"] % 3 == 0
        return OrderTaken(
            at_ms=self.at_ms,
            venue_order_id=state.next_venue_order_id,
            client_id=self.clients[-1],
            symbol=step["coin"],
            side="buy" if step["pick"] % 2 else "sell",
            size=step["size"],
            limit_price=step["price"],
            tif="gtc",
            is_reduce_only=is_trigger,
            trigger_kind="stop" if is_trigger else None,
            trigger_price=step["price"] if is_trigger else None,
            pair=self.clients[0] if is_trigger else None,
            sent_ms=self.at_ms - 7,
            trigger_is_market=step["pick"] % 4 != 0,
        )

    def _fill(self, step, state, order, part=D(1)):
        if order is None:
            return None
        size = (order.taken.size - order.filled) * part
        return OrderExecuted(
            at_ms=self.at_ms,
            trade_id=state.next_trade_id,
            venue_order_id=order.taken.venue_order_id,
            price=step["price"],
            size=size,
            fee=step["price"] * D("0.00100"),
            is_taker=step["pick"] % 2 == 0,
        )

    def _rest(self, step, state, order):
        return self._fill(step, state, order, step["part"])

    def _end(self, step, _, order):
        if order is None:
            return None
        return OrderEnded(
            at_ms=self.at_ms, venue_order_id=order.taken.venue_order_id,
            status="partly_filled" if order.filled else "canceled", reason=f"why {step['pick']}",
        )  # fmt: skip

    def _trigger(self, _, __, order):
        if order is None or not order.awaits_trigger:
            return None
        return OrderTriggered(at_ms=self.at_ms, venue_order_id=order.taken.venue_order_id)

    def _pay(self, step, *_):
        self.paid += 1
        return FundingSettled(
            at_ms=self.at_ms, symbol=step["coin"], quantity=step["size"], rate=D("0.00010"),
            amount=step["size"] * (-1) ** step["pick"],
        )  # fmt: skip

    def _set(self, step, *_):
        return LeverageSet(
            at_ms=self.at_ms, symbol=step["coin"], leverage=1 + step["pick"],
            mode="isolated" if step["pick"] % 2 else "cross",
        )  # fmt: skip

    def _close(self, step, state, _):
        held = state.account.quantity(step["coin"])
        if not held:
            return None
        return Liquidated(
            at_ms=self.at_ms, trade_id=state.next_trade_id,
            venue_order_id=state.next_venue_order_id, symbol=step["coin"],
            side="sell" if held > 0 else "buy", price=step["price"], size=abs(held),
            fee=step["part"], mark=step["price"], method="market",
            is_partial=step["pick"] % 2 == 0, debt=D(0),
        )  # fmt: skip


def _lines(state):
    return b"".join(pieces(state)).splitlines(keepends=True)


def _restored(state):
    restoring = Restoring(state.account.initial)
    for line in _lines(state):
        assert not restoring.is_complete
        restoring.take(line, Path("f"))
    assert restoring.is_complete
    return restoring.state


def _answers(state, story):
    """Return all a state can be asked, to the last digit."""
    moments = [from_ms(story.at_ms - back) for back in (0, 1, DAY, 3 * DAY, 10_000 * DAY)]
    orders = [state.book.shown(client) for client in story.clients]
    clients = [*story.clients, None]
    return repr(
        (
            [state.fills(moment) for moment in moments],
            [state.funding(moment) for moment in moments],
            [state.fills_after(count) for count in range(state.fill_count + 1)],
            orders,
            [state.fills_of(order) for order in orders if order is not None],
            list(state.book.open()),
            [state.book.open_of(coin) for coin in COINS],
            [state.turnover(client).recent(story.at_ms + DAY) for client in clients],
            [state.turnover(client).total for client in clients],
            [state.reducible(coin, client) for coin in COINS for client in story.clients],
            sorted(state.account.positions.items()),
            [state.account.mode(coin) for coin in COINS],
            (state.account.raw_usd, state.account.realized),
            (state.account.fees, state.account.funding),
            (state.exposed_ms.get("ETH"), state.exposed_ms.get("BTC"), state.partial_ms),
            (state.time_ms, state.next_trade_id, state.next_venue_order_id, state.fill_count),
            (state.is_idle, state.symbols() == set(state.symbols())),
        )
    )


@settings(max_examples=40, deadline=None)
@given(script=steps, often=st.integers(1, 5))
def test_a_restored_account_answers_and_goes_on_like_the_one_it_was(script, often):
    story = Story()
    with localcontext(EXACT):
        state = VenueState(D("1000.50"))
        other = VenueState(D("1000.50"))
        calls = 0
        for step in script:
            for record in story.records(step, state):
                state.apply(record)
                other.apply(record)
            if step["is_last"]:
                state.end_call()
                other.end_call()
                calls += 1
                if calls % often == 0:
                    other = _restored(other)
                    assert _lines(other) == _lines(state)
                    assert _answers(other, story) == _answers(state, story)
        assert _lines(other) == _lines(state)
        assert _answers(other, story) == _answers(state, story)


@settings(max_examples=40, deadline=None)
@given(script=steps)
def test_only_what_is_old_goes_and_a_few_are_always_kept(script):
    story, whole = Story(), []
    with localcontext(EXACT):
        state = VenueState(D("1000.50"))
        for step in script:
            for record in story.records(step, state):
                state.apply(record)
                if isinstance(record, OrderExecuted | Liquidated):
                    whole.append((record.trade_id, record.at_ms))
            before = list(state._days.begun)
            state.end_call()
            begun = list(state._days.begun)
            assert all(b - a >= DAY for a, b in itertools.pairwise(begun))
            known = [int(fill.trade_id) for fill in state.fills_after(0)]
            assert known == [number for number, _ in whole][len(whole) - len(known) :]
            assert len(known) >= min(FLOOR, len(whole))
            young = [number for number, at_ms in whole if not begun or at_ms >= begun[0]]
            assert set(young) <= set(known)
            if len(begun) > DAYS and begun != before:
                assert len(known) <= max(FLOOR, len(young))


def _written():
    """Return the lines of a small account with an order, a fill, a payment and one that waits."""
    story, state = Story(), VenueState(D(1000))
    step = {"pick": 1, "coin": "ETH", "trader": 1, "size": D(2), "price": D(9), "part": D("0.5")}
    for do in ("take", "fill", "pay", "take", "set"):
        for record in story.records(step | {"do": do, "pause": 5}, state):
            state.apply(record)
    state.end_call()
    return _lines(state)


def _sealed(found):
    """Return lines with the sum that belongs to them: damage that only a look at them finds."""
    return [*found[:-1], b'{"sha256":"%s"}\n' % sha256(b"".join(found[:-1])).hexdigest().encode()]


def _replaced(old, new):
    def change(found):
        text = b"".join(found)
        assert old in text
        return _sealed(text.replace(old, new, 1).splitlines(keepends=True))

    return change


DAMAGE = [
    (_replaced(b'"raw_usd":', b'"raw":'), 1, "head.snapshot.account.raw_usd is missing"),
    (_replaced(b'"held":{', b'"helt":{'), 1, "head.snapshot.held is missing"),
    (_replaced(b'"day_began_ms":[', b'"day_began_ms":["x",'), 1, "day_began_ms is not a list of"),
    (_replaced(b'"next_trade_id":2', b'"next_trade_id":"2"'), 1, "next_trade_id is not a whole"),
    (_replaced(b'"next_trade_id":2', b'"next_trade_id":3'), 5, "not as many as"),
    (_replaced(b'"leverage":{"ETH":2}', b'"leverage":{"ETH":true}'), 1, "leverage.ETH is not a wh"),
    (_replaced(b'"quantity":"2', b'"quantity":"NaN2'), 1, "quantity is not a number written as"),
    (_replaced(b'"quantity":"2', b'"quantity":"2x'), 1, "quantity is not a number written as"),
    (_replaced(b'"modes":{"ETH":"iso', b'"modes":{"ETH":"ISO'), 1, "is not one of cross, isolated"),
    (_replaced(b'"waiting":[{', b'"waiting":[3,{'), 1, r"waiting\[0\] is not an object"),
    (_replaced(b'"tif":"gtc"', b'"tif":"gtx"'), 1, r"waiting\[0\].tif is not one of"),
    (_replaced(b'"realized":"0"', b'"realized":"1"'), 1, "cash is not what its trades"),
    (_replaced(b'"rows":1', b'"rows":-1'), 1, "remembered.order.rows is not a whole number"),
    (_replaced(b'"rows":1', b'"rows":2'), 3, "row.was is not order"),
    (_replaced(b'"trade_id":1', b'"trade_id":7'), 3, "row.trade_id is not 1"),
    (lambda found: _sealed([found[0], *found[2:]]), 2, "row.was is not order"),
    (lambda found: [*found[:3], b"{}\n", *found[4:]], 4, "row.was is missing"),
    (lambda found: [found[0][:-9] + b"\n", *found[1:]], 1, "Expecting|Unterminated"),
    (lambda found: [*found[:2], b"\xff\n", *found[3:]], 3, "can't decode"),
    (
        lambda found: [found[0].replace(b'"fees":"0', b'"fees":"00'), *found[1:]],
        5,
        "sha256 differs",
    ),
    (lambda found: found[:3], 3, "the file ends within it"),
    (lambda found: [found[0][:90]], 1, "the file ends within it"),
    (lambda found: found[:-1], 4, "the file ends within it"),
]


@pytest.mark.parametrize(("damage", "line", "words"), DAMAGE)
def test_a_damaged_snapshot_is_refused_with_its_line_and_key(tmp_path, damage, line, words):
    path = tmp_path / FILE_NAME
    path.write_bytes(b"".join(_written()))
    with localcontext(EXACT):
        open_store(tmp_path, D(1000), Lines())[0].close()
        content = b"".join(damage(_written()))
        path.write_bytes(content)
        with pytest.raises(ProviderError, match=words) as raised:
            open_store(tmp_path, D(1000), Lines())
    assert f"{path}:{line}: this is not a line of the snapshot" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.hints
    assert path.read_bytes() == content
