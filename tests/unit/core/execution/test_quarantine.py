"""A bad value of a venue stops entries where it belongs, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.event import Filled, FundingSettled
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderStatus, Side
from nof0_core.errors import UnbookableError
from nof0_core.testing import samples
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


def named(changes):
    """Name a case by the fields and the types of what stands in them."""
    return ",".join(f"{name}={type(value).__name__}" for name, value in changes.items())


class OwnDecimal(D):
    """A number whose class is somebody else's."""


BAD_FILLS = [
    {"price": D("NaN")},
    {"price": D("Infinity")},
    {"price": 100_000.0},
    {"price": D(0)},
    {"price": OwnDecimal(100_000)},
    {"price": D("1E+40")},
    {"price": D("100000." + "3" * 60)},
    {"size": D(-1)},
    {"size": D("0.012345678")},
    {"size": D("0.0123456")},
    {"fee": D("NaN")},
    {"fee": D("0." + "1" * 52)},
    {"fee": 0.1},
    {"fee": "0.1"},
    {"trade_id": 7},
    {"trade_id": ""},
    {"trade_id": "x" * 300},
    {"trade_id": "a\0b"},
    {"side": "buy"},
    {"time": START.replace(tzinfo=None)},
    {"time": "2025-07-01"},
    {"client_id": 5},
    {"is_taker": None},
    {"is_liquidation": "no"},
]


def spoil(scene, verb, change):
    """Let the venue answer a verb with something changed; returns what ends that."""
    asked = getattr(scene.venue, verb)

    async def spoilt(*arguments, **options):
        return change(await asked(*arguments, **options))

    setattr(scene.venue, verb, spoilt)
    return lambda: setattr(scene.venue, verb, asked)


def last_with(**changes):
    def change(rows):
        return [*rows[:-1], built(rows[-1], **changes)] if rows else rows

    return change


def built(row, **changes):
    """Return a copy with values no converter or validator has seen."""
    copy = attrs.evolve(row)
    for name, value in changes.items():
        object.__setattr__(copy, name, value)
    return copy


def quarantined(scene):
    return [(e.verb, e.symbol) for e in scene.quarantine.all()]


def told(scene):
    return scene.alerts().count("quarantine")


async def later(scene, by):
    await scene.clock.sleep_until(scene.clock.now() + by)


async def why(scene, trader):
    carried = await scene.open(trader)
    [order] = carried.orders
    return order.why


@pytest.mark.parametrize("changes", BAD_FILLS, ids=named)
async def test_a_bad_fill_is_not_booked_and_stops_entries_on_its_coin_alone(scene, changes):
    await scene.sync()
    end = spoil(scene, "fills", last_with(**changes))
    await scene.open("ann")
    await later(scene, timedelta(minutes=1))
    assert await scene.execution.sync(scene.quotes()) == ()
    assert quarantined(scene) == [("a row of fills", "BTC")]
    assert told(scene) == 1
    # The stop stands on what the order's answer said.
    assert {o.size for o in scene.resting()} == {D("0.01")}
    assert "BTC is in quarantine: a row of fills" in await why(scene, "bob")
    eth = samples.decision(
        symbol="ETH", entry_price=D(4000), stop_loss=D(3960), take_profit=D(4160)
    )
    end()
    await scene.execution.sync(scene.quotes())
    assert quarantined(scene) == []
    scene.assert_agrees()
    scene.restart()
    await scene.sync()
    scene.assert_agrees()
    carried = await scene.trade("ann", eth)
    assert carried.orders[0].status is OrderStatus.FILLED
    assert told(scene) == 1


@pytest.mark.parametrize("changes", BAD_FILLS, ids=named)
async def test_a_directory_with_a_bad_fill_can_be_started_again(scene, changes):
    await scene.sync()
    spoil(scene, "fills", last_with(**changes))
    await scene.open("ann")
    await scene.execution.sync(scene.quotes())
    for _ in range(2):
        scene.restart()
        await scene.execution.sync(scene.quotes())
        assert quarantined(scene) == [("a row of fills", "BTC")]
        [held] = scene.state.held("paper")
        assert (held.trader, held.quantity) == ("ann", D("0.01"))


async def test_a_bad_fill_that_names_no_coin_stops_entries_on_all(scene):
    await scene.sync()
    end = spoil(scene, "fills", lambda rows: [*rows, None])
    await scene.execution.sync(scene.quotes())
    assert quarantined(scene) == [("a row of fills", None)]
    assert "paper is in quarantine: a row of fills [0] is None, no Fill" in await why(scene, "ann")
    end()
    await scene.execution.sync(scene.quotes())
    assert quarantined(scene) == []


def fill(**changes):
    made = Fill(
        trade_id="t1", venue_order_id="v1", client_id=None, symbol="BTC", side=Side.BUY,
        price=D(100_000), size=D("0.01"), fee=D(0), time=START,
    )  # fmt: skip
    return attrs.evolve(made, **changes)


