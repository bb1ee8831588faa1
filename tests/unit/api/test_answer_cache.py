"""What the cache keeps: bounded whatever is asked for."""

from __future__ import annotations

import json

import pytest

from nof0_api import answer_cache
from nof0_api.answer_cache import AnswerCache, Query
from nof0_api.routes import ACCOUNT_TOTALS, LEADERBOARD
from nof0_core.project import TtlConfig
from nof0_core.sources import FileSource, SourceDownError

pytestmark = pytest.mark.anyio
HOURS = 100


@pytest.fixture
def counter(tmp_path, log):
    rows = [{"model_id": "a", "since_inception_hourly_marker": n} for n in range(HOURS)]
    (tmp_path / "account-totals.json").write_text(json.dumps({"accountTotals": rows}))
    return AnswerCache(FileSource(tmp_path, log=log), TtlConfig())


def hours(ready):
    return len(json.loads(ready.plain[1]["body"])["accountTotals"])


async def test_large_answers_crowd_each_other_out(counter, monkeypatch):
    monkeypatch.setattr(answer_cache, "_MOST_BYTES", 10_000)
    monkeypatch.setattr(answer_cache, "_LARGE", 2_000)
    for _ in range(2):
        for marker in range(HOURS):
            question = Query(ACCOUNT_TOTALS, number=marker)
            assert hours(await counter.ready(question)) == HOURS - marker
            kept = [slot.packed.size for slot in counter._slots.values()]
            assert sum(kept) <= 10_000
            assert question in counter._slots


async def test_one_answer_larger_than_all_may_be_is_answered_all_the_same(counter, monkeypatch):
    monkeypatch.setattr(answer_cache, "_MOST_BYTES", 10)
    for question in (Query(ACCOUNT_TOTALS), Query(LEADERBOARD), Query(ACCOUNT_TOTALS)):
        await counter.ready(question)
        assert [*counter._slots] == [question]


async def test_questions_without_an_answer_are_bounded_too(tmp_path, log, monkeypatch):
    monkeypatch.setattr(answer_cache, "_MOST", 20)
    (tmp_path / "account-totals.json").write_text("{")
    down = AnswerCache(FileSource(tmp_path, log=log), TtlConfig())
    for marker in range(50):
        with pytest.raises(SourceDownError):
            await down.ready(Query(ACCOUNT_TOTALS, number=marker))
    assert len(down._slots) == 20
