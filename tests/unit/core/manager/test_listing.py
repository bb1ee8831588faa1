"""A directory of requests is listed when something may have come, and now and then."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nof0_core.domain.vocabulary import ControlCommand
from nof0_core.errors import UsageError
from nof0_core.manager.requests import Requests, listing

NOW = datetime(2025, 7, 1, tzinfo=UTC)


class Seconds:
    """Real time, moved by hand."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def time(monkeypatch):
    made = Seconds()
    monkeypatch.setattr(listing, "stopwatch", made)
    return made


@pytest.fixture
def listed(monkeypatch):
    """Which directories were listed."""
    found, iterdir = [], Path.iterdir

    def noted(path):
        found.append(path)
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", noted)
    return found


def quiet(requests, time):
    """Look until nothing is listed any more."""
    requests.directory.mkdir(parents=True)
    assert requests.read() == []
    time.now += listing.SETTLED
    assert requests.read() == []


def test_a_directory_that_is_not_there_is_not_listed(tmp_path, time, listed):
    requests = Requests(tmp_path)
    assert requests.read() == []
    assert listed == []
    requests.add(ControlCommand.PAUSE, "ann", None, NOW)
    assert [r.trader for r in requests.read()] == ["ann"]


def test_while_nothing_has_come_it_is_not_listed(tmp_path, time, listed):
    requests = Requests(tmp_path)
    quiet(requests, time)
    listed.clear()
    for _ in range(9):
        time.now += 1
        assert requests.read() == requests.look() == []
    assert listed == []


def test_what_comes_is_found_at_the_next_look(tmp_path, time, listed):
    requests = Requests(tmp_path)
    quiet(requests, time)
    requests.add(ControlCommand.PAUSE, "ann", None, NOW)
    assert [r.trader for r in requests.look()] == ["ann"]
    # As long as it waits it is found again.
    assert [r.trader for r in requests.read()] == ["ann"]
    requests.drop(requests.read()[0])
    assert requests.read() == []


def test_what_comes_within_the_grain_of_the_stamp_is_found(tmp_path, time):
    requests = Requests(tmp_path)
    requests.directory.mkdir(parents=True)
    stamp = requests.directory.stat()
    assert requests.read() == []
    requests.add(ControlCommand.PAUSE, "ann", None, NOW)
    os.utime(requests.directory, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert [r.trader for r in requests.read()] == ["ann"]


def test_where_no_stamp_is_kept_it_is_listed_all_the_same_now_and_then(tmp_path, time):
    requests = Requests(tmp_path)
    quiet(requests, time)
    stamp = requests.directory.stat()
    requests.add(ControlCommand.PAUSE, "ann", None, NOW)
    os.utime(requests.directory, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert requests.read() == []
    time.now += listing.AT_LEAST
    assert [r.trader for r in requests.read()] == ["ann"]


def test_a_directory_that_cannot_be_read_is_told(tmp_path, time):
    requests = Requests(tmp_path)
    requests.directory.parent.mkdir()
    requests.directory.write_text("")
    with pytest.raises(UsageError, match="cannot be read"):
        requests.read()
