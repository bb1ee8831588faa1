"""`nof0 db` on the shipped configuration, and runs with a database beside them."""

from __future__ import annotations

import re
import shutil
import sqlite3

import pytest

from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.project import load_config

SECTION = "\nExporters:\n  - type: sql\n"


@pytest.fixture(scope="module")
def stored(project, run, tmp_path_factory):
    """The data directory of a run that kept a database in it."""
    text = (project / "etc" / "nof0.yaml").read_text()
    (project / "etc" / "sql.yaml").write_text(text + SECTION)
    folder = tmp_path_factory.mktemp("stored")
    run("run", "", "--cycles", 6, "--data-dir", folder, config="sql.yaml")
    return folder


@pytest.fixture
def copy(stored, tmp_path):
    """A copy of it, and SQL on its database."""
    shutil.copytree(stored, tmp_path / "copy")

    def execute(statement):
        with sqlite3.connect(tmp_path / "copy" / "nof0.db") as connection:
            return connection.execute(statement).fetchall()

    return tmp_path / "copy", execute


def test_the_check_finds_what_somebody_has_changed(run, copy):
    folder, execute = copy
    words = ("db", "check", "--data-dir", folder)
    assert "equal the journal" in run(*words, config="sql.yaml")
    execute("UPDATE trader_orders SET size = '7' WHERE seq = (SELECT min(seq) FROM trader_orders)")
    execute("DELETE FROM klines WHERE timestamp = (SELECT max(timestamp) FROM klines)")
    text = run(*words, config="sql.yaml", code=1)
    assert "trader_orders: the row" in text
    assert "differs in size" in text
    assert "is missing\n" in text


def test_a_lost_journal_comes_back_to_the_byte(run, copy, stored):
    folder, _ = copy
    for each in folder.iterdir():
        if not each.name.startswith("nof0.db"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    text = run("db", "restore", "--data-dir", folder, config="sql.yaml")
    assert "records were written back" in text
    files = sorted(path.relative_to(stored) for path in stored.glob("journal/*/*.jsonl"))
    assert files == sorted(path.relative_to(folder) for path in folder.glob("journal/*/*.jsonl"))
    for file in files:
        assert (folder / file).read_bytes() == (stored / file).read_bytes()
    assert "nothing is missing" in run("db", "restore", "--data-dir", folder, config="sql.yaml")


def test_a_fork_is_refused_with_both_ends(run, copy):
    folder, execute = copy
    execute("UPDATE events SET hash = 'f00' WHERE seq = (SELECT max(seq) FROM events)")
    before = {path: path.read_bytes() for path in folder.glob("journal/*/*")}
    text = run("db", "restore", "--data-dir", folder, config="sql.yaml", code=2)
    assert "tell different stories" in text
    assert "(f00" in text
    assert {path: path.read_bytes() for path in folder.glob("journal/*/*")} == before


def test_settings_of_the_main_file_reach_the_exporter(project):
    text = (project / "etc" / "nof0.yaml").read_text()
    for key, value in {
        "DataSource": "sqlite:///there.db", "MaxOpen": 3, "MaxIdle": 1, "MaxLifetime": "9m"
    }.items():  # fmt: skip
        text = re.sub(rf"(?m)^  {key}: .*$", f"  {key}: {value}", text)
    text += "\nLogging: {VerboseSQL: true, SlowThreshold: {SQL: 12}}\n"
    (project / "etc" / "pool.yaml").write_text(text)
    config = load_config(project / "etc" / "pool.yaml", environ={})
    (found,) = [each.config for each in config.exporters if isinstance(each.config, SqlConfig)]
    assert found.data_source == f"sqlite:///{project / 'etc' / 'there.db'}"
    assert (found.max_open, found.max_idle, found.max_lifetime.total_seconds()) == (3, 1, 540)
    assert (found.verbose, found.slow_threshold, found.engine) == (True, 12, config.name)
