from __future__ import annotations

import json
import threading
from decimal import Context, getcontext, localcontext

import anyio
import pytest

from nof0_core.documents import account_totals, conversations
from nof0_core.documents.collection import read_collection
from nof0_core.documents.pieces import PIECE_NAME
from nof0_core.domain.event import MarketSeen
from nof0_core.errors import ProviderError, TransientError
from nof0_core.exporters.files import Drafts
from nof0_core.exporters.json_files import JsonConfig, open_json
from nof0_core.exporters.piece_files import DOCUMENTS
from nof0_core.testing.environment import env

pytestmark = pytest.mark.anyio

NAMES = {
    "account-totals.json",
    "analytics.json",
    "analytics-alpha.json",
    "analytics-beta.json",
    "candles.json",
    "conversations.json",
    "crypto-prices.json",
    "leaderboard.json",
    "positions.json",
    "since-inception-values.json",
    "trades.json",
}


async def run(path, *rounds, **settings):
    """Open the exporter, hand over rounds of (events, view), close it, read the files."""
    config = JsonConfig(path=path, **settings)
    async with env() as surroundings, open_json(config, surroundings) as exporter:
        for events, view in rounds:
            await exporter.export(events, view)
    return read(path)


def read(path):
    """Read the main files, each with its whole collection."""
    files = {}
    for file in path.iterdir():
        if not PIECE_NAME.fullmatch(file.name) and file.name != "export.json":
            files[file.name] = document = json.loads(file.read_bytes())
            document.pop("layout", None)
            key = next(iter(document))
            if key != "prices":
                document[key] = read_collection(path, file.name, key)
    return files


def pieces(path, document=""):
    """The pieces in a directory, with what tells whether they were written again."""
    return {
        file.name: (file.stat().st_ino, file.stat().st_mtime_ns)
        for file in path.iterdir()
        if PIECE_NAME.fullmatch(file.name) and file.name.startswith(document)
    }


def kinds(value):
    """Describe the shape of JSON; whole and broken numbers are alike, and so are all lists."""
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case dict():
            return {key: kinds(inner) for key, inner in value.items()}
        case list():
            return [kinds(value[0])] if value else []
        case _:
            return type(value).__name__


@pytest.fixture
async def files(tmp_path, story):
    told = story(30)
    return await run(tmp_path, (told.events, told.view()))


async def test_all_files_of_the_api_are_written(files):
    assert set(files) == NAMES


OURS = {
    *("return_pct_ci", "sharpe_ci", "is_baseline", "beats_baseline_p", "is_settled"),
    *("name", "color", "status", "usable_answers", "cycles", "unranked_reason"),
}


@pytest.mark.parametrize(
    ("name", "record", "key", "ours"),
    [
        (
            "account-totals.json",
            "account-totals.excerpt.json",
            "accountTotals",
            {"margin_used_pct", "return_pct"},
        ),
        ("analytics.json", "analytics.json", "analytics", set()),
        ("leaderboard.json", "leaderboard.json", "leaderboard", OURS),
        (
            "since-inception-values.json",
            "since-inception-values.json",
            "sinceInceptionValues",
            set(),
        ),
        ("trades.json", "trades.json", "trades", {"exit_reason"}),
    ],
)
async def test_rows_have_the_keys_and_types_of_the_recording(
    files, recorded, name, record, key, ours
):
    assert set(files[name]) == set(recorded(record))
    wanted = kinds(recorded(record)[key][0])
    for row in files[name][key]:
        if row["id"].startswith(("beta", "buynhold")):
            continue
        found = kinds({inner: value for inner, value in row.items() if inner not in ours})
        assert set(row) - set(wanted) == ours
        # Which coins are held and what an exit plan says is content, not shape.
        for free in ("positions", "exit_plan"):
            if free in wanted:
                assert isinstance(row[free], dict)
                found[free] = wanted[free]
        assert found == wanted


