from __future__ import annotations

from collections import Counter

import pytest

from nof0_core.domain.event import BODIES
from nof0_core.journal.codec import Line, decode, encode
from nof0_core.testing import sample_events


def test_there_are_two_of_every_kind_numbered_without_gaps():
    events = sample_events(first=5)
    assert Counter(event.body.type for event in events) == Counter(dict.fromkeys(BODIES, 2))
    assert [event.seq for event in events] == list(range(5, 5 + len(events)))
    assert [event.time for event in events] == sorted(event.time for event in events)


@pytest.mark.parametrize("event", [pytest.param(e, id=e.body.type) for e in sample_events()])
def test_each_is_an_event_a_journal_could_hold(event):
    line = Line(
        seq=event.seq,
        time=event.time,
        stream=event.stream,
        type=event.body.type,
        data=event.body,
        prev="",
    )
    text = bytes(encode(line)) + b"}"
    data = text.split(b'"data":', 1)[1].rsplit(b',"prev"', 1)[0]
    assert decode(event.body.type, data) == event.body
