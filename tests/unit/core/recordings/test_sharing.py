"""Recordings that several processes map into memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import nof0_provider_sim
from nof0_core.errors import DataError
from nof0_core.recordings.folder import load_folder
from nof0_core.recordings.mapped import open_mapped, write_mapped
from nof0_core.recordings.sharing import Shared, shared_recordings

BUNDLED = Path(nof0_provider_sim.__file__).parent / "data" / "hyperliquid_2025_07"
COINS = ("BTC", "ETH")


@pytest.fixture(scope="module")
def loaded():
    return load_folder(BUNDLED, COINS, allow_gaps=False)


def test_a_mapped_recording_is_the_one_that_was_written(loaded, tmp_path):
    write_mapped(tmp_path / "a.map", loaded)
    found = open_mapped(tmp_path / "a.map")
    assert found.digest() == loaded.digest()
    assert (found.covers, found.intervals()) == (loaded.covers, loaded.intervals())
    bars = found.series("BTC", "3m").candles
    assert not bars.close.flags.owndata
    with pytest.raises(ValueError, match="WRITEABLE"):
        bars.close.flags.writeable = True


def test_a_file_that_is_cut_off_or_another_is_refused(loaded, tmp_path):
    path = tmp_path / "a.map"
    write_mapped(path, loaded)
    os.truncate(path, path.stat().st_size - 9)
    with pytest.raises(DataError, match="cut off"):
        open_mapped(path)
    path.write_bytes(b"something else entirely")
    with pytest.raises(DataError, match="no mapped recording"):
        open_mapped(path)


def test_who_shares_reads_the_files_once_and_again_when_they_change(loaded, tmp_path):
    folder, store = tmp_path / "candles", tmp_path / "store"
    folder.mkdir()
    for path in BUNDLED.iterdir():
        if "btc" in path.name.lower():
            (folder / path.name).write_bytes(path.read_bytes())
    with shared_recordings(Shared(store)):
        first = load_folder(folder, ("BTC",), allow_gaps=False)
        assert load_folder(folder, ("BTC",), allow_gaps=False) is first
    [kept] = store.iterdir()
    with shared_recordings(Shared(store)):
        assert load_folder(folder, ("BTC",), allow_gaps=False).digest() == first.digest()
    kept.unlink()  # a mapped file is only ever replaced as a whole
    kept.write_bytes(b"damaged")
    with shared_recordings(Shared(store)):
        assert load_folder(folder, ("BTC",), allow_gaps=False).digest() == first.digest()
    os.utime(next(folder.iterdir()), (1, 1))
    with shared_recordings(Shared(store)):
        load_folder(folder, ("BTC",), allow_gaps=False)
    assert len(list(store.iterdir())) == 2
    assert load_folder(folder, ("BTC",), allow_gaps=False) is not first


def test_a_store_that_cannot_be_written_stops_nothing(loaded, tmp_path):
    (tmp_path / "store").write_text("a file")
    with shared_recordings(Shared(tmp_path / "store")):
        assert load_folder(BUNDLED, COINS, allow_gaps=False).digest() == loaded.digest()