async def test_positions_have_the_21_keys_and_types_of_the_recording(files, recorded):
    wanted = kinds(recorded("account-totals.excerpt.json")["accountTotals"][0]["positions"]["BTC"])
    rows = files["positions.json"]["accountTotals"]
    found = kinds(rows[0]["positions"]["BTC"])
    found["exit_plan"]["profit_target"] = "number"  # null here: this trader has no target
    assert len(found) == 21
    assert found == wanted
    assert rows[1] == {"model_id": "beta", "positions": {}}


async def test_prices_have_the_shape_of_the_recording(files, recorded):
    wanted = recorded("crypto-prices.json")
    assert kinds(files["crypto-prices.json"]["prices"]["BTC"]) == kinds(wanted["prices"]["BTC"])
    assert set(files["crypto-prices.json"]) == set(wanted)
    assert files["crypto-prices.json"]["prices"]["BTC"]["price"] == 107_271


async def test_conversations_have_what_the_recording_has_and_what_the_web_client_shows(
    files, recorded
):
    wanted = recorded("conversations.json")
    assert set(files["conversations.json"]) >= set(wanted)
    row = files["conversations.json"]["conversations"][1]
    assert row["model_id"] == "alpha"
    assert kinds(row["messages"]) == kinds(wanted["conversations"][0]["messages"])
    assert [message["role"] for message in row["messages"]] == ["system", "user", "assistant"]
    assert row["user_prompt"] == "BTC?"
    assert row["llm_response"]["BTC"]["quantity"] == pytest.approx(10_000 / 107_250, abs=1e-6)
    assert row["llm_response"]["BTC"]["confidence"] == 0.8
    assert row["summary"] == "BTC buy_to_enter"


async def test_a_trader_that_read_no_prompt_shows_its_reasoning(files):
    row = files["conversations.json"]["conversations"][0]
    assert row["model_id"] == "beta"
    assert row["user_prompt"] == ""
    assert [message["content"] for message in row["messages"]] == ["BTC: it is hour 29"]
    assert row["llm_response"]["BTC"]["leverage"] is None


async def test_conversations_are_bounded_and_newest_first(tmp_path, story):
    told = story(30)
    files = await run(tmp_path, (told.events, told.view()), conversations=3)
    rows = files["conversations.json"]["conversations"]
    assert [row["model_id"] for row in rows] == ["beta", "alpha"] * 3
    times = [row["timestamp"] for row in rows]
    assert times == sorted(times, reverse=True)


async def test_account_rows_keep_the_identities_of_the_contract(files):
    rows = files["account-totals.json"]["accountTotals"]
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["id"] == f"{row['model_id']}_{row['since_inception_hourly_marker']}"
        profit = row["realized_pnl"] + row["total_unrealized_pnl"]
        assert row["dollar_equity"] == pytest.approx(10_000 + profit)
        assert row["cum_pnl_pct"] == pytest.approx(profit / 100)
        held = sum(position["unrealized_pnl"] for position in row["positions"].values())
        assert row["total_unrealized_pnl"] == pytest.approx(held)


async def test_every_hour_has_one_row_and_the_running_one_grows(files):
    rows = files["account-totals.json"]["accountTotals"]
    alpha = [row for row in rows if row["model_id"] == "alpha"]
    assert [row["since_inception_hourly_marker"] for row in alpha] == list(range(30))
    assert alpha[0]["dollar_equity"] == 10_000
    assert alpha[-1]["since_inception_minute_marker"] == 29 * 60 + 30
    assert alpha[-1]["sharpe_ratio"] == 0.5
    assert files["account-totals.json"]["lastHourlyMarkerRead"] == 29


async def test_benchmark_holds_bitcoin_bought_with_the_average_capital(files):
    rows = files["account-totals.json"]["accountTotals"]
    benchmark = [row for row in rows if row["model_id"] == "buynhold_btc"]
    assert [row["since_inception_hourly_marker"] for row in benchmark] == list(range(30))
    assert benchmark[0]["dollar_equity"] == 10_000
    assert benchmark[-1]["dollar_equity"] == pytest.approx(10_727)
    assert benchmark[10]["positions"]["BTC"]["quantity"] == pytest.approx(0.1)
    beginnings = files["since-inception-values.json"]["sinceInceptionValues"]
    assert [row["model_id"] for row in beginnings] == ["alpha", "beta", "buynhold_btc"]
    assert [row["num_invocations"] for row in beginnings] == [30, 30, 0]


