from __future__ import annotations

from decimal import Decimal

import attrs
import msgspec
import numpy as np
import pytest

from nof0_core.analysis.exposure import Stay
from nof0_core.analysis.trade_columns import KeptTrades, TradeColumns
from nof0_core.analysis.trade_row import trade_row
from nof0_core.domain.position import ExitPlan


@pytest.fixture
def rows(trade):
    plan = ExitPlan(stop_loss=Decimal(98), take_profit=None)
    return [
        trade_row(trade("3", quantity="-20", plan=plan), doc_id="a", equity=Decimal(8_000)),
        trade_row(trade("-8", quantity="5"), doc_id="b", equity=None),
        attrs.evolve(trade_row(trade("0"), doc_id="c", equity=None), symbol="ETH"),
    ]


def same(one, other):
    for field in attrs.fields(type(one)):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_columns_have_what_the_rows_say(rows):
    found = TradeColumns(rows)
    arrays = found.arrays()
    assert len(found) == 3
    assert arrays.net.tolist() == [3, -8, 0]
    assert arrays.gross.tolist() == [row.gross_pnl for row in rows]
    assert arrays.fees.tolist() == [row.fees for row in rows]
    assert arrays.notional.tolist() == [row.notional for row in rows]
    assert arrays.holding_mins.tolist() == [(row.exit_time - row.entry_time) / 60 for row in rows]
    assert arrays.is_long.tolist() == [row.quantity > 0 for row in rows]
    assert arrays.portfolio_pct.tolist() == [rows[0].portfolio_pct]
    assert arrays.stop_distance_pct.tolist() == [
        row.stop_distance_pct for row in rows if row.stop_distance_pct is not None
    ]
    assert list(found.stays()) == [
        Stay(symbol=row.symbol, is_long=row.quantity > 0, start=row.entry_time, end=row.exit_time)
        for row in rows
    ]
    assert found.symbols == {row.symbol for row in rows}


def test_every_column_lies_in_one_stretch_so_that_sums_are_rounded_as_ever(rows):
    arrays = TradeColumns(rows * 50).arrays()
    assert arrays.net.flags.c_contiguous
    assert arrays.fees.sum() == np.array([row.fees for row in rows * 50]).sum()


def test_of_trades_that_left_at_once_the_first_is_the_last(rows):
    moments = [attrs.evolve(row, exit_time=at) for row, at in zip(rows, (5, 9, 9), strict=True)]
    assert TradeColumns(moments).last == (9, "b")
    assert TradeColumns().last is None


def test_what_is_kept_comes_back_and_goes_on(rows):
    kept = msgspec.msgpack.encode(TradeColumns(rows[:2]).keep())
    back = TradeColumns.of(msgspec.msgpack.decode(kept, type=KeptTrades))
    back.add(rows[2])
    whole = TradeColumns(rows)
    same(back.arrays(), whole.arrays())
    assert list(back.stays()) == list(whole.stays())
    assert (back.last, back.symbols, back.keep()) == (whole.last, whole.symbols, whole.keep())


def test_nothing_kept_is_nothing():
    back = TradeColumns.of(TradeColumns().keep())
    assert (len(back), back.last, back.arrays().net.size) == (0, None, 0)


@pytest.mark.parametrize("cells", [b"\0" * 8, b"\0" * 80, b"123"])
def test_other_bytes_are_refused(cells):
    with pytest.raises(ValueError):
        TradeColumns.of(KeptTrades(cells, ["BTC"], None))


def test_a_coin_that_is_not_named_is_refused(rows):
    kept = TradeColumns(rows).keep()
    kept.symbols.pop()
    with pytest.raises(ValueError, match="no columns of trades"):
        TradeColumns.of(kept)


def test_a_trade_takes_88_bytes(rows):
    one, many = (len(TradeColumns(rows * count).keep().cells) for count in (1, 101))
    assert many - one == 300 * 88
