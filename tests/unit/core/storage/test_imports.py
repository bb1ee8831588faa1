"""`nof0 db import` and `export`: the API's files in a database, and the same files out of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import anyio
import pytest
from called import started
from sqlalchemy import text

from nof0_core.storage.database import DatabaseSettings, opened

ARENA = Path(__file__).parents[3] / "data" / "arena"
SECTION = "\nExporters:\n  - type: sql\n    data_source: {}\n"


class Place:
    """A project with a database, and a copy of the arena's files."""

    def __init__(self, folder, source):
        self.source = source
        self.project = started(folder / "project")
        config = self.project.directory / "etc" / "nof0.yaml"
        config.write_text(config.read_text() + SECTION.format(source))
        self.files = folder / "it's arena"
        shutil.copytree(ARENA, self.files)

    def db(self, verb, *words, code=0):
        done = self.project.nof0("db", verb, "etc/nof0.yaml", *map(str, words))
        assert done.exit_code == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def import_(self, *words, code=0):
        return self.db("import", self.files, *words, code=code)

    def write(self, name, value):
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        (self.files / name).write_bytes(content)

    def asked(self, statement, **values):
        async def ask():
            settings = DatabaseSettings(data_source=self.source)
            async with opened(settings) as database, database.transaction() as session:
                done = await session.execute(text(statement), [values] if values else None)
                return done.mappings().all() if done.returns_rows else None

        return anyio.run(ask)

    def everything(self):
        tables = ("documents", "traders", "trader_positions", "trader_performance")
        return {name: self.asked(f"SELECT * FROM {name}") for name in tables}  # noqa: S608 - ours


@pytest.fixture
def place(tmp_path, source):
    return Place(tmp_path, source)


def read(folder):
    return {path.name: json.loads(path.read_bytes()) for path in folder.glob("*.json")}


def decoded(value):
    return json.loads(value) if isinstance(value, str) else value


def test_what_was_imported_comes_out_again(place, tmp_path):
    assert "left out: README.md" in place.import_()
    assert "wrote 10 files" in place.db("export", tmp_path / "out", "--engine", "import:it's arena")
    wanted = read(ARENA)
    wanted["account-totals.json"] = wanted.pop("account-totals.excerpt.json")
    assert read(tmp_path / "out") == wanted


def test_trades_are_rows_with_what_no_column_has_beside_them(place):
    place.import_("--name", "a")
    (trade,) = [each for each in read(ARENA)["trades.json"]["trades"]
                if each["id"].endswith("ef916bda243e")]  # fmt: skip
    (row,) = place.asked(
        "SELECT * FROM trader_positions WHERE engine = 'import:a' AND trade_id = :id",
        id=trade["id"],
    )
    assert (row["trader_id"], row["symbol"], row["side"]) == ("gpt-5", "XRP", "long")
    numbers = [row[name] for name in ("size", "entry_price", "pnl", "gross_pnl", "fees")]
    names = ("quantity", "entry_price", "realized_net_pnl", "realized_gross_pnl",
             "total_commission_dollars")  # fmt: skip
    assert [float(each) for each in numbers] == [trade[name] for name in names]
    assert float(row["funding"]) == pytest.approx(
        trade["realized_net_pnl"] - trade["entry_closed_pnl"] - trade["exit_closed_pnl"], abs=1e-9
    )
    extra = decoded(row["extra"])
    assert extra["exit_plan"] == {}
    assert extra["entry_liquidation"] is None
    assert extra["trade_type"] == trade["trade_type"]
    held = place.asked("SELECT * FROM trader_positions WHERE closed_at IS NULL")
    wanted = read(ARENA)["positions.json"]["accountTotals"]
    assert len(held) == sum(len(model["positions"]) for model in wanted)


