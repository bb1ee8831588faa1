"""Answers as bytes."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_api.negotiation import accepts_gzip, matches
from nof0_api.packed import pack, stamp
from nof0_api.routes import first, first_of_each, spread
from nof0_core.sources import Document, Row, SourceDownError, Stretch

quietly = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
"""The machine may be busy."""
rows = st.lists(
    st.fixed_dictionaries(
        {"model_id": st.sampled_from("abc"), "since_inception_hourly_marker": st.integers(0, 50)},
        optional={"text": st.text(max_size=200)},
    ),
    max_size=40,
)
times = st.floats(0, 4e9)


def document(value, **members):
    return Document(
        key="rows",
        stretches=[Stretch(json.dumps(value).encode())],
        members={name: json.dumps(one).encode() for name, one in members.items()},
        version="v",
        made_at=1000.0,
    )


def finish(packed, now=2000.5, *, has_time=True):
    return stamp(packed, made_at=1990.0, export=7, now=now, until=0.0, max_age=5, has_time=has_time)


@quietly
@given(rows, times)
def test_both_forms_say_the_same_and_the_time(value, now):
    ready = finish(pack(document(value, marker=3), None), now)
    plain = ready.plain[1]["body"]
    assert json.loads(plain) == {"rows": value, "marker": 3, "serverTime": int(now * 1000)}
    if ready.zipped is not None:
        assert gzip.decompress(ready.zipped[1]["body"]) == plain


@quietly
@given(rows, times, times)
def test_the_tag_depends_on_the_data_and_not_on_the_time(value, now, later):
    packed = pack(document(value), None)
    assert finish(packed, now).tag == finish(packed, later).tag


@quietly
@given(rows, st.integers(0, 60))
def test_rows_from_a_marker_on(value, marker):
    packed = pack(document(value), lambda d: list(d.rows(marker)))
    got = json.loads(finish(packed).plain[1]["body"])["rows"]
    assert got == [row for row in value if row["since_inception_hourly_marker"] >= marker]


@quietly
@given(rows, st.integers(1, 10))
def test_the_first_of_each_model_in_their_order(value, number):
    packed = pack(document(value), lambda d: first_of_each(number, d.rows()))
    got = json.loads(finish(packed).plain[1]["body"])["rows"]
    expected = []
    for row in value:
        if sum(one["model_id"] == row["model_id"] for one in expected) < number:
            expected.append(row)
    assert got == expected


def test_the_first_rows():
    rows = [Row("a", n, msgspec.Raw(b"1")) for n in range(5)]
    assert first(2, rows) == rows[:2]


@quietly
@given(st.integers(1, 300), st.integers(1, 50), st.integers(0, 100))
def test_curves_are_thinned_out_evenly_and_keep_their_newest_hour(hours, points, start):
    rows = [Row("a", n, msgspec.Raw(b"1")) for n in range(start, start + hours)]
    rows += [Row("late", n, msgspec.Raw(b"1")) for n in range(hours // 2)]
    kept = spread(points, rows)
    for model in ("a", "late"):
        every = [row for row in rows if row.model == model]
        mine = [row for row in kept if row.model == model]
        assert mine[-1:] == every[-1:]
        assert len(mine) <= points + 2
        steps = {b.marker - a.marker for a, b in pairwise(mine[:-1])}
        assert len(steps) <= 1
    if points >= start + hours:
        assert kept == rows


def test_no_rows_stay_none_when_thinned_out():
    assert spread(5, []) == []


def test_stretches_follow_each_other_whatever_spaces_stand_between():
    texts = (b"[ ]", b'[{"model_id":"a"},{"model_id": "b"}]', b'[\n {"model_id": "c"}\n]', b"[]")
    stretches = [Stretch(text) for text in texts]
    whole = Document(key="rows", stretches=stretches, version="w", made_at=0.0)
    expected = [{"model_id": "a"}, {"model_id": "b"}, {"model_id": "c"}]
    assert json.loads(finish(pack(whole, None)).plain[1]["body"])["rows"] == expected
    chosen = pack(whole, lambda d: list(d.rows()))
    assert json.loads(finish(chosen).plain[1]["body"])["rows"] == expected


@quietly
@given(st.lists(rows, max_size=6), st.booleans(), times)
def test_stretches_that_are_compressed_once_say_the_same_in_every_answer(values, spaced, now):
    space = {"indent": 1} if spaced else {}
    kept = [Stretch(json.dumps(value, **space).encode()) for value in values]
    for order in (kept, kept[::-1], kept[1:]):
        members = {"marker": b"3"}
        whole = Document(key="rows", stretches=order, members=members, version="w", made_at=0.0)
        ready = finish(pack(whole, None), now)
        plain = ready.plain[1]["body"]
        expected = [row for one in order for row in json.loads(one.data)]
        assert json.loads(plain) == {"rows": expected, "marker": 3, "serverTime": int(now * 1000)}
        if ready.zipped is not None:
            assert gzip.decompress(ready.zipped[1]["body"]) == plain


def test_a_choice_has_its_own_tag_that_other_rows_do_not_change():
    one = [{"model_id": "a", "x": 1}, {"model_id": "a", "x": 2}]
    two = [{"model_id": "a", "x": 1}, {"model_id": "a", "x": 3}]
    newest = [
        pack(document(value), lambda d: first_of_each(1, d.rows())).tag for value in (one, two)
    ]
    whole = [
        pack(document(value), lambda d: first_of_each(2, d.rows())).tag for value in (one, two)
    ]
    assert newest[0] == newest[1]
    assert len({newest[0], *whole}) == 3


@pytest.mark.parametrize("data", [b"{}", b"[1]", b'[{"model_id": 5}]', b'["a"]'])
def test_rows_that_are_none_cannot_be_chosen_from(data):
    broken = Document(key="rows", stretches=[Stretch(data)], version="v", made_at=0.0)
    with pytest.raises(SourceDownError):
        pack(broken, lambda d: first(1, d.rows()))


@pytest.mark.parametrize(
    ("accepted", "verdict"),
    [
        (b"gzip", True),
        (b"deflate, gzip;q=0.5", True),
        (b"GZIP", True),
        (b"*", True),
        (b"", False),
        (b"identity", False),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000, *", False),
        (b"*;q=0", False),
        (b"br, deflate", False),
    ],
)
def test_what_a_client_accepts(accepted, verdict):
    assert accepts_gzip(accepted) is verdict


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        (b'W/"v"', True),
        (b'"v"', True),
        (b'"x", W/"v"', True),
        (b"*", True),
        (b'"x"', False),
        (b"", False),
        (b"v", False),
    ],
)
def test_what_a_condition_names(condition, verdict):
    assert matches(condition, b'W/"v"') is verdict


def test_what_has_no_time_ends_without_one():
    ready = finish(pack(document([]), None), has_time=False)
    assert json.loads(ready.plain[1]["body"]) == {"rows": []}
