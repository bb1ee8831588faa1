"""The log file: what cannot be written there is lost, and nothing else is."""

from __future__ import annotations

import errno
import os

import pytest

from nof0_core.runtime import log_file
from nof0_core.runtime.log_file import LogFile


def test_a_file_that_is_none_is_told_once_and_tried_again(tmp_path):
    path, told = tmp_path / "x" / "nof0.log", []
    path.mkdir(parents=True)
    file = LogFile(path, told.append)
    file.write("one\n")
    assert [line.partition(": it is")[2] for line in told] == [" a directory: name a file"]
    path.rmdir()
    file.write("two\n")
    assert path.read_text() == "two\n"
    file.close()
    assert len(told) == 1


def test_a_full_disk_costs_lines_and_no_more(tmp_path, monkeypatch):
    path, told, room = tmp_path / "nof0.log", [], [1000]
    real = os.write

    def write(descriptor, data):
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sent = real(descriptor, bytes(data)[: room[0]])
        room[0] -= sent
        return sent

    file = LogFile(path, told.append)
    monkeypatch.setattr(log_file.os, "write", write)
    room[0] = 6
    file.write("first\n")
    file.write("second\n")
    file.write("third\n")
    room[0] = 3
    file.write("fourth\n")
    room[0] = 1000
    file.write("fifth\n")
    file.close()
    assert path.read_text() == "first\nfou\nfifth\n"
    assert len(told) == 1
    assert "the disk is full" in told[0]


@pytest.mark.parametrize("text", ["a \udce4 b\n", "ä\n"])
def test_any_text_can_be_written(tmp_path, text):
    path = tmp_path / "nof0.log"
    file = LogFile(path, pytest.fail)
    file.write(text)
    file.close()
    assert path.read_bytes().endswith(b"\n")


def filled(path, lines, **limits):
    told = []
    file = LogFile(path, told.append, **limits)
    for line in lines:
        file.write(line)
    file.close()
    return told


def test_a_file_that_would_grow_too_large_is_put_aside_and_the_oldest_go(tmp_path):
    path = tmp_path / "nof0.log"
    assert not filled(path, [f"{n:09}\n" for n in range(10)], max_bytes=25, keep=2)
    found = {one.name: one.read_text().split() for one in tmp_path.iterdir()}
    assert found == {
        "nof0.log": ["000000008", "000000009"],
        "nof0.log.1": ["000000006", "000000007"],
        "nof0.log.2": ["000000004", "000000005"],
    }


def test_one_line_that_is_larger_than_the_limit_is_whole(tmp_path):
    path = tmp_path / "nof0.log"
    filled(path, ["x" * 100 + "\n", "y" * 100 + "\n"], max_bytes=10, keep=1)
    assert path.read_text() == "y" * 100 + "\n"
    assert (tmp_path / "nof0.log.1").read_text() == "x" * 100 + "\n"


def test_without_any_kept_only_the_newest_stays(tmp_path):
    path = tmp_path / "nof0.log"
    filled(path, [f"{n:09}\n" for n in range(10)], max_bytes=25, keep=0)
    assert [one.name for one in tmp_path.iterdir()] == ["nof0.log"]


def test_a_file_of_an_earlier_run_counts(tmp_path):
    path = tmp_path / "nof0.log"
    path.write_text("x" * 30 + "\n")
    filled(path, ["new\n"], max_bytes=25, keep=1)
    assert path.read_text() == "new\n"


def test_a_file_that_somebody_else_puts_aside_is_begun_anew(tmp_path):
    path, told = tmp_path / "nof0.log", []
    file = LogFile(path, told.append)
    file.write("one\n")
    path.rename(tmp_path / "kept")
    file.write("two\n")
    path.unlink()
    file.write("three\n")
    file.close()
    assert (tmp_path / "kept").read_text() == "one\n"
    assert path.read_text() == "three\n"
    assert not told


def test_two_processes_that_write_the_same_file_lose_no_line(tmp_path):
    path, told = tmp_path / "nof0.log", []
    files = [LogFile(path, told.append, max_bytes=100, keep=50) for _ in range(2)]
    for number in range(100):
        files[number % 2].write(f"{number:09}\n")
    for file in files:
        file.close()
    found = [line for one in tmp_path.iterdir() for line in one.read_text().split()]
    assert sorted(map(int, found)) == list(range(100))


def test_where_it_cannot_be_put_aside_it_grows(tmp_path):
    path = tmp_path / "nof0.log"
    (tmp_path / "nof0.log.1").mkdir()
    (tmp_path / "nof0.log.1" / "x").touch()
    filled(path, [f"{n:09}\n" for n in range(10)], max_bytes=25, keep=1)
    assert len(path.read_text().split()) == 10
