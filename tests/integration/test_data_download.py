"""`nof0 data download`: whole files whatever happens, and it goes on where they end."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from called import started

from nof0_core.recordings.folder import load_folder
from nof0_core.recordings.writing import file_name

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
TOLD = """
import os
from contextlib import asynccontextmanager

import anyio
import asyncio
import attrs
import numpy as np
from nof0_core import ServiceKind, hookimpl, opt
from nof0_core.domain.candles import from_ms
from nof0_core.errors import TransientError
from nof0_core.protocols import FundingRate
from nof0_provider_example.wave_market import Wave, WaveConfig

@attrs.frozen(kw_only=True)
class Config(WaveConfig):
    fault: str = opt(default="")

class Told(Wave):
    async def download(self, symbol, interval, start, end):
        fault, count = self.config.fault, 0
        with open("asked.txt", "a") as file:
            file.write(f"{symbol} {interval} {start:%Y-%m-%dT%H:%M} {end:%Y-%m-%dT%H:%M}\\n")
        async for page in super().download(symbol, interval, start, end):
            for begin in range(0, len(page), 500):
                part = page[begin : begin + 500]
                count += 1
                if fault and count == 2:
                    if fault == "dies":
                        raise TransientError("the venue is away")
                    if fault == "bug":
                        raise SystemExit(3)
                    if fault == "cancels":
                        raise asyncio.CancelledError
                    if fault == "killed":
                        os._exit(9)
                    if fault == "none":
                        part = None
                    if fault == "nan":
                        part = attrs.evolve(part, close=part.close * np.nan)
                    if fault == "again":
                        part = page[:500]
                    if fault == "off":
                        part = attrs.evolve(part, open_time=part.open_time + 7)
                    if fault == "future":
                        later = part.open_time + 10**12 // 60000 * 60000
                        part = attrs.evolve(part, open_time=later)
                    if fault == "gap":
                        continue
                yield part

    async def download_funding(self, symbol, start, end):
        async for page in super().download_funding(symbol, start, end):
            if self.config.fault == "rates":
                page = [FundingRate(time=row.time, rate=5.0) for row in page]
            yield page

@asynccontextmanager
async def open_told(config, env):
    yield Told(config=config, clock=env.clock)

@hookimpl
def nof0_market_providers():
    return [ServiceKind(type="told", config=Config, open=open_told, summary="as it is told")]
