"""The data source over files: what is read, what stands when reading fails."""

from __future__ import annotations

import json
import os

import anyio
import pytest

from nof0_api.files import FileSource
from nof0_api.source import SourceDownError, UnknownModelError

pytestmark = pytest.mark.anyio


@pytest.fixture
def source(arena, log):
    return FileSource(arena, log=log)


async def test_an_unchanged_file_is_the_same_document_and_is_not_read_again(source, arena):
    path = arena / "leaderboard.json"
    before = await source.leaderboard()
    about = path.stat()
    # Other bytes, but nothing a reader could notice without reading.
    with path.open("r+b") as file:
        file.write(b" " * about.st_size)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert await source.leaderboard() is before


async def test_a_changed_file_is_read(source, arena):
    before = await source.leaderboard()
    (arena / "leaderboard.json").write_text('{"leaderboard": [{"id": "new"}], "serverTime": 1}')
    after = await source.leaderboard()
    assert json.loads(after.data) == [{"id": "new"}]
    assert after.version != before.version


async def test_the_time_of_writing_alone_is_no_new_content(source, arena):
    before = await source.crypto_prices()
    text = json.loads((arena / "crypto-prices.json").read_text())
    (arena / "crypto-prices.json").write_text(json.dumps({**text, "serverTime": 5}, indent=2))
    again = await source.crypto_prices()
    (arena / "crypto-prices.json").write_text(json.dumps({**text, "serverTime": 66}, indent=2))
    assert (await source.crypto_prices()).version == again.version
    assert json.loads(again.data) == json.loads(before.data)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"trades": [{"id": "a"', id="half-written"),
        pytest.param(b'{"trades": ["\xff"]}', id="not-text"),
        pytest.param(b'{"positions": []}', id="something-else"),
        pytest.param(b'{"trades": 5}', id="no-collection"),
        pytest.param(b'{"trades": {}}', id="no-list"),
        pytest.param(b"[]", id="no-object"),
        pytest.param(b'{"trades": []} tail', id="more-behind"),
    ],
)
async def test_a_damaged_file_leaves_the_last_good_data(source, arena, log, content):
    before = await source.trades()
    good = (arena / "trades.json").read_bytes()
    (arena / "trades.json").write_bytes(content)
    assert await source.trades() is before
    assert await source.trades() is before
    assert (await source.health()).documents["trades"].state == "stale"
    assert len(log.lines) == 1, "it is said once"
    (arena / "trades.json").write_bytes(good)
    assert (await source.trades()).version == before.version
    assert (await source.health()).state == "ok"


async def test_a_damaged_file_without_earlier_data_is_a_source_that_is_down(source, arena):
    (arena / "trades.json").write_bytes(b"{")
    for _ in range(2):
        with pytest.raises(SourceDownError):
            await source.trades()
    assert (await source.health()).state == "down"
    await source.positions()


async def test_a_file_that_vanished_leaves_the_last_good_data(source, arena):
    before = await source.positions()
    for path in arena.iterdir():
        path.unlink()
    arena.rmdir()
    assert await source.positions() is before
    health = await source.health()
    assert health.documents["positions"].state == "stale"
    assert health.documents["trades"].state == "empty"


async def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(source, arena, log):
    before = await source.positions()
    for name in ("trades.json", "positions.json", "analytics-gpt-5.json"):
        (arena / name).unlink()
        os.mkfifo(arena / name)
    with anyio.fail_after(60):
        with pytest.raises(SourceDownError):
            await source.trades()
        with pytest.raises(SourceDownError):
            await source.model_analytics("gpt-5")
        assert await source.positions() is before
    assert {values["reason"] for _, values in log.lines} == {"it is a pipe: name a regular file"}
    (arena / "trades.json").unlink()
    (arena / "trades.json").write_text('{"trades": []}')
    assert (await source.trades()).data == b"[]"


async def test_a_directory_in_the_place_of_a_file_is_a_source_that_is_down(source, arena):
    (arena / "trades.json").unlink()
    (arena / "trades.json").mkdir()
    with pytest.raises(SourceDownError):
        await source.trades()


async def test_a_file_in_the_place_of_the_directory_is_a_source_that_is_down(tmp_path, log):
    (tmp_path / "api").write_text("")
    source = FileSource(tmp_path / "api", log=log)
    with pytest.raises(SourceDownError):
        await source.trades()


async def test_nothing_yet_is_empty_and_not_an_error(tmp_path, log):
    source = FileSource(tmp_path / "never", log=log)
    assert (await source.trades()).data == b"[]"
    assert (await source.crypto_prices()).data == b"{}"
    assert (await source.account_totals()).members == {"lastHourlyMarkerRead": b"0"}
    health = await source.health()
    assert health.state == "empty"
    assert health.newest_age_seconds is None
    assert log.lines == []


