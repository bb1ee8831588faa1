"""The data source over files: what is read, what stands when reading fails."""

from __future__ import annotations

import json
import os

import anyio
import msgspec
import pytest

from nof0_core.documents.pieces import Part, Piece
from nof0_core.sources import FileSource, SourceDownError, UnknownModelError, files

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
    assert {values["reason"] for *_, values in log.lines} == {"it is a pipe: name a regular file"}
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


def put_piece(directory, rows, *, key="accountTotals", document="account-totals", layout=()):
    """Write a piece as the exporter does; returns the entry of a layout for it."""
    texts = [json.dumps(one, separators=(",", ":")).encode() for one in rows]
    piece = Piece.of(document, key, texts, layout=layout)
    (directory / piece.name).write_bytes(piece.content)
    return piece.part()


def put_main(directory, rows, layout, *, key="accountTotals", name="account-totals", **more):
    """Put a main file in place."""
    text = {key: rows, **more}
    if layout is not None:
        text["layout"] = json.loads(msgspec.json.encode(layout))
    draft = directory / "draft"
    draft.write_text(json.dumps({**text, "serverTime": 1}))
    draft.replace(directory / f"{name}.json")


@pytest.fixture
def first(tmp_path):
    """A piece with the first four hours."""
    return put_piece(tmp_path, [row(number) for number in range(4)])


@pytest.fixture
def second(tmp_path):
    """A piece with four more."""
    return put_piece(tmp_path, [row(number) for number in range(4, 8)])


@pytest.fixture
def laid(tmp_path, first, second):
    """Account totals with two pieces of old hours."""

    def put(markers, layout=(first, second), **more):
        rows = [row(marker) for marker in markers]
        put_main(tmp_path, rows, [*layout, Part(len(rows))], **more)

    put([8, 9], lastHourlyMarkerRead=9)
    return put


def path_of(directory, part):
    return directory / part.piece


def markers(document, since=0):
    return [row.marker for row in document.rows(since)]


async def test_rows_come_in_the_order_of_the_layout(laid, tmp_path, log):
    document = await FileSource(tmp_path, log=log).account_totals()
    assert json.loads(b"".join(document.parts)) == [row(number) for number in range(10)]
    assert document.members == {"lastHourlyMarkerRead": b"9"}
    assert markers(document) == list(range(10))
    assert markers(document, since=7) == [7, 8, 9]


async def test_a_piece_may_lay_out_others_and_be_used_in_part(tmp_path, log, first, second):
    both = put_piece(tmp_path, [], layout=[second, first])
    some = Part(2, first.piece, 1)
    put_main(tmp_path, [row(20), row(21)], [Part(1), both, some, Part(1)])
    found = markers(await FileSource(tmp_path, log=log).account_totals())
    assert found == [20, 4, 5, 6, 7, 0, 1, 2, 3, 1, 2, 21]


async def test_bars_of_pieces_stand_in_front_of_those_of_their_row(tmp_path, log):
    about = {"key": "bars", "document": "candles"}
    old, later = (put_piece(tmp_path, [[n, 1], [n + 1, 1]], **about) for n in (1, 3))
    rows = [
        {"market": "m", "symbol": "BTC", "interval": "1m", "bars": [[5, 1]], "more": None},
        {"market": "m", "symbol": "ETH", "interval": "1m", "bars": []},
    ]
    layout = [Part(1, bars=(Part(1, old.piece, 1), later)), Part(1)]
    put_main(tmp_path, rows, layout, key="candles", name="candles")
    document = await FileSource(tmp_path, log=log).candles()
    found = json.loads(document.data)
    assert found == [{**rows[0], "bars": [[2, 1], [3, 1], [4, 1], [5, 1]]}, rows[1]]
    assert [*found[0]] == [*rows[0]], "keys stay in their order"
    assert [row.symbol for row in document.rows()] == ["BTC", "ETH"]


async def test_a_new_hour_reads_no_piece_again(laid, tmp_path, log):
    source = FileSource(tmp_path, log=log)
    before = await source.account_totals()
    assert await source.account_totals() is before
    laid([8, 9, 10])
    after = await source.account_totals()
    assert after.version != before.version
    assert markers(after)[-1] == 10
    assert after.stretches[:2] == before.stretches[:2], "the same objects"


async def test_while_a_main_file_stays_its_pieces_are_not_looked_for(
    laid, tmp_path, log, monkeypatch
):
    source = FileSource(tmp_path, log=log)
    before = await source.account_totals()
    looked = []
    real = os.stat

    def noted(path, **more):
        looked.append(str(path))
        return real(path, **more)

    monkeypatch.setattr(os, "stat", noted)
    monkeypatch.setattr(os, "listdir", lambda path: looked.append(f"{path}/"))
    for _ in range(3):
        assert await source.account_totals() is before
    assert set(looked) == {f"{tmp_path}/account-totals.json", f"{tmp_path}/export.json"}


