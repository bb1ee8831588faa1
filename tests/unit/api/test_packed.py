"""Answers as bytes."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_api.negotiation import accepts_gzip, matches
from nof0_api.packed import pack, stamp
from nof0_api.routes import first, first_of_each, since
from nof0_api.source import Document, Row, SourceDownError

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
        data=json.dumps(value).encode(),
        members={name: json.dumps(one).encode() for name, one in members.items()},
        version="v",
        made_at=1000.0,
    )


def finish(packed, now=2000.5, *, has_time=True):
    return stamp(packed, now=now, until=0.0, max_age=5, has_time=has_time)


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
    packed = pack(document(value), lambda r: since(marker, r))
    got = json.loads(finish(packed).plain[1]["body"])["rows"]
    assert got == [row for row in value if row["since_inception_hourly_marker"] >= marker]


@quietly
@given(rows, st.integers(1, 10))
def test_the_first_of_each_model_in_their_order(value, number):
    packed = pack(document(value), lambda r: first_of_each(number, r))
    got = json.loads(finish(packed).plain[1]["body"])["rows"]
    expected = []
    for row in value:
        if sum(one["model_id"] == row["model_id"] for one in expected) < number:
            expected.append(row)
    assert got == expected


def test_the_first_rows():
    assert [r.text for r in first(2, [Row("a", 0, bytes([n])) for n in range(5)])] == [b"\0", b"\1"]


def test_a_choice_has_its_own_tag_that_other_rows_do_not_change():
    one = [{"model_id": "a", "x": 1}, {"model_id": "a", "x": 2}]
    two = [{"model_id": "a", "x": 1}, {"model_id": "a", "x": 3}]
    newest = [pack(document(value), lambda r: first_of_each(1, r)).tag for value in (one, two)]
    whole = [pack(document(value), lambda r: first_of_each(2, r)).tag for value in (one, two)]
    assert newest[0] == newest[1]
    assert len({newest[0], *whole}) == 3


@pytest.mark.parametrize("data", [b"{}", b"[1]", b'[{"model_id": 5}]', b'["a"]'])
def test_rows_that_are_none_cannot_be_chosen_from(data):
    broken = Document(key="rows", data=data, version="v", made_at=0.0)
    with pytest.raises(SourceDownError):
        pack(broken, lambda r: first(1, r))


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