def test_a_second_import_changes_nothing_and_a_newer_one_what_is_newer(place, tmp_path):
    place.import_("--name", "a")
    before = place.everything()
    assert "nothing is new" in place.import_("--name", "a")
    assert place.everything() == before
    trades = read(ARENA)["trades.json"]
    trades["trades"] = trades["trades"][:3]
    for path in place.files.iterdir():
        path.unlink()
    place.write("trades.json", trades)
    assert "imported 1 files" in place.import_("--name", "a")
    place.db("export", tmp_path / "out", "--engine", "import:a")
    assert read(tmp_path / "out")["trades.json"] == trades
    assert len(read(tmp_path / "out")) == 10
    closed = place.asked("SELECT * FROM trader_positions WHERE closed_at IS NOT NULL")
    assert len(closed) == 3
    assert place.everything()["trader_performance"] == before["trader_performance"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("trades.json", b'{"trades":[{"id":"x"', "trades.json is not what its name says"),
        ("positions.json", b"", "positions.json is not what its name says"),
        ("leaderboard.json", {"trades": []}, "there is no collection leaderboard"),
        ("trades.json", {"trades": [7]}, "not a list of"),
        ("trades.json", {"trades": [{"id": "\ud800"}]}, "trades.json is not what its name says"),
        ("analytics-gpt-5.json", b'{"analytics":["\xff"]}', "analytics-gpt-5.json is not what"),
        ("trades.json", {"trades": [], "layout": [{"rows": 2, "piece": f"trades-{'0' * 20}.json"}]},
         "its piece"),
    ],
)  # fmt: skip
def test_a_broken_file_lets_nothing_in(place, name, content, words):
    place.write(name, content)
    text = place.import_("--name", "a", code=1)
    assert words in text
    assert "nothing was imported" in text
    place.db("upgrade")
    assert not any(place.everything().values())


def test_odd_rows_stay_in_the_documents_and_odd_texts_are_cleaned_in_tables(place, tmp_path):
    for path in place.files.iterdir():
        path.unlink()
    trade = read(ARENA)["trades.json"]["trades"][0]
    odd = [
        {**trade, "id": "nul", "symbol": "X\0'\"", "mine": {"a\0": "\0b"}},
        {**trade, "id": "huge", "entry_time": 1e300},
        {**trade, "id": "text", "quantity": "1"},
        {"id": "bare"},
    ]
    place.write("trades.json", {"trades": odd, "mine": [1]})
    assert "3 entries lack" in place.import_("--name", "a")
    (row,) = place.asked("SELECT * FROM trader_positions")
    assert row["symbol"] == "X\ufffd'\""
    assert decoded(row["extra"])["mine"] == {"a\ufffd": "\ufffdb"}
    place.db("export", tmp_path / "out", "--engine", "import:a")
    assert read(tmp_path / "out")["trades.json"] == {"trades": odd, "mine": [1]}


def test_the_files_of_a_run_come_out_whole_and_go_in_again(tmp_path):
    place = Place(tmp_path, f"sqlite:///{tmp_path / 'nof0.db'}")
    assert place.project.nof0("run", "etc/nof0.yaml", "--cycles", "4").exit_code == 0
    place.db("export", tmp_path / "out")
    api = place.project.directory / "data" / "api"
    place.db("import", api, "--name", "a")
    place.db("import", tmp_path / "out", "--name", "b")
    for name in "ab":
        place.db("export", tmp_path / name, "--engine", f"import:{name}")
    found = [read(tmp_path / name) for name in ("out", "a", "b")]
    for files in found:
        for each in files.values():
            each.pop("exporters", None)
            each.pop("serverTime", None)
    assert found[0] == found[1] == found[2]
    assert found[0]["conversations.json"]["conversations"]
    assert "layout" not in found[0]["conversations.json"]
    # What was imported is no row of the journal, and none that is missing there.
    assert "equal the journal" in place.db("check")


@pytest.mark.parametrize("name", ["a\0b", "a\nb", " ", "x" * 101])
def test_a_name_that_cannot_be_shown_is_refused(place, name):
    assert "an import cannot be called" in place.import_("--name", name, code=2)


def test_what_cannot_be_is_said(place, tmp_path):
    (tmp_path / "none").mkdir()
    assert "has none of the API's files" in place.db("import", tmp_path / "none", code=2)
    assert "cannot be read" in place.db("import", tmp_path / "nowhere", code=2)
    place.import_("--name", "a")
    assert "no documents of the engine" in place.db("export", tmp_path / "out", code=2)
    assert not (tmp_path / "out").exists()
    assert "it is not empty" in place.db("export", place.files, code=2)