"""
FROM = ("--from", "2025-06-02", "--to", "2025-06-04")
ROWS = 2 * 24 * 60


@pytest.fixture
def project(tmp_path):
    path = (ROOT / "examples" / "nof0-provider-example" / "src",)
    found = started(tmp_path / "demo", path=path)
    etc = found.directory / "etc"
    (etc / "told.py").write_text(TOLD)
    main = etc / "nof0.yaml"
    main.write_text(main.read_text() + "\nPlugins: [./told.py]\n")
    give(found)
    manager = etc / "manager.yaml"
    manager.write_text(
        re.sub(r"market_provider: \S+", "market_provider: told", manager.read_text())
    )
    llm = etc / "llm.yaml"
    llm.write_text(llm.read_text().replace("[BTC, ETH, SOL]", "[BTC]"))
    exchange = etc / "exchange.yaml"
    exchange.write_text("default: paper_trading\nproviders:\n  paper_trading: {type: sim}\n")
    return found


def give(project, fault=""):
    """Let the market go wrong in some way."""
    (project.directory / "etc" / "market.yaml").write_text(
        f"default: told\nproviders:\n  told: {{type: told, fault: '{fault}'}}\n"
        "symbols: [BTC]\nintervals: [3m, 15m]\n"
    )


def download(project, *words):
    outcome = project.nof0("data", "download", "etc/nof0.yaml", "told", *words, "--json")
    assert outcome.stdout, outcome.stderr
    rows = json.loads(outcome.stdout)["series"]
    return outcome, {row["interval"] or "funding": row for row in rows}


def folder(project):
    return project.directory / "data" / "history" / "told"


def closes(project):
    recording = load_folder(folder(project), [], allow_gaps=True)
    return recording.series("BTC", "1m").candles.close


def test_all_of_it_is_there_and_a_recording(project):
    outcome, rows = download(project, *FROM, "--interval", "1m", "--interval", "15m")
    assert outcome.exit_code == 0, outcome.stderr
    assert (rows["1m"]["rows"], rows["15m"]["rows"], rows["funding"]["rows"]) == (ROWS, 192, 48)
    assert rows["1m"]["from"] == "2025-06-02T00:00:00+00:00"
    assert rows["1m"]["to"] == "2025-06-04T00:00:00+00:00"
    assert {path.name for path in folder(project).iterdir()} == {
        "btc_1m.parquet", "btc_15m.parquet", "btc_funding_1h.parquet"
    }  # fmt: skip
    load_folder(folder(project), ["BTC"], allow_gaps=False)
    before = {path: path.read_bytes() for path in folder(project).iterdir()}
    # Nothing is asked for, and nothing written, where all is there.
    asked = project.directory / "asked.txt"
    asked.unlink()
    _, rows = download(project, *FROM, "--interval", "1m", "--interval", "15m")
    assert [row["added"] for row in rows.values()] == [0, 0, 0]
    assert not asked.exists()
    assert before == {path: path.read_bytes() for path in folder(project).iterdir()}


def test_in_words_where_nobody_reads_json(project):
    outcome = project.apart("data", "download", "etc/nof0.yaml", "told", *FROM, "--no-funding")
    outcome.check()
    assert outcome.stdout == (
        "BTC 1m: 2,880 rows from 2025-06-02 00:00 to 2025-06-04 00:00, 2,880 of them new\n"
    )
    assert outcome.stderr == "".join(
        f"BTC 1m: {percent} %\n" for percent in (10, 30, 50, 60, 80, 100)
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("dies", "the venue is away"),
        ("bug", "SystemExit: 3"),
        ("cancels", "nobody cancelled it"),
        ("none", "a page is None, no Candles"),
        ("nan", "contradicts itself"),
        ("again", "a page begins at 2025-06-02T00:00:00Z, before 2025-06-02T08:20:00Z"),
        ("off", "off the grid"),
        ("future", "gave a bar that closes at"),
    ],
)
def test_what_ends_early_is_whole_and_goes_on_later(project, fault, said):
    give(project, fault)
    outcome, rows = download(project, *FROM)
    assert outcome.exit_code == 1
    assert said in rows["1m"]["trouble"]
    assert rows["1m"]["rows"] == 500
    assert len(closes(project)) == 500
    assert rows["funding"]["rows"] == 48, "the other series are downloaded all the same"
    give(project)
    outcome, rows = download(project, *FROM)
    assert outcome.exit_code == 0
    assert (rows["1m"]["added"], rows["1m"]["gaps"]) == (ROWS - 500, 0)


def test_in_parts_it_is_what_it_is_in_one(project):
    give(project, "dies")
    download(project, *FROM)
    give(project)
    download(project, *FROM)
    parts = closes(project)
    for path in folder(project).iterdir():
        path.unlink()
    download(project, *FROM)
    assert np.array_equal(parts, closes(project))


def test_a_killed_one_leaves_what_was_there(project):
    download(project, "--from", "2025-06-02", "--to", "2025-06-03")
    before = {path: path.read_bytes() for path in folder(project).iterdir()}
    give(project, "killed")
    outcome = project.apart("data", "download", "etc/nof0.yaml", "told", *FROM)
    assert outcome.exit_code == 9
    assert before == {path: path.read_bytes() for path in folder(project).iterdir()}
    give(project)
    _, rows = download(project, *FROM)
    assert (rows["1m"]["rows"], rows["1m"]["added"]) == (ROWS, ROWS // 2)


def test_gaps_are_told(project):
    give(project, "gap")
    outcome, rows = download(project, *FROM)
    assert outcome.exit_code == 0
    assert (rows["1m"]["gaps"], rows["1m"]["missing"], rows["1m"]["rows"]) == (1, 500, ROWS - 500)


def test_rates_in_percent_are_refused(project):
    give(project, "rates")
    outcome, rows = download(project, *FROM)
    assert outcome.exit_code == 1
    assert "a rate is 5.0, no fraction per hour" in rows["funding"]["trouble"]
    assert rows["1m"]["rows"] == ROWS


@pytest.mark.parametrize(("form", "suffix"), [("csv", ".csv.gz"), ("parquet", ".parquet")])
def test_a_damaged_file_is_named_and_left(project, form, suffix):
    download(project, *FROM, "--format", form)
    path = folder(project) / f"btc_1m{suffix}"
    path.write_bytes(path.read_bytes()[:-50])
    outcome = project.nof0("data", "download", "etc/nof0.yaml", "told", *FROM)
    assert outcome.exit_code == 1
    assert f"btc_1m{suffix}: cannot be read" in outcome.stderr


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_it_goes_on_in_the_form_it_has_and_both_say_the_same(project, form):
    download(project, "--from", "2025-06-02", "--to", "2025-06-03", "--format", form)
    outcome, rows = download(project, *FROM)
    assert outcome.exit_code == 0, outcome.stderr
    assert (rows["1m"]["rows"], rows["1m"]["added"]) == (ROWS, ROWS // 2)
    assert {Path(row["file"]).name for row in rows.values()} == {
        file_name("BTC", "1m", form, is_funding=False),
        file_name("BTC", "1h", form, is_funding=True),
    }
    kept = closes(project)
    other = "csv" if form == "parquet" else "parquet"
    before = {path: path.read_bytes() for path in folder(project).iterdir()}
    outcome = project.nof0("data", "download", "etc/nof0.yaml", "told", *FROM, "--format", other)
    assert outcome.exit_code == 1
    assert "holds the same series" in outcome.stderr
    assert "leave --format out" in outcome.stderr
    assert before == {path: path.read_bytes() for path in folder(project).iterdir()}
    for path in folder(project).iterdir():
        path.unlink()
    download(project, *FROM, "--format", other)
    assert np.array_equal(kept, closes(project))


def test_without_pyarrow_it_says_so_before_anything_is_asked(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    outcome = project.nof0("data", "download", "etc/nof0.yaml", "told", *FROM)
    assert outcome.exit_code == 1
    assert "writing Parquet needs pyarrow" in outcome.stderr
    assert "--format csv" in outcome.stderr
    assert not (project.directory / "asked.txt").exists()
    outcome, rows = download(project, *FROM, "--format", "csv")
    assert outcome.exit_code == 0
    assert rows["1m"]["rows"] == ROWS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothere", "--from", "2025-06-02"), "no trader uses a market section nothere"),
        (("told", "--from", "2125-06-02"), "nothing lies between"),
        (("told", "--from", "2025-06-02", "--interval", "90"), "not a bar interval"),
        (("told", "--from", "2025-06-02", "--symbols", "../x"), "cannot be the name of a file"),
    ],
)
def test_what_makes_no_sense_is_refused(project, words, said):
    outcome = project.nof0("data", "download", "etc/nof0.yaml", *words)
    assert outcome.exit_code == 2
    assert said in outcome.stderr


def test_a_market_without_a_history_says_so(project):
    text = "default: told\nproviders:\n  told: {type: sim}\nsymbols: [BTC]\nintervals: [3m, 15m]\n"
    (project.directory / "etc" / "market.yaml").write_text(text)
    outcome = project.nof0("data", "download", "etc/nof0.yaml", "told", *FROM)
    assert outcome.exit_code == 2
    assert "market told (sim) has no history to download" in outcome.stderr