async def test_a_fill_of_a_coin_that_nobody_lists_or_holds_is_not_booked(scene):
    await scene.sync()
    spoil(scene, "fills", lambda rows: [*rows, fill(symbol="NOPE")])
    await scene.execution.sync(scene.quotes())
    assert quarantined(scene) == [("a row of fills", "NOPE")]
    assert scene.state.positions("paper") == ()
    assert (await scene.open("ann")).orders[0].status is OrderStatus.FILLED


async def test_a_fill_that_names_an_order_of_another_coin_or_side_is_not_booked(scene):
    await scene.open("ann")
    [mine] = scene.venue.executed
    for changes in ({"symbol": "ETH"}, {"side": Side.SELL}):
        other = attrs.evolve(mine, trade_id="other", **changes)
        end = spoil(scene, "fills", lambda rows, other=other: [*rows, other])
        await scene.execution.sync(scene.quotes())
        assert quarantined(scene) == [("a row of fills", other.symbol)]
        [entry] = scene.quarantine.all()
        assert "and the order it names a buy of BTC on paper" in entry.problem
        end()
        await scene.execution.sync(scene.quotes())
    scene.assert_agrees()


async def test_a_fill_that_comes_twice_is_booked_once_and_written_once(scene):
    await scene.sync()
    spoil(scene, "fills", lambda rows: [*rows, *rows])
    await scene.open("ann")
    scene.venue.trade_by_hand("ETH", Side.BUY, "0.5")
    await scene.sync()
    await scene.sync()
    scene.recorder.events.flush()
    records = list(scene.recorder.events.read(types=["filled"]))
    assert len(records) == 2
    assert quarantined(scene) == []
    scene.assert_agrees()


async def test_a_fill_that_comes_twice_with_other_numbers_is_booked_once_and_told(scene):
    await scene.sync()
    end = spoil(scene, "fills", lambda rows: [*rows, *(attrs.evolve(r, price=D(1)) for r in rows)])
    scene.venue.trade_by_hand("ETH", Side.BUY, "0.5")
    await scene.execution.sync(scene.quotes())
    scene.assert_agrees()
    assert quarantined(scene) == [("a row of fills", "ETH")]
    end()
    await scene.execution.sync(scene.quotes())
    assert quarantined(scene) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": D("NaN")}, {"amount": -1.5}, {"rate": D("1E+9")}, {"quantity": None},
        {"time": START.replace(tzinfo=None)}, {"symbol": "NOPE"}, {"symbol": 5},
    ],
    ids=named,
)  # fmt: skip
async def test_bad_funding_is_not_booked_until_it_is_good(scene, changes):
    await scene.open("ann")
    await later(scene, timedelta(hours=1))
    scene.venue.pay_funding("BTC", "0.0001")
    end = spoil(scene, "funding", last_with(**changes))
    await scene.execution.sync(scene.quotes())
    symbol = changes.get("symbol", "BTC")
    assert quarantined(scene) == [("a row of funding", symbol if symbol != 5 else None)]
    end()
    await scene.execution.sync(scene.quotes())
    assert quarantined(scene) == []
    scene.assert_agrees()


def with_account(**changes):
    return lambda report: built(report, account=built(report.account, **changes))


BAD_REPORTS = [
    with_account(equity=D("NaN")),
    with_account(raw_usd=10_000.0),
    with_account(time=None),
    lambda report: built(report, time=START.replace(tzinfo=None)),
    lambda report: built(report, positions=(*report.positions, *report.positions)),
    lambda report: built(
        report, positions=tuple(built(p, quantity=D("sNaN")) for p in report.positions)
    ),
    lambda report: built(report, positions=tuple(built(p, leverage=2.5) for p in report.positions)),
    lambda report: built(report, orders=tuple(built(o, status="open") for o in report.orders)),
    lambda report: built(report, orders=iter(report.orders)),
]


@pytest.mark.parametrize("change", BAD_REPORTS)
async def test_a_bad_report_stops_entries_until_two_good_ones_and_nothing_else(scene, change):
    await scene.open("ann")
    end = spoil(scene, "report", change)
    for _ in range(3):
        [problem] = await scene.execution.sync(scene.quotes())
        assert problem.startswith("paper: what report answered ")
        await later(scene, timedelta(seconds=30))
    assert quarantined(scene) == [("report", None)]
    assert told(scene) == 1
    assert "paper is in quarantine: report" in await why(scene, "bob")
    end()
    await scene.execution.sync(scene.quotes())
    assert quarantined(scene) == [("report", None)]
    assert "paper is in quarantine: report" in await why(scene, "bob")
    spoil(scene, "report", change)
    await scene.execution.sync(scene.quotes())
    end()
    for left in ([("report", None)], []):
        await later(scene, timedelta(seconds=30))
        await scene.execution.sync(scene.quotes())
        assert quarantined(scene) == left
    assert (await scene.open("bob")).orders[0].status is OrderStatus.FILLED
    # What came again within the hour was not told again.
    assert told(scene) == 1


