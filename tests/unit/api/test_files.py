"""The data source over files: what is read, what stands when reading fails."""

from __future__ import annotations

import json
import os

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
    assert health.newest_age_seconds == min(d.age_seconds for d in health.documents.values())