@pytest.mark.parametrize(
    "model",
    ["", ".", "..", "../analytics", "a/b", "nobody", "a\0", "é", "x" * 200, ".hidden", "-x", "a\n"],
)
async def test_a_model_that_is_none_is_unknown(source, model):
    with pytest.raises(UnknownModelError):
        await source.model_analytics(model)


async def test_a_name_is_never_followed_out_of_the_directory(arena, log):
    (arena.parent / "analytics-out.json").write_text('{"analytics": []}')
    source = FileSource(arena, log=log)
    for model in ("../analytics-out", "x/../../analytics-out", "/../../analytics-out"):
        with pytest.raises(UnknownModelError):
            await source.model_analytics(model)


async def test_a_known_model(source):
    document = await source.model_analytics("gpt-5")
    assert [row["id"] for row in json.loads(document.data)] == ["gpt-5"]


async def test_health_has_the_age_of_each_file(source, arena):
    old = (arena / "trades.json").stat().st_mtime - 500
    os.utime(arena / "trades.json", (old, old))
    health = await source.health()
    assert health.documents["trades"].age_seconds >= 500
    assert health.newest_age_seconds == min(
        d.age_seconds for d in health.documents.values() if d.age_seconds is not None
    )
    assert health.documents["candles"].state == "empty"


def row(number, model="a"):
    return {"id": f"{model}_{number}", "model_id": model, "since_inception_hourly_marker": number}


@pytest.fixture
def paged(tmp_path):
    """Account totals with two pages of old hours."""

    def write(name, markers, **more):
        rows = [row(marker) for marker in markers]
        text = {"accountTotals": rows, "lastHourlyMarkerRead": markers[-1], **more}
        (tmp_path / f"{name}.json").write_text(json.dumps(text))

    write("account-totals-1", range(4))
    write("account-totals-2", range(4, 8))
    write("account-totals", [8, 9], earlierPages=2, serverTime=1)
    return write


def markers(document, since=0):
    return [row.marker for row in document.rows(since)]


async def test_pages_of_old_hours_come_before_the_newest(paged, tmp_path, log):
    document = await FileSource(tmp_path, log=log).account_totals()
    assert json.loads(b"".join(document.parts)) == [row(number) for number in range(10)]
    assert document.members == {"lastHourlyMarkerRead": b"9"}
    assert markers(document) == list(range(10))
    assert markers(document, since=7) == [7, 8, 9]


async def test_a_new_hour_reads_no_page_again(paged, tmp_path, log):
    source = FileSource(tmp_path, log=log)
    before = await source.account_totals()
    assert await source.account_totals() is before
    paged("account-totals", [8, 9, 10], earlierPages=2)
    after = await source.account_totals()
    assert after.version != before.version
    assert markers(after)[-1] == 10
    assert [*after.earlier] == [*before.earlier], "the same objects"


async def test_a_missing_page_leaves_the_last_good_data(paged, tmp_path, log):
    source = FileSource(tmp_path, log=log)
    before = await source.account_totals()
    paged("account-totals", [12], earlierPages=3)
    assert await source.account_totals() is before
    assert (await source.health()).documents["account-totals"].state == "stale"
    paged("account-totals-3", [8, 9, 10, 11])
    assert markers(await source.account_totals()) == list(range(13))
    assert (await source.health()).documents["account-totals"].state == "ok"


async def test_a_page_that_was_never_there_is_a_source_that_is_down(paged, tmp_path, log):
    (tmp_path / "account-totals-2.json").unlink()
    source = FileSource(tmp_path, log=log)
    with pytest.raises(SourceDownError):
        await source.account_totals()
    assert (await source.health()).documents["account-totals"].state == "down"
    assert log.lines[0][1]["file"] == "account-totals-2.json"


async def test_pages_of_another_run_are_not_looked_at(paged, tmp_path, log):
    source = FileSource(tmp_path, log=log)
    await source.account_totals()
    paged("account-totals-1", [0, 1])
    paged("account-totals", [2], earlierPages=1)
    assert markers(await source.account_totals()) == [0, 1, 2]
    paged("account-totals", [0])
    assert markers(await source.account_totals()) == [0]


@pytest.mark.parametrize("count", [-1, "2", 1.5, 10**9, None, [1]])
async def test_a_number_of_pages_that_is_none_is_a_damaged_file(paged, tmp_path, log, count):
    paged("account-totals", [8], earlierPages=count)
    with pytest.raises(SourceDownError):
        await FileSource(tmp_path, log=log).account_totals()
