from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.analysis.performance import performance
from nof0_core.domain.event import EngineStarted, HourMarked, Rebalanced
from nof0_core.domain.view import EquityPoint
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.ids import RESERVE
from nof0_core.state.histories import Histories

D = Decimal


def cycle(script, trader, scheduled, status="ok"):
    script.tell(script.ended(script.account(trader), status=status, scheduled=scheduled))


def started(script):
    script.tell(
        EngineStarted(
            version="1",
            config_digest="d",
            clock=ClockKind.SIMULATED,
            seed=1,
            traders=("ann", "bob"),
        )
    )


def test_books_begin_with_the_first_start_of_the_engine(script):
    assert script.ledger.inception is None
    first = script.now
    started(script)
    started(script)
    assert script.ledger.inception == first


def test_trader_begins_with_its_first_capital(script):
    assert script.ledger.standing("ann").started_at is None
    assert script.ledger.standing("ann").initial_capital is None
    first = script.now
    script.transfer("ann", "1500")
    script.transfer("ann", "-500", "rebalance")
    assert script.ledger.standing("ann").started_at == first
    assert script.ledger.standing("ann").initial_capital == D(1500)


def test_curve_has_one_point_per_hour_and_the_newest_word_on_it(script):
    script.transfer("ann", "1000")
    script.transfer(RESERVE, "50")
    state = script.account("ann")
    later = attrs.evolve(state, time=state.time + timedelta(hours=1), equity=D(1010))
    corrected = attrs.evolve(later, equity=D(1011))
    script.tell(HourMarked(accounts=(state, script.account(RESERVE))))
    for accounts in ((later,), (corrected,), (state,)):
        script.tell(HourMarked(accounts=accounts))
    assert script.ledger.curve("ann") == (
        EquityPoint(time=state.time, equity=D(1000), deposited=D(1000), index=D(1)),
        EquityPoint(time=later.time, equity=D(1011), deposited=D(1000), index=D("1.011")),
    )
    assert script.ledger.curve(RESERVE) == script.ledger.curve("bob") == ()


def test_cycles_are_counted_with_the_last_scheduled_time_and_status(script):
    script.transfer("ann", "1000")
    first = script.now
    cycle(script, "ann", first)
    cycle(script, "ann", first + timedelta(minutes=3), "model_timeout")
    assert script.ledger.standing("ann").cycles == 2
    assert script.ledger.standing("ann").last_cycle == first + timedelta(minutes=3)
    assert script.ledger.standing("ann").last_status == "model_timeout"
    assert (script.ledger.standing("bob").cycles, script.ledger.standing("bob").last_cycle) == (
        0,
        None,
    )
    assert script.ledger.standing("bob").last_status == ""


def test_rebalances_are_kept_in_order(script):
    body = Rebalanced(strategy="equal", before={"ann": D(30)}, after={"ann": D(20)})
    time = script.now
    script.tell(body)
    assert script.ledger.rebalances == ((time, body),)


def test_newest_fill_and_settlement_tell_where_to_read_on(script):
    assert script.ledger.last_fill_time("paper") is None
    assert script.ledger.funding_known_until("paper") is None
    bought = script.now
    script.fill("ann", "BTC", "0.1", "100000", trade_id=5)
    assert script.ledger.last_fill_time("paper") == bought
    assert script.ledger.knows_fill("paper", "5")
    assert not script.ledger.knows_fill("live", 5)
    settled = script.now
    script.fund("ann", "BTC", "-1", time=settled)
    script.fund("ann", "ETH", "-1", time=settled + timedelta(hours=1))
    script.fund("ann", "BTC", "-1", time=settled - timedelta(hours=1))
    assert script.ledger.funding_known_until("paper") == settled + timedelta(hours=1)
    assert script.ledger.knows_funding("paper", "BTC", settled)
    assert not script.ledger.knows_funding("paper", "DOGE", settled)


def test_what_was_read_does_not_change_with_further_events(script):
    script.transfer("ann", "1000")
    script.trade("ann", "BTC", "0.1", "100000")
    totals, trades = script.ledger.totals("paper"), script.ledger.trades("ann")
    positions, orders = script.ledger.positions("paper"), script.ledger.open_orders("paper")
    script.trade("ann", "BTC", "-0.1", "100000", purpose="close")
    assert totals.quantities == {"BTC": D("0.1")}
    assert trades == ()
    assert positions[0].quantity == D("0.1")
    assert len(orders) == 1


def test_statistics_are_those_of_the_whole_history(script):
    """Also where an hour was told again, and after a restart from what was written down."""
    script.transfer("ann", "1000")
    state = script.account("ann")
    hours = [
        attrs.evolve(state, time=state.time + timedelta(hours=hour), equity=D(equity))
        for hour, equity in ((0, 1000), (1, 900), (1, 1100), (2, 1045))
    ]
    for hour in hours:
        script.tell(HourMarked(accounts=(hour,)))
    script.trade("ann", "BTC", "0.1", "100000")
    script.trade("ann", "BTC", "-0.1", "100100", purpose="close")
    cycle(script, "ann", script.now)
    ledger, account = script.ledger, script.account("ann")
    whole = performance(ledger.trades("ann"), ledger.curve("ann"), account, 1)
    assert ledger.performance("ann", account) == whole
    assert whole.max_drawdown_pct < 10  # what the first word on the hour would make it
    restarted = Histories()
    restarted.load(next(each for each in ledger.projections if each.name == "histories").dump())
    assert restarted.performance("ann", account) == whole