async def test_trades_are_newest_first_and_add_up(files):
    rows = files["trades.json"]["trades"]
    assert len(rows) == 29
    times = [row["exit_time"] for row in rows]
    assert times == sorted(times, reverse=True)
    row = rows[0]
    # Funding of -1 is ours: the arena's net profit is without it.
    assert row["realized_net_pnl"] == row["entry_closed_pnl"] + row["exit_closed_pnl"] - 1
    assert row["exit_human_time"] == "2025-07-02 05:00:00.000000"
    assert row["trade_id"] == f"{row['entry_time']}_BTC_{row['exit_time']}_alpha"
    assert len({row["id"] for row in rows}) == len(rows)


async def test_at_most_100_trades_per_trader_are_kept(tmp_path, story):
    told = story(120)
    files = await run(tmp_path, (told.events, told.view()))
    rows = files["trades.json"]["trades"]
    assert len(rows) == 100
    assert rows[0]["exit_tid"] == 5119
    assert (
        files["analytics.json"]["analytics"][0]["overall_trades_overview_table"]["total_trades"]
        == 119
    )


async def test_analytics_know_size_at_entry_and_time_in_the_market(files):
    row = files["analytics.json"]["analytics"][0]
    overall = row["overall_trades_overview_table"]
    assert overall["avg_size_of_trade_portfolio_pct"] == pytest.approx(100, rel=0.05)
    assert overall["avg_stop_loss_distance_pct"] == pytest.approx(2)
    assert row["signals_breakdown_table"]["pct_mins_long_combined"] == pytest.approx(100)
    assert row["invocation_breakdown_table"]["avg_invocation_break_mins"] == 60
    assert row["last_trade_doc_id"] == files["trades.json"]["trades"][0]["id"]
    assert files["analytics-alpha.json"]["analytics"] == [row]


async def test_a_trader_without_trades_has_null_for_the_last_one(files):
    row = files["analytics-beta.json"]["analytics"][0]
    assert (row["last_trade_exit_time"], row["last_trade_doc_id"]) == (None, None)


async def test_bytes_do_not_depend_on_how_often_files_were_written(tmp_path, story):
    one, many = tmp_path / "one", tmp_path / "many"
    told = story(30)
    await run(one, (told.events, told.view()))
    rounds = []
    for hours in range(1, 31):
        partial = story(hours)
        del partial.events[-1]
        seen = sum(len(events) for events, _ in rounds)
        rounds.append((partial.events[seen:], partial.view()))
    rounds.append((told.events[-1:], told.view()))
    await run(many, *rounds)
    for name in NAMES:
        assert (one / name).read_bytes() == (many / name).read_bytes(), name


async def test_events_offered_twice_count_once(tmp_path, story):
    told = story(5)
    first = await run(tmp_path / "a", (told.events, told.view()))
    again = await run(tmp_path / "b", (told.events, told.view()), (told.events, told.view()))
    assert first == again


async def test_only_files_with_news_are_written_again(tmp_path, story, evolve):
    told = story(5)
    async with (
        env() as surroundings,
        open_json(JsonConfig(path=tmp_path), surroundings) as exporter,
    ):
        await exporter.export(told.events, told.view(30))
        before = {file.name: file.stat().st_ino for file in tmp_path.iterdir()}
        await exporter.export([], told.view(31))
        after = {file.name: file.stat().st_ino for file in tmp_path.iterdir()}
    changed = {name for name in NAMES if before[name] != after[name]}
    assert changed == {"account-totals.json", "crypto-prices.json"}


async def test_files_are_whole_when_the_process_dies_in_the_middle_of_writing(tmp_path, story):
    """The draft is hidden beside the file, and the next write takes its place."""
    (tmp_path / ".trades.json.part").write_bytes(b'{"trades":[{"id"')
    told = story(3)
    files = await run(tmp_path, (told.events, told.view()))
    assert set(files) == NAMES


