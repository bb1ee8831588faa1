"""Candles and funding of a database: what was shown in a run, played back."""

from __future__ import annotations

from pathlib import Path

import anyio
import numpy as np
import pytest
from called import started
from sqlalchemy import delete

import nof0_provider_sim
from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.errors import DataError
from nof0_core.project import load_config
from nof0_core.recordings.folder import load_folder
from nof0_core.sources import load_recording
from nof0_core.storage.database import opened
from nof0_core.storage.schema import KLINES
from nof0_provider_sim.config import SimMarketConfig
from nof0_provider_sim.market.opening import foreseen

BUNDLED = Path(nof0_provider_sim.__file__).parent / "data" / "hyperliquid_2025_07"


@pytest.fixture
def filled(target, told):
    """A database with the rows of a run on the bundled recording, and its data source."""
    anyio.run(lambda: target.fill(told, size=10_000))
    return target


def test_bars_and_rates_are_those_of_the_files_a_run_was_shown(filled):
    there = load_folder(BUNDLED, (), allow_gaps=False)
    found = load_recording(filled.settings.data_source)
    assert found.symbols == there.symbols
    assert found.covers.resolution == there.covers.resolution
    for symbol in found.symbols:
        assert set(found.intervals()[symbol]) == {"3m", "4h"}
        for interval in found.intervals()[symbol]:
            bars, wanted = (each.series(symbol, interval).candles for each in (found, there))
            first = int(np.searchsorted(wanted.open_time, bars.open_time[0]))
            assert len(bars) >= 10
            assert bars == wanted[first : first + len(bars)]
        hour = to_ms(found.covers.end)
        assert found.rate(symbol).at(hour) == there.rate(symbol).at(hour) != 0
    # The period is that of all series together.
    assert from_ms(to_ms(found.covers.start)) < found.covers.end


def test_coins_are_spelled_and_chosen_as_asked(filled):
    source = filled.settings.data_source
    assert load_recording(source, ["btc", "Eth"]).symbols == ("Eth", "btc")
    with pytest.raises(DataError, match="no candles of PEPE from a market section"):
        load_recording(source, ["BTC", "PEPE"])


def test_gaps_and_bars_that_cannot_be_are_told_with_their_place(filled):
    source = filled.settings.data_source
    third = load_recording(source).series("SOL", "3m").candles.open_time[3]

    async def lose():
        async with opened(filled.settings) as database, database.transaction() as session:
            at = KLINES.c.symbol == "SOL", KLINES.c.timestamp == from_ms(int(third))
            await session.execute(delete(KLINES).where(*at))

    anyio.run(lose)
    with pytest.raises(DataError, match=r"klines \(recorded SOL 3m\): row 4: 1 3m row missing"):
        load_recording(source)
    assert load_recording(source, allow_gaps=True).symbols
    anyio.run(filled.execute, "UPDATE klines SET low = -1 WHERE symbol = 'ETH'")
    with pytest.raises(DataError, match=r"recorded ETH 3m\): row 1: a price is not above 0"):
        load_recording(source, allow_gaps=True)


def test_of_several_sections_one_has_to_be_named(filled):
    source = filled.settings.data_source
    anyio.run(
        filled.execute,
        "INSERT INTO klines SELECT 'other', symbol, interval, timestamp, engine, seq, open, high, "
        "low, close, volume FROM klines WHERE symbol = 'BTC'",
    )
    with pytest.raises(DataError, match="several market sections: other, recorded"):
        load_recording(source)
    assert load_recording(source, section="other").symbols == ("BTC",)
    with pytest.raises(DataError, match='no candles of any coin from a market section "x"'):
        load_recording(source, section="x")


def test_a_database_without_candles_is_told(emptied, tmp_path):
    with pytest.raises(DataError, match="the database has no tables"):
        load_recording(emptied)
    with pytest.raises(DataError, match="candles of the database: the database refused: unable"):
        load_recording(f"sqlite:///{tmp_path / 'none.db'}")
    assert not (tmp_path / "none.db").exists()


def test_the_market_tells_beforehand_what_it_will_have(filled):
    config = SimMarketConfig(data_source="database", database=filled.settings.data_source)
    found = load_recording(filled.settings.data_source)
    told = foreseen(config)
    assert (told.start, told.end) == (found.covers.start, found.covers.end)
    assert told.intervals == found.intervals()


def test_a_backtest_over_what_a_run_was_shown(tmp_path):
    project = started(tmp_path / "project")
    etc = project.directory / "etc"
    config = (etc / "nof0.yaml").read_text()
    (etc / "nof0.yaml").write_text(config + "\nExporters: [{type: sql}]\n")
    assert project.nof0("run", "etc/nof0.yaml", "--cycles", "6").exit_code == 0
    market = (etc / "market.yaml").read_text()
    place = "data_source: database\n    database: sqlite:///../data/nof0.db\n    type: sim"
    (etc / "market.yaml").write_text(market.replace("type: sim", place, 1))
    (etc / "nof0.yaml").write_text(config.replace("2025-07-23T00:00", "2025-07-23T00:09"))
    loaded = load_config(etc / "nof0.yaml", environ={})
    (section,) = loaded.markets.values()
    assert section.config.database == f"sqlite:///{project.directory / 'data' / 'nof0.db'}"
    done = project.nof0("backtest", "etc/nof0.yaml")
    assert done.exit_code == 0, done.stderr
    assert "look-ahead: none found" in done.stdout + done.stderr
    (etc / "market.yaml").write_text(
        market.replace("type: sim", "data_source: database\n    type: sim", 1)
    )
    done = project.nof0("check", "etc/nof0.yaml")
    assert done.exit_code == 2
    assert "set Postgres.DataSource, or add a `sql` exporter" in done.stderr
