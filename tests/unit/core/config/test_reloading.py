"""Every key of every file takes effect at a known time; a key nobody thought of needs a restart."""

from __future__ import annotations

import attrs
import pytest

from nof0_core.config.changes import compare, taken_over
from nof0_core.config.files.executor import ExecutorFile
from nof0_core.config.files.llm import LlmFile
from nof0_core.config.files.main import MainFile
from nof0_core.config.files.manager import ManagerBlock, MonitoringBlock, TraderEntry
from nof0_core.config.files.providers import ExchangeFile, MarketFile
from nof0_core.config.reloading import INITIAL, RELOADS, RESTARTS, is_known, reloads
from nof0_core.config.schema import fields_of
from nof0_core.project import load_config

FILES = {
    "Main": [("", MainFile)],
    "LLM": [("", LlmFile)],
    "Executor": [("", ExecutorFile)],
    "Exchange": [("", ExchangeFile)],
    "Market": [("", MarketFile)],
    "Manager": [
        ("manager.", ManagerBlock),
        ("monitoring.", MonitoringBlock),
        ("traders[].", TraderEntry),
    ],
}
NAMED = {"models"}


def leaves(fields, prefix=""):
    """Return the keys that have a value of their own."""
    for field in fields:
        if not field.fields:
            yield prefix + field.key
            continue
        inner = "[]." if field.type.startswith("list") else "."
        inner = ".<name>." if field.key in NAMED else inner
        yield from leaves(field.fields, f"{prefix}{field.key}{inner}")


def written(file):
    keys = {key for prefix, cls in FILES[file] for key in leaves(fields_of(cls), prefix)}
    if file == "LLM":
        from nof0_core.config.files.llm import ModelEntry

        keys = {key for key in keys if not key.startswith("models")}
        keys |= {"models", *leaves(fields_of(ModelEntry), "models.<name>.")}
    return keys


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_the_schema_is_in_one_of_the_tables(file):
    keys = written(file)
    known = RELOADS[file] | RESTARTS[file]
    assert keys <= known, f"say in config/reloading.py when these take effect: {keys - known}"
    others = {"traders", "Cache"}
    assert known - others <= keys, f"there are no such keys: {known - keys}"


def test_no_key_is_in_both_tables_and_what_is_fixed_needs_a_restart():
    for file in FILES:
        assert not RELOADS[file] & RESTARTS[file]
    assert all(any(key in keys for keys in RESTARTS.values()) for key in INITIAL)


def test_a_key_nobody_knows_needs_a_restart():
    assert not reloads("Main", "Tomorrow")
    assert not is_known("Main", "Tomorrow")
    assert not reloads("Tomorrow.yaml", "max_positions")


@pytest.fixture
def files(tmp_path):
    import shutil
    from importlib.resources import files as resources

    with_ = resources("nof0_core") / "starter"
    for part in ("etc", "prompts"):
        shutil.copytree(str(with_ / part), tmp_path / part)
    return tmp_path


def change(root, name, old, new):
    file = root / name
    assert old in file.read_text(), file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def load(root):
    return load_config(root / "etc" / "nof0.yaml", data_dir=root / "data")


def test_what_stands_in_no_table_is_of_a_kind_of_its_own(files):
    unknown = {s.key for s in load(files).settings if not is_known(s.file, s.key)}
    own = ("models.<name>.params.", "models.<name>.price", "models.<name>.budget", "providers.")
    assert {key for key in unknown if not key.startswith(own)} == set()


def test_the_same_files_are_the_same(files):
    found = compare(load(files), load(files))
    assert (found.changes, found.problems) == ((), ())


def test_blank_lines_comments_and_written_defaults_change_nothing(files):
    before = load(files)
    change(files, "etc/executor.yaml", "\n", "\n\n# a remark\n\n")
    file = files / "etc" / "nof0.yaml"
    file.write_text(f"# first\n{file.read_text()}\nAllowHosts: []\nRanking: {{MinCycles: 20}}\n")
    found = compare(before, load(files))
    assert (found.changes, found.problems) == ((), ())


@pytest.mark.parametrize(
    ("name", "line", "path"),
    [
        ("nof0.yaml", "\nAllowHosts: [example.org]", "AllowHosts"),
        ("nof0.yaml", "\nCors: {AllowOrigins: ['https://example.org']}", "Cors.AllowOrigins"),
        ("exchange.yaml", "\ndefault: paper2", ""),
    ],
)
def test_what_needs_a_restart_is_told_by_key_file_and_line(files, name, line, path):
    before = load(files)
    file = files / "etc" / name
    if not path:
        change(files, "etc/exchange.yaml", "initial_balance_usd: ", "initial_balance_usd: 1")
        path = "initial_balance_usd"
    else:
        file.write_text(file.read_text() + line)
    [problem] = compare(before, load(files)).problems
    assert problem.path.endswith(path)
    assert problem.message == "needs a restart"
    assert problem.file.endswith(name)
    at = file.read_text().splitlines()[problem.line - 1]
    assert path.rpartition(".")[2] in at or path.partition(".")[0] in at


def test_secrets_are_compared_and_never_shown(files):
    before = load(files)
    word = "sesame-open-12345"
    change(files, "etc/nof0.yaml", 'Pass: "${Cache__0__Pass}"', f"Pass: {word}")
    [problem] = compare(before, load(files)).problems
    assert problem.path == "Cache"
    assert word not in str(problem)


def test_only_what_may_change_is_taken_over(files):
    before = load(files)
    change(files, "etc/executor.yaml", "max_positions: ", "max_positions: 9")
    change(files, "etc/manager.yaml", "total_equity_usd: ", "total_equity_usd: 9000 # ")
    found = load(files)
    after = taken_over(before, found)
    assert after.total_equity_usd == before.total_equity_usd != found.total_equity_usd
    for old, new, read in zip(before.traders, after.traders, found.traders, strict=True):
        assert new.limits == read.limits
        assert attrs.evolve(new, limits=old.limits) == old
