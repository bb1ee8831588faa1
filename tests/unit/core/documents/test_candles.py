from __future__ import annotations

import json

import msgspec
import pytest

from nof0_core.documents.candles import KEPT, PIECE_BARS, CandleFile

MINUTE = 60_000
COLUMNS = ["open_time", "open", "high", "low", "close", "volume", "ema20"]


def record(first, last, symbol="BTC", interval="1m", columns=COLUMNS):
    """A market record with bars of these minutes, both included."""
    bars = [[n * MINUTE, n, n + 2.5, n - 1, n + 1, 7, None] for n in range(first, last + 1)]
    entry = {"time": "2025-07-14T00:03:00Z", "quote": {"mark": "1"}}
    series = {interval: {"columns": columns, "bars": bars}}
    return msgspec.Raw(json.dumps({symbol: {**entry, "series": series}}).encode())


def rows(file):
    return [json.loads(row) for row in file.sheet().rows]


def minutes(file):
    return [bar[0] / 60 for bar in rows(file)[0]["bars"]]


def test_bars_of_records_that_overlap_are_joined():
    file = CandleFile(most=100)
    file.add("hl", record(1, 3))
    file.add("hl", record(2, 5))
    (row,) = rows(file)
    assert (row["market"], row["symbol"], row["interval"]) == ("hl", "BTC", "1m")
    assert minutes(file) == [1, 2, 3, 4, 5]
    assert row["bars"][0] == [60.0, 1, 3.5, 0, 2, 7]


def test_what_was_seen_before_the_journal_went_through_json_is_the_same():
    fresh, plain = CandleFile(most=9), CandleFile(most=9)
    fresh.add("hl", record(1, 3))
    plain.add("hl", json.loads(bytes(record(1, 3))))
    assert fresh.sheet() == plain.sheet()


def test_only_the_newest_are_kept_and_none_is_made_up():
    file = CandleFile(most=4)
    file.add("hl", record(1, 3))
    file.add("hl", record(10, 11))
    assert minutes(file) == [2, 3, 10, 11]
    file.add("hl", record(12, 30))
    assert minutes(file) == [27, 28, 29, 30]


def test_coins_intervals_and_markets_are_apart_in_a_fixed_order():
    file = CandleFile(most=4)
    for section, symbol, interval in (("hl", "SOL", "1m"), ("hl", "BTC", "4h"), ("b", "SOL", "1m")):
        file.add(section, record(1, 2, symbol, interval))
    assert [(r["market"], r["symbol"], r["interval"]) for r in rows(file)] == [
        ("b", "SOL", "1m"),
        ("hl", "BTC", "4h"),
        ("hl", "SOL", "1m"),
    ]


def test_while_no_bar_closed_nothing_is_written_anew():
    file = CandleFile(most=4)
    file.add("hl", record(1, 2))
    before = file.sheet()
    file.add("hl", record(1, 2))
    assert file.sheet() is before
    file.add("hl", record(1, 3))
    assert file.sheet() is not before


def test_a_record_in_which_no_bar_is_new_changes_nothing():
    file = CandleFile(most=4)
    file.add("hl", record(1, 2))
    before = file.sheet()
    file.add("hl", record(3, 2, columns=None))
    assert file.sheet() is before


def test_a_series_with_other_columns_is_no_candle():
    file = CandleFile(most=4)
    file.add("hl", record(1, 2, columns=["open_time", "price"]))
    assert rows(file) == []


def test_what_is_no_market_record_is_an_error():
    with pytest.raises(msgspec.MsgspecError):
        CandleFile(most=4).add("hl", b"[1]")


@pytest.mark.parametrize("most", [1, 4, 119, 120, 121, 250, 301])
def test_the_main_file_and_pieces_have_the_newest_bars_whatever_came_together(most):
    file = CandleFile(most=most)
    for first, last in ((1, 1), (2, 90), (91, 118), (119, 119), (120, 119 + 3 * PIECE_BARS)):
        file.add("hl", record(first, last))
        sheet = file.sheet()
        pieces = {piece.name: piece for piece in sheet.pieces}
        earlier = sheet.layout[0].bars if sheet.layout else ()
        bars = [
            json.loads(bar)[0] / 60
            for part in earlier
            for bar in pieces[part.piece].rows[part.start : part.start + part.rows]
        ]
        assert len(json.loads(sheet.rows[0])["bars"]) <= PIECE_BARS + KEPT
        assert {part.piece for part in earlier} == set(pieces) == set(sheet.names)
        assert bars + minutes(file) == [*range(max(1, last - most + 1), last + 1)]


def test_pieces_depend_on_the_bars_and_not_on_how_they_came():
    at_once, one_by_one = CandleFile(most=500), CandleFile(most=500)
    at_once.add("hl", record(1, 700))
    for minute in range(1, 701):
        one_by_one.add("hl", record(minute, minute))
    assert at_once.sheet() == one_by_one.sheet()


def test_indicators_stand_behind_a_bar_where_they_are_wanted():
    seen = {
        "BTC": {
            "quote": {"mark": "1"},
            "series": {
                "1m": {
                    "columns": [*COLUMNS, "rsi14"],
                    "bars": [
                        [MINUTE, 1, 2, 0, 1, 7, None, None],
                        [2 * MINUTE, 1, 2, 0, 1, 7, 1.5, None],
                        [3 * MINUTE, 1, 2, 0, 1, 7, 1.25, 55.5],
                    ],
                }
            },
        }
    }
    file, plain = CandleFile(most=9, has_indicators=True), CandleFile(most=9)
    for one in (file, plain):
        one.add("hl", msgspec.Raw(json.dumps(seen).encode()))
    assert [bar[6:] for bar in rows(file)[0]["bars"]] == [
        [],
        [{"ema20": 1.5}],
        [{"ema20": 1.25, "rsi14": 55.5}],
    ]
    assert all(len(bar) == 6 for bar in rows(plain)[0]["bars"])
    # Another set of them, as after a new configuration, takes nothing from what was shown before.
    seen["BTC"]["series"]["1m"] = {
        "columns": [*COLUMNS[:6], "atr3"],
        "bars": [[4 * MINUTE, 1, 2, 0, 1, 7, 0.5]],
    }
    file.add("hl", json.loads(json.dumps(seen)))
    assert [bar[6:] for bar in rows(file)[0]["bars"]][2:] == [
        [{"ema20": 1.25, "rsi14": 55.5}],
        [{"atr3": 0.5}],
    ]
    again = CandleFile(most=9, has_indicators=True)
    again.take(file.keep())
    assert again.sheet().rows == file.sheet().rows
