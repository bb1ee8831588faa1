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