async def test_full_disk_is_transient_and_nothing_is_lost(tmp_path, story):
    told = story(3)
    blocked = tmp_path / "leaderboard.json"
    async with (
        env() as surroundings,
        open_json(JsonConfig(path=tmp_path), surroundings) as exporter,
    ):
        blocked.mkdir()
        with pytest.raises(TransientError, match=r"cannot write .*leaderboard\.json"):
            await exporter.export(told.events, told.view())
        blocked.rmdir()
        await exporter.export(told.events, told.view())
        assert len(json.loads((tmp_path / "trades.json").read_bytes())["trades"]) == 2
        assert json.loads(blocked.read_bytes())["leaderboard"][0]["num_trades"] == 2


async def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    config = JsonConfig(path=tmp_path / "file" / "below")
    async with env() as surroundings:
        with pytest.raises(ProviderError, match=r"cannot make the directory .*below"):
            async with open_json(config, surroundings):
                pass


async def test_a_trader_id_never_leads_out_of_the_directory(tmp_path, story, evolve):
    told = story(2)
    view = told.view()
    evil = evolve(view, traders=(evolve(view.traders[0], trader="../evil"),))
    async with (
        env() as surroundings,
        open_json(JsonConfig(path=tmp_path), surroundings) as exporter,
    ):
        with pytest.raises(ProviderError, match=r'"\.\./evil" cannot be part of a file name'):
            await exporter.export([], evil)
        await exporter.export([], view)
    assert not list(tmp_path.parent.glob("*evil*"))


async def test_without_a_path_the_files_go_to_the_sections_own_directory(tmp_path, story):
    told = story(2)
    async with (
        env(data_dir=tmp_path) as surroundings,
        open_json(JsonConfig(), surroundings) as exporter,
    ):
        assert await exporter.cursor() == 0
        await exporter.export(told.events, told.view())
        assert await exporter.cursor() == told.events[-1].seq
    assert (tmp_path / "leaderboard.json").exists()


async def test_rounds_that_overlap_wait_for_each_other(tmp_path, story):
    """Files are written by a thread while the event loop may already bring the next events."""
    told = story(30)
    async with (
        env() as surroundings,
        open_json(JsonConfig(path=tmp_path), surroundings) as exporter,
        anyio.create_task_group() as tasks,
    ):
        for start in range(0, len(told.events), 10):
            tasks.start_soon(exporter.export, told.events[start : start + 10], told.view())
    analytics = json.loads((tmp_path / "analytics-alpha.json").read_bytes())["analytics"][0]
    assert analytics["invocation_breakdown_table"]["num_invocations"] == 30


async def test_closing_keeps_the_event_loop_free_and_writes_even_when_cancelled(
    tmp_path, story, monkeypatch
):
    told = story(3)
    writers = []

    write = Drafts.write

    def noted(*args):
        writers.append((threading.get_ident(), getcontext().prec))
        write(*args)

    with anyio.CancelScope() as scope, localcontext(Context(prec=9)):
        async with (
            env() as surroundings,
            open_json(JsonConfig(path=tmp_path), surroundings) as exporter,
        ):
            await exporter.export(told.events, told.view())
            monkeypatch.setattr(Drafts, "write", noted)
            scope.cancel()
    assert len(writers) > 5
    assert {precision for _, precision in writers} == {50}
    assert threading.get_ident() not in {thread for thread, _ in writers}


async def test_a_picture_that_is_ahead_of_the_events_is_not_drawn_yet(tmp_path, story, evolve):
    told = story(30)
    view = evolve(told.view(), seq=told.events[-1].seq)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    at_once = await run(whole, (told.events, view))
    half = len(told.events) // 2
    async with env() as surroundings, open_json(JsonConfig(path=parts), surroundings) as exporter:
        await exporter.export(told.events[:half], view)
        assert list(parts.iterdir()) == []
        await exporter.export(told.events[half:], view)
    for name in at_once:
        assert (parts / name).read_bytes() == (whole / name).read_bytes()