async def test_a_missing_piece_leaves_the_last_good_data(laid, tmp_path, log, first):
    source = FileSource(tmp_path, log=log)
    before = await source.account_totals()
    third = put_piece(tmp_path, [row(number) for number in range(8, 12)])
    text = path_of(tmp_path, third).read_bytes()
    path_of(tmp_path, third).unlink()
    laid([12], [first, third])
    for _ in range(2):
        assert await source.account_totals() is before
    assert (await source.health()).documents["account-totals"].state == "stale"
    assert [values["file"] for *_, values in log.lines] == [third.piece], "it is said once"
    path_of(tmp_path, third).write_bytes(text)
    assert markers(await source.account_totals()) == [*range(4), *range(8, 13)]
    assert (await source.health()).documents["account-totals"].state == "ok"


async def test_a_piece_that_vanished_is_told_though_its_rows_are_known(laid, tmp_path, log, second):
    source = FileSource(tmp_path, log=log)
    await source.account_totals()
    path_of(tmp_path, second).unlink()
    laid([8, 9, 10])
    assert markers(await source.account_totals()) == list(range(11))
    assert (await source.health()).documents["account-totals"].state == "stale"
    assert [values["file"] for *_, values in log.lines] == [second.piece]


async def test_a_piece_that_was_never_there_is_a_source_that_is_down(laid, tmp_path, log, second):
    path_of(tmp_path, second).unlink()
    source = FileSource(tmp_path, log=log)
    with pytest.raises(SourceDownError):
        await source.account_totals()
    assert (await source.health()).documents["account-totals"].state == "down"
    assert log.lines[0][2]["file"] == second.piece


async def test_a_piece_that_went_because_the_main_file_was_replaced_is_no_fault(
    laid, tmp_path, log, monkeypatch, first, second
):
    """The main file is read, then replaced and its piece removed, and then the piece is wanted."""
    source = FileSource(tmp_path, log=log)
    real, left = files.read_regular, [second, first]

    def late(path):
        if left and str(path).endswith("account-totals.json"):
            found = real(path)
            path_of(tmp_path, left.pop()).unlink()
            laid([8, 9], left)
            return found
        return real(path)

    monkeypatch.setattr(files, "read_regular", late)
    assert markers(await source.account_totals()) == [8, 9]
    assert (await source.health()).documents["account-totals"].state == "ok"
    assert log.lines == []


async def test_a_file_without_a_layout_has_all_there_is(laid, tmp_path, log):
    source = FileSource(tmp_path, log=log)
    await source.account_totals()
    put_main(tmp_path, [row(0)], None)
    assert markers(await source.account_totals()) == [0]


NAME = f"account-totals-{'0' * 20}.json"


@pytest.mark.parametrize(
    "layout",
    [
        "2",
        [{"rows": 0}],
        [{"rows": 1, "piece": "../account-totals-00000000000000000000.json"}],
        [{"rows": 1, "piece": "/etc/passwd"}],
        [{"rows": 1, "piece": NAME + "\n"}],
        [{"rows": 1, "piece": NAME, "from": -1}],
        [{"rows": 1, "other": 1}],
        [{"piece": NAME}],
        [{"rows": 2}],
        [{"rows": 1}, {"rows": 1}],
        [{"rows": 1, "bars": [{"rows": 1}]}],
        [{"rows": 1}, {"rows": 1, "piece": NAME}],
    ],
)
async def test_a_layout_that_is_none_is_a_damaged_file(tmp_path, log, layout):
    text = {"accountTotals": [row(8)], "layout": layout}
    (tmp_path / "account-totals.json").write_text(json.dumps(text))
    source = FileSource(tmp_path, log=log)
    with pytest.raises(SourceDownError):
        await source.account_totals()
    assert (await source.health()).documents["account-totals"].state == "down"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"trades":[]}',
        b'{"accountTotals":5}',
        b'{"accountTotals":["\xff"]}',
        b'{"accountTotals":[{}]}',
        b'{"accountTotals":[],"layout":5}',
        b'{"accountTotals":[],"layout":[{"rows":4,"piece":"%b"}]}' % NAME.encode(),
    ],
)
async def test_a_damaged_piece_is_a_source_that_is_down(tmp_path, log, content):
    (tmp_path / NAME).write_bytes(content)
    put_main(tmp_path, [row(8)], [Part(4, NAME), Part(1)])
    source = FileSource(tmp_path, log=log)
    with pytest.raises(SourceDownError):
        await source.account_totals()
    assert [values["file"] for *_, values in log.lines] == [NAME]
