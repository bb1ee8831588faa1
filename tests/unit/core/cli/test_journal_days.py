"""`nof0 journal archive` and `nof0 journal du` on real journals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from nof0_core.cli.journal import journal as command
from nof0_core.domain.event import Alerted, EngineStopped
from nof0_core.errors import JournalError, UsageError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal, content
from nof0_core.journal.packing import pack_all
from nof0_core.runtime.lock import locked

START = datetime(2025, 7, 1, 12, tzinfo=UTC)
ODD = TraderId("[red]odd")


def run(*words):
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture
def data(tmp_path):
    """A data directory: three days of two streams, the first one compressed."""
    folder = tmp_path / "data"
    with Journal.open(folder / "journal") as journal:
        for day in range(3):
            for stream in (ENGINE, ODD):
                body = EngineStopped(reason="x" * 500)
                journal.append(START + timedelta(days=day), stream, body)
                alert = Alerted(code="test", message="careful")
                journal.append(START + timedelta(days=day), stream, alert)
        journal.sync()
        pack_all(journal.days, journal.directories, before=(START + timedelta(days=1)).date())
    return folder


def sizes(data, pattern):
    return sum(path.stat().st_size for path in (data / "journal").glob(pattern))


def test_du_tells_by_stream_where_days_are_and_what_they_take(data):
    told = json.loads(run("du", data, "--json").stdout)
    assert told["by"] == "stream"
    assert [row["stream"] for row in told["rows"]] == ["@engine", "[red]odd"]
    for row in told["rows"]:
        stream = row["stream"].replace("[", "[[]", 1)
        assert row["records"] == 6
        assert row["disk_bytes"] == sizes(data, f"{stream}/*")
        assert row["content_bytes"] > row["disk_bytes"]
        assert row["days"] == {"here": 2, "compressed": 1}
    assert told["total"]["records"] == 12
    assert told["total"]["disk_bytes"] == sizes(data, "*/*")
    assert sum(row["share_pct"] for row in told["rows"]) == pytest.approx(100, abs=0.02)


def test_du_as_a_table_ends_with_the_total(data):
    lines = run("du", data).stdout.splitlines()
    assert lines[0].split() == ["stream", "records", "on", "disk", "content", "share", "days"]
    assert lines[2].startswith("[red]odd")
    assert lines[2].endswith("1 compressed, 2 here")
    assert lines[-1].split()[:2] == ["total", "12"]
    assert "100.0 %" in lines[-1]


def test_du_by_day(data):
    told = json.loads(run("du", data, "--by", "day", "--json").stdout)
    assert [(row["day"], row["records"], row["days"]) for row in told["rows"]] == [
        ("2025-07-01", 4, {"compressed": 2}),
        ("2025-07-02", 4, {"here": 2}),
        ("2025-07-03", 4, {"here": 2}),
    ]


def test_du_by_type_counts_what_was_written(data):
    told = json.loads(run("du", data, "--by", "type", "--json").stdout)
    assert [(row["type"], row["records"]) for row in told["rows"]] == [
        ("engine_stopped", 6),
        ("alert", 6),
    ]
    by_day = json.loads(run("du", data, "--json").stdout)
    assert told["total"]["content_bytes"] == by_day["total"]["content_bytes"]
    assert "days" not in run("du", data, "--by", "type").stdout


def test_du_unpacks_nothing_unless_types_are_asked_for(data, monkeypatch):
    monkeypatch.setattr(content, "PackedContent", None)
    for by in ("stream", "day"):
        assert run("du", data, "--by", by).exit_code == 0
    assert isinstance(run("du", data, "--by", "type").exception, TypeError)


def test_du_without_days_json_says_what_it_does_not_know(data):
    (data / "journal/days.json").unlink()
    told = json.loads(run("du", data, "--by", "day", "--json").stdout)
    assert [row["records"] for row in told["rows"]] == [None, 4, 4]
    assert told["total"]["records"] is None
    assert told["total"]["disk_bytes"] == sizes(data, "*/*")
    assert "–" in run("du", data).stdout


def test_archive_moves_days_and_du_still_counts_them(data, tmp_path):
    before = json.loads(run("du", data, "--json").stdout)
    done = run("archive", data, "--before", "2025-07-03", "--to", tmp_path / "far")
    assert done.exit_code == 0, done.exception
    assert "4 days of 2 streams are in" in done.stdout
    assert "8 records" in done.stdout
    assert "put the files back" in done.stdout
    after = json.loads(run("du", data, "--json").stdout)
    assert after["total"]["records"] == before["total"]["records"]
    assert after["total"]["content_bytes"] == before["total"]["content_bytes"]
    assert after["total"]["disk_bytes"] < before["total"]["disk_bytes"]
    assert after["total"]["days"] == {"here": 2, "archived": 4}
    verified = run("verify", data)
    assert verified.exit_code == 0
    assert verified.stdout.count("(archived): not looked into") == 4
    again = run("archive", data, "--before", "2025-07-03", "--to", tmp_path / "far")
    assert "no closed day before 2025-07-03 is left here" in again.stdout


def test_archive_as_json(data, tmp_path):
    done = run("archive", data, "--before", "2025-07-02", "--to", tmp_path / "far", "--json")
    told = json.loads(done.stdout)
    assert told["to"] == str(tmp_path / "far")
    assert [(row["stream"], row["day"], row["records"]) for row in told["moved"]] == [
        ("@engine", "2025-07-01", 2),
        ("[red]odd", "2025-07-01", 2),
    ]
    for row in told["moved"]:
        assert (tmp_path / "far" / row["stream"] / "2025-07-01.jsonl.gz").stat().st_size == row[
            "bytes"
        ]


def test_archive_refuses_while_an_engine_holds_the_data_directory(data, tmp_path):
    with locked(data):
        done = run("archive", data, "--before", "2025-07-03", "--to", tmp_path / "far")
    assert isinstance(done.exception, UsageError)
    assert f"another engine is running on {data}" in str(done.exception)
    assert "stop it first" in done.exception.hints[0]
    assert not (tmp_path / "far").exists()
    assert run("archive", data, "--before", "2025-07-03", "--to", tmp_path / "far").exit_code == 0


def test_archive_names_a_damaged_day(data, tmp_path):
    path = next((data / "journal").glob("@engine/*.gz"))
    path.write_bytes(path.read_bytes()[:-1])
    done = run("archive", data, "--before", "2025-07-03", "--to", tmp_path / "far")
    assert isinstance(done.exception, JournalError)
    assert str(path) in str(done.exception)


def test_archive_takes_a_date_only(data, tmp_path):
    done = run("archive", data, "--before", "yesterday", "--to", tmp_path / "far")
    assert done.exit_code == 2
    assert "yesterday" in done.output


def test_list_and_show_read_compressed_days_as_before(data):
    listed = run("list", data, "--json", "--limit", "0").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in listed] == list(range(1, 13))
    assert json.loads(run("show", data, "2", "--json").stdout)["seq"] == 2
    assert json.loads(run("show", data, "11", "--json").stdout)["seq"] == 11


@pytest.fixture
def archived(data, tmp_path):
    """The same with its first two days archived: records 1 to 8."""
    run("archive", data, "--before", "2025-07-03", "--to", tmp_path / "far")
    return data


NOT_SHOWN = "note: archived, and so not shown: 2025-07-01 to 2025-07-02 of @engine, [red]odd\n"


@pytest.mark.parametrize("words", [(), ("--json",), ("--limit", "0"), ("--limit", "5")])
def test_list_says_which_days_it_leaves_out(archived, words):
    done = run("list", archived, *words)
    assert done.exit_code == 0
    assert done.stderr == NOT_SHOWN
    assert "archived" not in done.stdout


@pytest.mark.parametrize(
    "words", [("--limit", "4"), ("--since", "2025-07-03"), ("--limit", "2", "--json")]
)
def test_list_says_nothing_where_all_that_is_asked_for_is_here(archived, words):
    assert run("list", archived, *words).stderr == ""


def test_list_of_some_speaks_of_their_days_alone(archived):
    done = run("list", archived, "--trader", "@engine", "--since", "2025-07-02")
    assert done.stderr == "note: archived, and so not shown: 2025-07-02 of @engine\n"


def test_list_says_nothing_of_days_that_were_put_back(archived, tmp_path):
    for path in (tmp_path / "far").glob("*/*.gz"):
        path.rename(archived / "journal" / path.parent.name / path.name)
    done = run("list", archived, "--json", "--limit", "0")
    assert (len(done.stdout.splitlines()), done.stderr) == (12, "")


def test_list_without_a_whole_days_json_does_not_know_what_is_archived(archived):
    (archived / "journal/days.json").write_text("{}")
    done = run("list", archived, "--json")
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr.startswith("note: which days are archived, and so not shown, is not known: ")
    assert len(done.stderr.splitlines()) == 1


def test_show_says_where_a_record_may_be_that_is_not_here(archived):
    for word in ("2", "c0ffee0123"):
        done = run("show", archived, word)
        assert isinstance(done.exception, UsageError)
        assert done.exception.hints == (NOT_SHOWN.removeprefix("note: ").strip(),)
    gone = run("show", archived, "99")
    assert isinstance(gone.exception, UsageError)
    assert gone.exception.hints == ()


def test_show_of_a_record_that_is_here_and_whole_says_nothing_of_others(archived):
    for words in (("11",), ("11", "--json")):
        done = run("show", archived, *words)
        assert (done.exit_code, done.stderr) == (0, "")


def test_many_streams_are_counted_and_days_apart_are_named(tmp_path):
    folder = tmp_path / "data"
    with Journal.open(folder / "journal") as journal:
        for day in (0, 1, 4, 6, 9, 10, 12):
            for number in range(5):
                alert = Alerted(code="test", message="careful")
                journal.append(START + timedelta(days=day), TraderId(f"t{number}"), alert)
    run("archive", folder, "--before", "2025-07-12", "--to", tmp_path / "far")
    assert run("list", folder).stderr == (
        "note: archived, and so not shown: 2025-07-01 to 2025-07-02, 2025-07-05, 2025-07-07 and "
        "2 more days of 5 streams\n"
    )