async def test_old_hours_are_written_once_and_all_of_them_stay(tmp_path, story, monkeypatch):
    at_once = await run(tmp_path / "whole", (story(30).events, story(30).view()))
    monkeypatch.setattr(account_totals, "PIECE_BYTES", 5_000)
    told, parts = story(30), tmp_path / "parts"
    half = len(told.events) // 2
    await run(parts, (told.events[:half], story(15).view()))
    about = pieces(parts, "account-totals")
    assert about
    files = await run(parts, (told.events, told.view()))
    assert files["account-totals.json"] == at_once["account-totals.json"]
    after = pieces(parts, "account-totals")
    assert len(after) > len(about)
    assert after.items() >= about.items(), "the same after a restart: not written again"


async def test_a_piece_that_cannot_be_written_is_kept_and_nobody_is_told_of_it(
    tmp_path, story, monkeypatch
):
    monkeypatch.setattr(account_totals, "PIECE_BYTES", 5_000)
    told = story(30)
    whole = await run(tmp_path / "whole", (told.events, told.view()))
    (name, *_) = sorted(pieces(tmp_path / "whole", "account-totals"))
    path = tmp_path / "new"
    (path / name).mkdir(parents=True)
    async with env() as surroundings, open_json(JsonConfig(path=path), surroundings) as exporter:
        with pytest.raises(TransientError, match=rf"cannot write .*{name}"):
            await exporter.export(told.events, told.view())
        assert not (path / "account-totals.json").exists()
        (path / name).rmdir()
        await exporter.export(told.events, told.view())
    assert read(path) == whole


async def test_pieces_left_by_another_run_are_deleted_once_nobody_reads_them_and_nothing_else(
    tmp_path, story, evolve
):
    told = story(30)
    view = evolve(told.view(), seq=told.events[-1].seq)
    others = [f"{document}-{'0' * 20}.json" for document in DOCUMENTS]
    drafts = [f".{name}.part" for name in others]
    kept = [
        *(
            "trades-1.json",
            "trades-alpha.json",
            f"trades-{'0' * 19}.json",
            f"notes-{'0' * 20}.json",
        ),
        *(f"trades-{'0' * 20}.json.bak", f"trades-{'G' * 20}.json", f"analytics-{'0' * 20}.json"),
    ]
    for name in (*others, *drafts, *kept):
        (tmp_path / name).write_text("{}")
    async with (
        env() as surroundings,
        open_json(JsonConfig(path=tmp_path), surroundings) as exporter,
    ):
        half = len(told.events) // 2
        await exporter.export(told.events[:half], view)
        await exporter.export(told.events[half:], view)
        for name in others:
            assert (tmp_path / name).exists(), "who has just read an old main file may want it"
        await exporter.export([], view)
        for name in (*others, *drafts):
            assert not (tmp_path / name).exists()
    for name in kept:
        assert (tmp_path / name).read_text() == "{}"


async def test_a_piece_that_left_the_window_goes_one_round_after_the_main_file_that_named_it(
    tmp_path, story, evolve
):
    def up_to(hours):
        told = story(hours)
        return told.events, evolve(told.view(), seq=told.events[-1].seq)

    async with (
        env() as surroundings,
        open_json(JsonConfig(path=tmp_path, conversations=8), surroundings) as exporter,
    ):
        events, view = up_to(10)
        del events[-1]
        await exporter.export(events, evolve(view, seq=events[-1].seq))
        old = pieces(tmp_path, "conversations")
        assert len(old) == 6
        seen = len(events)
        events, view = up_to(20)
        await exporter.export(events[seen:], view)
        assert old.items() <= pieces(tmp_path, "conversations").items()
        assert len(read(tmp_path)["conversations.json"]["conversations"]) == 16
        await exporter.export([], view)
        left = pieces(tmp_path, "conversations")
        assert len(left) == 6
        assert not set(old) & set(left)


