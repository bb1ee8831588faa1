"""Each bar stands in one record, and what is put together of the records is what was seen."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.event import Alerted, Event
from nof0_core.errors import DataError
from nof0_core.ids import ENGINE
from nof0_core.market import record
from nof0_core.market.rereading import ViewReader, reread
from nof0_core.market.view import EncodedEntry, EncodedSeries
from nof0_core.market.written_bars import WrittenBars

START = datetime(2025, 7, 14, 12, tzinfo=UTC)
MINUTE = 60_000
QUOTE = b'"time":"2025-07-14T12:00:00Z","quote":{"mark":"1.50"}'


def series(bars, interval="3m", indicators=("ema20",), own=""):
    """A window of these bars: open time in minutes -> value of the indicator."""
    return EncodedSeries(
        series=SimpleNamespace(interval=interval),
        head=record.column_head(interval, indicators),
        rows=record.encode_rows(
            [minute * MINUTE for minute in bars],
            [[float(minute), 2.0, 1.0, 1.5, 7.0, value] for minute, value in bars.items()],
        ),
        fresh_until=0,
        own=own,
    )


def view(**shown):
    """What is seen of coins: symbol -> its series."""
    entries = [
        EncodedEntry(symbol=s, head=b'"%b":{%b' % (s.encode(), QUOTE), series=each)
        for s, each in shown.items()
    ]
    text = record.join_entries(
        record.join_series(e.head, [one.encoded for one in e.series]) for e in entries
    )
    return SimpleNamespace(digest=record.digest(text), entries=entries, text=text)


class Log:
    """Market records, numbered from 1, a minute apart."""

    def __init__(self):
        self.bars = WrittenBars()
        self.events = []

    def write(self, seen, time=None, section="hl"):
        time = time or START + timedelta(minutes=len(self.events))
        body, take = self.bars.prepare(section, seen, time)
        seq = len(self.events) + 1
        self.events.append(Event(seq=seq, time=time, stream=ENGINE, body=body))
        take(seq)
        return body

    def read(self, since):
        return (event for event in self.events if event.seq >= since)

    def bars_of(self, number, symbol="BTC", interval="3m"):
        table = json.loads(bytes(self.events[number - 1].body.snapshots))[symbol]["series"][
            interval
        ]
        return [bar[0] // MINUTE for bar in table["bars"]]


@pytest.fixture
def log():
    return Log()


def flat(*minutes):
    return dict.fromkeys(minutes, 0.5)


def test_a_bar_is_written_when_it_is_first_seen(log):
    seen = [view(BTC=[series(flat(n, n + 3, n + 6))]) for n in (0, 3, 6)]
    bodies = [log.write(each) for each in seen]
    assert [log.bars_of(n) for n in (1, 2, 3)] == [[0, 3, 6], [9], [12]]
    assert [body.since for body in bodies] == [None, 1, 1]
    table = json.loads(bytes(bodies[1].snapshots))["BTC"]["series"]["3m"]
    assert list(table) == ["columns", "first", "count", "bars"]
    assert (table["first"], table["count"], table["columns"][-1]) == (3 * MINUTE, 3, "ema20")
    assert [reread(event, log.read) for event in log.events] == [each.text for each in seen]


def test_two_lists_of_indicators_have_their_bars_written_once_each(log):
    """They take turns, also where their columns have the same names and other values."""
    plain = [series(flat(n, n + 3)) for n in (0, 0, 3)]
    own = [series({n: 0.9, n + 3: 0.9}, own="b7") for n in (0, 0, 3)]
    own[1], plain[1] = own[0], plain[0]
    seen = [view(BTC=[each]) for pair in zip(plain, own, strict=True) for each in pair]
    for each in seen:
        log.write(each)
    assert [log.bars_of(n) for n in range(1, 7)] == [[0, 3], [0, 3], [], [], [6], [6]]
    tables = [json.loads(bytes(e.body.snapshots))["BTC"]["series"]["3m"] for e in log.events]
    assert [table.get("indicators") for table in tables] == 3 * [None, "b7"]
    assert [table["columns"] is None for table in tables] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
    assert [reread(event, log.read) for event in log.events] == [each.text for each in seen]
    reader = ViewReader()
    assert [reader.take(event)() for event in log.events] == [each.text for each in seen]


def test_a_book_is_written_each_time(log):
    book = b'{"bids":[["1.5","2"]],"asks":[],"time":"2025-07-14T12:00:00Z"}'
    seen = []
    for each in (view(BTC=[series(flat(0))]), view(BTC=[series(flat(0))])):
        [entry] = each.entries
        head = record.with_book(entry.head, book)
        text = record.join_entries([record.join_series(head, [entry.series[0].encoded])])
        entries = [attrs.evolve(entry, head=head)]
        seen.append(SimpleNamespace(digest=record.digest(text), entries=entries, text=text))
        log.write(seen[-1])
    assert b'"book":' + book in bytes(log.events[1].body.snapshots)
    assert [reread(event, log.read) for event in log.events] == [each.text for each in seen]


def test_while_no_bar_closed_time_and_quote_are_written_alone(log):
    same = series(flat(0, 3))
    log.write(view(BTC=[same]))
    log.write(view(BTC=[same]))
    body = log.write(view(BTC=[series(flat(0, 3))]))
    table = json.loads(bytes(body.snapshots))["BTC"]["series"]["3m"]
    assert table == {"columns": None, "first": 0, "count": 2, "bars": []}
    assert body.since == 1
    assert log.events[1].body.snapshots == body.snapshots
    assert json.loads(reread(log.events[2], log.read)) == json.loads(view(BTC=[same]).text)


def test_who_looks_at_other_coins_shares_the_bars(log):
    btc, eth = series(flat(0, 3)), series(flat(0, 3))
    log.write(view(BTC=[btc]))
    log.write(view(ETH=[eth]))
    body = log.write(view(ETH=[eth], BTC=[btc]))
    assert (log.bars_of(3), log.bars_of(3, "ETH"), body.since) == ([], [], 1)
    assert log.write(view(ETH=[eth])).since == 2


def test_sections_intervals_and_columns_are_apart(log):
    log.write(view(BTC=[series(flat(0, 3))]))
    assert log.write(view(BTC=[series(flat(0, 3))]), section="other").since is None
    assert log.write(view(BTC=[series(flat(0, 3), "1h")])).since is None
    body = log.write(view(BTC=[series(flat(0, 3), indicators=("rsi7",))]))
    assert (log.bars_of(4), body.since) == ([0, 3], None)
    assert (
        reread(log.events[3], log.read) == view(BTC=[series(flat(0, 3), indicators=("rsi7",))]).text
    )


def test_a_bar_with_another_indicator_is_written_again_and_the_newest_counts(log):
    first, second = view(BTC=[series({0: 1.0, 3: 2.0})]), view(BTC=[series({0: 1.0, 3: 2.5})])
    for seen in (first, second, first):
        log.write(seen)
    assert [log.bars_of(n) for n in (1, 2, 3)] == [[0, 3], [3], [3]]
    assert [reread(event, log.read) for event in log.events] == [
        first.text,
        second.text,
        first.text,
    ]


def test_a_day_and_a_run_begin_anew(log):
    seen = view(BTC=[series(flat(0, 3))])
    log.write(seen, START)
    assert log.write(seen, START.replace(hour=23, minute=59)).since == 1
    assert log.write(seen, START + timedelta(days=1)).since is None
    assert log.write(seen, START + timedelta(days=1, hours=1)).since == 3
    assert log.write(seen, START).since is None, "the clock was set back"
    log.bars = WrittenBars()
    assert log.write(seen, START).since is None


def test_what_was_not_recorded_does_not_count_as_written(log):
    seen = view(BTC=[series(flat(0, 3))])
    log.bars.prepare("hl", seen, START)
    log.write(seen)
    log.bars.prepare("hl", view(BTC=[series(flat(3, 6))]), START)
    log.bars.prepare("hl", seen, START + timedelta(days=1))
    assert log.write(view(BTC=[series(flat(3, 6))]), START).since == 1
    assert log.bars_of(2) == [6]


def test_a_bar_that_was_taken_back_is_gone_for_readers_too(log):
    views = [view(BTC=[series(flat(*minutes))]) for minutes in ((0, 3, 6), (0, 6, 9), (0, 6))]
    for seen in views:
        log.write(seen)
    assert [reread(event, log.read) for event in log.events] == [seen.text for seen in views]


windows = st.dictionaries(st.integers(0, 12), st.sampled_from([0.5, 1.5]), max_size=6)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["BTC", "ETH"]),
            st.dictionaries(st.sampled_from(["3m", "1h"]), windows, max_size=2),
            max_size=2,
        ),
        max_size=8,
    )
)
def test_whatever_windows_follow_each_other_all_can_be_read(shown):
    log = Log()
    seen = [
        view(**{s: [series(dict(sorted(w.items())), i) for i, w in each.items()]
                for s, each in one.items()})
        for one in shown
    ]  # fmt: skip
    for each in seen:
        log.write(each)
    assert [reread(event, log.read) for event in log.events] == [each.text for each in seen]
    reader = ViewReader()
    assert [reader.take(event)() for event in log.events] == [each.text for each in seen]


@pytest.fixture
def long(log):
    """Four records; the last needs all of them."""
    for n in (0, 3, 6, 9):
        log.write(view(BTC=[series(flat(n, n + 3, n + 6, n + 9))]))
    return log


def without(log, *gone):
    return lambda since: (event for event in log.read(since) if event.seq not in gone)


def test_the_record_where_a_view_begins_is_named_if_it_is_not_there(long):
    with pytest.raises(DataError, match="record 4: bars of it stand in record 1, which is not th"):
        reread(long.events[3], without(long, 1))
    with pytest.raises(DataError, match="record 4: bars of it stand in record 1, which is not th"):
        reread(long.events[3], lambda _: iter(()))


def test_bars_that_no_record_has_are_counted(long):
    said = (
        "record 4: of the 4 3m bars of BTC from 1970-01-01 00:09 on, the market records from 1 to "
        "4 have 3"
    )
    with pytest.raises(DataError) as failure:
        reread(long.events[3], without(long, 3))
    assert str(failure.value) == said


def test_a_changed_bar_is_noticed_by_the_digest(long):
    body = long.events[1].body
    changed = attrs.evolve(body, snapshots=bytes(body.snapshots).replace(b"7.0", b"7.5"))
    long.events[1] = attrs.evolve(long.events[1], body=changed)
    with pytest.raises(
        DataError, match="record 4: what the market records from 1 to 4 tell of its "
    ):
        reread(long.events[3], long.read)


@pytest.mark.parametrize(
    ("snapshots", "said"),
    [
        (b"[1]", "Expected `object`"),
        ({"BTC": {"time": 1, "quote": 2}}, "series"),
        (
            {
                "BTC": {
                    "time": 1,
                    "quote": 2,
                    "series": {"3m": {"columns": None, "first": -1, "count": 0, "bars": []}},
                }
            },
            ">= 0",
        ),
        (
            {
                "BTC": {
                    "time": 1,
                    "quote": 2,
                    "series": {"3m": {"columns": [], "first": 0, "count": 1, "bars": [7]}},
                }
            },
            "",
        ),
    ],
)
def test_what_is_no_market_record_is_refused_with_number_and_reason(long, snapshots, said):
    body = attrs.evolve(long.events[0].body, snapshots=snapshots)
    with pytest.raises(DataError, match=f"record 1: not a market record: .*{said}"):
        reread(attrs.evolve(long.events[0], body=body), long.read)


def test_an_event_of_another_type_is_refused(long):
    alert = attrs.evolve(long.events[0], body=Alerted(code="x", message="y"))
    with pytest.raises(DataError, match="record 1 is no market record but one of type alert"):
        reread(alert, long.read)


@pytest.mark.anyio
async def test_views_of_a_feed_come_back(recorded, feed_of, clock, log):
    feed = feed_of(recorded)
    await feed.open()
    lists = itertools.cycle([("BTC", "ETH"), ("DOGE", "BTC"), ("ETH",)])
    seen = []
    for minutes in (0, 1, 2, 3, 60, 3, 1, 600, 3):
        await clock.sleep_until(clock.now() + timedelta(minutes=minutes))
        seen.append(await feed.moment(next(lists)))
        log.write(seen[-1], clock.now())
    for event, each in zip(log.events, seen, strict=True):
        text = reread(event, log.read)
        assert text == record.encode(each.snapshots)
        assert list(record.restore(text)) == list(each.snapshots)
    assert sum(len(bytes(e.body.snapshots)) for e in log.events) < 0.8 * sum(
        len(record.encode(each.snapshots)) for each in seen
    )
