"""Room that is really taken, and given back."""

from __future__ import annotations

import os

import pytest
from small_disk import SmallDisk

from nof0_core.journal.reserve import SIZE, Reserve


def test_the_room_is_really_taken(tmp_path):
    reserve = Reserve(tmp_path / "reserve")
    assert reserve.make()
    found = (tmp_path / "reserve").stat()
    assert found.st_size == SIZE == 16 * 1024 * 1024
    assert found.st_blocks * 512 >= SIZE
    assert reserve.make()
    reserve.release()
    assert list(tmp_path.iterdir()) == []
    reserve.release()


def test_a_hole_is_no_reserve(tmp_path):
    with (tmp_path / "reserve").open("wb") as file:
        os.truncate(file.fileno(), SIZE)
    assert Reserve(tmp_path / "reserve").make()
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= SIZE


@pytest.mark.parametrize("room", [0, 3000, 4096, 8191])
def test_without_as_much_beside_it_nothing_is_taken(tmp_path, monkeypatch, room):
    disk = SmallDisk(monkeypatch, room)
    assert not Reserve(tmp_path / "reserve", 4096).make()
    assert (disk.room, list(tmp_path.iterdir())) == (room, [])
    disk.room = 8192
    assert Reserve(tmp_path / "reserve", 4096).make()
    assert disk.room == 4096


def test_a_quota_that_gives_less_than_the_file_system_promises_leaves_nothing(
    tmp_path, monkeypatch
):
    disk = SmallDisk(monkeypatch, 100)
    disk.promised = 10_000
    assert not Reserve(tmp_path / "reserve", 4096).make()
    assert list(tmp_path.iterdir()) == []