async def test_what_is_held_is_closed_while_the_account_is_in_quarantine(scene):
    await scene.open("ann")
    spoil(scene, "report", with_account(equity=D("NaN")))
    await scene.execution.sync(scene.quotes())
    await scene.execution.flatten(["ann"], scene.quotes())
    assert scene.venue.sizes["BTC"] == 0
    assert scene.state.held("paper") == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "filled"}, {"filled_size": D("NaN")}, {"filled_size": D(5)},
        {"filled_size": 0.01}, {"average_price": D(0)}, {"client_id": "0x1"},
        {"fills": (fill(price=D("NaN")),)}, {"fills": iter(())}, {"reason": None},
    ],
    ids=named,
)  # fmt: skip
async def test_a_bad_outcome_leaves_the_order_to_be_asked_for(scene, changes):
    await scene.sync()
    end = spoil(scene, "place", lambda rows: [built(row, **changes) for row in rows])
    carried = await scene.open("ann")
    assert quarantined(scene) == [("place", None)]
    end()
    assert [o.status for o in carried.orders] == [OrderStatus.FILLED]
    await scene.sync()
    await scene.sync()
    assert quarantined(scene) == []
    assert len([o for o in scene.resting() if o.trigger.kind == "stop"]) == 1
    scene.assert_agrees()


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": "ETH"}, {"side": Side.SELL}, {"filled_size": D(9), "size": D(9)},
        {"size": D("NaN")}, {"status": 3}, {"client_id": "0x2"}, {"time": None},
    ],
    ids=named,
)  # fmt: skip
async def test_an_order_that_is_told_badly_stays_unknown(scene, changes):
    await scene.sync()
    scene.venue.lose_answers = True
    end = spoil(scene, "order", lambda found: built(found, **changes) if found else None)
    carried = await scene.open("ann")
    assert carried.orders[0].status is OrderStatus.UNKNOWN
    assert quarantined(scene) == [("order", None)]
    scene.venue.lose_answers = False
    end()
    await scene.sync()
    await scene.sync()
    assert quarantined(scene) == []
    scene.assert_agrees()


async def test_an_alert_names_plugin_section_verb_and_value(scene):
    await scene.sync()
    spoil(scene, "fills", lambda rows: [*rows, built(fill(), price=D("NaN"))])
    await scene.execution.sync(scene.quotes())
    scene.recorder.events.flush()
    [alert] = [
        e.body for e in scene.recorder.events.read(types=["alert"]) if e.body.code == "quarantine"
    ]
    assert alert.symbol == "BTC"
    assert alert.message == (
        "exchange paper: a row of fills [0] price is NaN: a defect of nof0-bad 1 (exchange paper, "
        "exchange.yaml:3); it is not booked, and no entries there until it is good or gone"
    )


async def test_a_close_is_decided_and_carried_out_while_its_coin_is_in_quarantine(scene):
    await scene.open("ann")
    spoil(scene, "fills", lambda rows: [*rows, built(fill(), price=D("NaN"))])
    await scene.execution.sync(scene.quotes())
    carried = await scene.trade("ann", Decision(signal=Signal.CLOSE, symbol="BTC"))
    assert [o.status for o in carried.orders] == [OrderStatus.FILLED]


async def test_good_funding_that_comes_twice_is_one_settlement(scene):
    await scene.open("ann")
    await later(scene, timedelta(hours=1))
    scene.venue.pay_funding("BTC", "0.0001")
    spoil(scene, "funding", lambda rows: [*rows, *rows])
    await scene.sync()
    scene.recorder.events.flush()
    assert len(list(scene.recorder.events.read(types=["funding"]))) == 1
    scene.assert_agrees()
    assert isinstance(scene.venue.paid[0], FundingPayment)


@pytest.mark.parametrize(("kind", "verb"), [(Filled, "fills"), (FundingSettled, "funding")])
async def test_what_only_the_ledger_refuses_is_not_booked_until_it_can_be(
    scene, monkeypatch, kind, verb
):
    await scene.open("ann")
    await later(scene, timedelta(hours=1))
    if kind is Filled:
        scene.venue.trade_by_hand("BTC", Side.BUY, "0.5")
    else:
        scene.venue.pay_funding("BTC", "0.0001")
    record = scene.recorder.record

    def refusing(stream, body, **options):
        if isinstance(body, kind):
            message = "it has too many digits"
            raise UnbookableError(message)
        return record(stream, body, **options)

    monkeypatch.setattr(scene.recorder, "record", refusing)
    await scene.execution.sync(scene.quotes())
    [entry] = scene.quarantine.all()
    assert (entry.verb, entry.symbol) == (f"a row of {verb}", "BTC")
    assert "cannot be booked: it has too many digits" in entry.problem
    monkeypatch.undo()
    await scene.execution.sync(scene.quotes())
    assert quarantined(scene) == []
    scene.assert_agrees()
