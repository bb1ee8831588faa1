from __future__ import annotations

import pytest

from nof0_core.analysis.exposure import Stay, exposure


def stay(symbol, start, end, *, is_long=True):
    return Stay(symbol=symbol, is_long=is_long, start=60 * start, end=60 * end)


def test_minutes_of_all_coins_are_long_short_or_flat():
    found = exposure(
        [stay("BTC", 0, 10), stay("ETH", 5, 20, is_long=False)], coins=3, start=0, end=60 * 20
    )
    assert (found.long_mins, found.short_mins, found.flat_mins) == (10, 15, 35)
    parts = (found.long_mins, found.short_mins, found.flat_mins)
    assert sum(map(found.pct, parts)) == pytest.approx(100)


def test_a_position_closed_in_parts_counts_once():
    parts = [stay("BTC", 0, 10), stay("BTC", 0, 30), stay("BTC", 0, 20)]
    assert exposure(parts, coins=1, start=0, end=60 * 40).long_mins == 30


def test_one_coin_held_again_counts_both_times():
    parts = [stay("BTC", 0, 10), stay("BTC", 30, 40)]
    assert exposure(parts, coins=1, start=0, end=60 * 40).long_mins == 20


def test_time_before_the_beginning_does_not_count():
    assert exposure([stay("BTC", 0, 10)], coins=1, start=60 * 4, end=60 * 20).long_mins == 6


def test_nothing_at_all_is_zero_percent():
    found = exposure([], coins=0, start=0, end=0)
    assert found.pct(found.flat_mins) == 0
