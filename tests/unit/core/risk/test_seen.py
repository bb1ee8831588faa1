"""What a check of a plugin is shown beside the decision: earlier entries, books, all traders."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.domain.decision import ALLOW
from nof0_core.risk.gate import RiskGate
from nof0_core.testing import samples


class Says:
    """A check that always gives the same answer and remembers what it saw."""

    def __init__(self, verdict):
        self.verdict = verdict
        self.seen = []

    def check(self, decision, context):
        self.seen.append((decision, context))
        return self.verdict


def test_a_check_sees_the_entries_approved_before_with_coin_and_side(context, long_btc, short_eth):
    check = Says(ALLOW)
    doge = long_btc(
        symbol="DOGE", entry_price=Decimal("0.25"), stop_loss=Decimal("0.24"),
        take_profit=Decimal("0.29"), confidence=1.0,
    )  # fmt: skip
    answer = [long_btc(leverage=30), doge, short_eth(position_size_usd=Decimal(999)), long_btc()]
    RiskGate((("spread", check),)).judge(answer, context(max_position_size_usd=Decimal(400)))

    seen = [around.approved for _, around in check.seen]
    assert seen[0] == ()
    assert [(e.symbol, e.is_long, e.size_usd, e.leverage, e.margin) for e in seen[1]] == [
        ("BTC", True, 400, 20, 20)
    ]
    assert len(seen) == 2
    (_, around) = check.seen[1]
    assert (around.new_positions, around.committed_margin) == (1, 20)


def test_entries_before_are_of_one_answer_alone(context, long_btc, short_eth):
    check = Says(ALLOW)
    gate = RiskGate((("spread", check),))
    for decision in (long_btc(), short_eth()):
        gate.judge([decision], context())
    assert [around.approved for _, around in check.seen] == [(), ()]


def test_a_check_is_shown_the_venue_account_and_the_order_book(context, long_btc, short_eth):
    check = Says(ALLOW)
    made = context(max_data_age=timedelta(minutes=1))
    book = attrs.evolve(samples.order_book(), time=made.time - timedelta(minutes=1))
    old = attrs.evolve(
        samples.order_book("ETH", "4000"), time=made.time - timedelta(minutes=1, microseconds=1)
    )
    snapshots = dict(made.snapshots)
    for symbol, each in (("BTC", book), ("ETH", old)):
        snapshots[symbol] = attrs.evolve(snapshots[symbol], book=each)
    made = attrs.evolve(made, snapshots=snapshots)
    venue = samples.venue_view(samples.account())
    gate = RiskGate((("spread", check),))
    gate.judge([long_btc(), short_eth()], made, venue)
    gate.judge([long_btc()], context())

    assert [around.book for _, around in check.seen] == [book, None, None]
    assert [around.venue for _, around in check.seen] == [venue, venue, None]