async def test_pieces_of_a_trader_that_is_no_longer_configured_go(tmp_path, story, evolve):
    told = story(30)
    await run(tmp_path, (told.events, told.view()))
    assert pieces(tmp_path, "trades")
    view = told.view()
    files = await run(tmp_path, (told.events, evolve(view, traders=view.traders[1:])))
    assert files["trades.json"]["trades"] == []
    assert not pieces(tmp_path, "trades")


async def test_what_an_old_reader_sees_is_a_whole_document_of_the_newest_rows(tmp_path, story):
    told = story(120)
    whole = await run(tmp_path, (told.events, told.view()))
    for name, most in (("trades.json", 6), ("conversations.json", 10)):
        document = json.loads((tmp_path / name).read_bytes())
        key = next(iter(document))
        assert [*document] == [key, "layout", "serverTime"]
        assert document[key] == whole[name][key][: len(document[key])]
        assert 2 <= len(document[key]) <= most < len(whole[name][key])


async def test_a_long_conversation_is_the_only_one_in_the_main_file(tmp_path, story, monkeypatch):
    monkeypatch.setattr(conversations, "MAIN_BYTES", 10)
    told = story(3)
    whole = await run(tmp_path, (told.events, told.view()))
    document = json.loads((tmp_path / "conversations.json").read_bytes())
    assert len(document["conversations"]) == 1
    assert len(whole["conversations.json"]["conversations"]) == 6


async def test_a_prompt_stands_in_a_piece_once_and_in_the_rows_as_ever(tmp_path, story):
    told = story(30)
    files = await run(tmp_path, (told.events, told.view()))
    rows = files["conversations.json"]["conversations"]
    assert [row["user_prompt"] for row in rows] == ["", "BTC?"] * 25
    for name in pieces(tmp_path, "conversations"):
        assert (tmp_path / name).read_bytes().count(b"BTC?") <= 1


async def test_the_directory_depends_on_the_journal_and_not_on_rounds_and_restarts(
    tmp_path, story, monkeypatch
):
    monkeypatch.setattr(account_totals, "PIECE_BYTES", 5_000)
    one, many = tmp_path / "one", tmp_path / "many"
    told = story(60)
    await run(one, (told.events, told.view()), conversations=7)
    for hours in (3, 20, 21, 22, 45):
        partial = story(hours)
        del partial.events[-1]
        rounds = [(partial.events[:at], partial.view()) for at in (10, 50, len(partial.events))]
        await run(many, *rounds, conversations=7)
    # The last run is killed and leaves what it had; the next one begins anew.
    (many / f".trades-{'1' * 20}.json.part").write_text("{")
    await run(many, (told.events, told.view()), conversations=7)
    found, wanted = ({file.name: file.read_bytes() for file in at.iterdir()} for at in (many, one))
    notes = [json.loads(each.pop("export.json")) for each in (found, wanted)]
    assert found == wanted
    assert notes[0]["documents"] == notes[1]["documents"]
    assert notes[0]["export"] > notes[1]["export"]


async def test_bars_of_recorded_markets_are_written(tmp_path, story):
    told = story(3)
    columns = ["open_time", "open", "high", "low", "close", "volume", "rsi14"]
    bars = [[60_000 * n, 1, 3, 0.5, 2, 9, None] for n in range(1, 6)]
    market = next(event.body for event in told.events if isinstance(event.body, MarketSeen))
    market.snapshots["BTC"]["series"]["1m"] = {"columns": columns, "bars": bars}
    files = await run(tmp_path, (told.events, told.view()), candles=4)
    assert files["candles.json"]["candles"] == [
        {
            "market": "hl",
            "symbol": "BTC",
            "interval": "1m",
            "bars": [[60.0 * n, 1, 3, 0.5, 2, 9] for n in range(2, 6)],
        }
    ]


async def test_the_callers_decimal_context_does_not_matter(tmp_path, story, coarse):
    told = story(30)
    view = told.view()
    expected = await run(tmp_path / "plain", (told.events, view))
    with coarse():
        found = await run(tmp_path / "coarse", (told.events, view))
    assert found == expected
