"""Reading what a path leads to: a regular file, or words on what it is instead."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from nof0_core.files import (
    TEXT_LIMIT,
    absolute,
    in_words,
    no_directory,
    no_file,
    open_regular,
    opened,
    read_bytes,
    read_text,
)

SECRET = b"sk-canary-4711"


def fifo(path):
    os.mkfifo(path)


def loop(path):
    path.symlink_to(path)


def listening(path):
    with socket.socket(socket.AF_UNIX) as one:
        # The name of a socket may be short only.
        home = os.open(path.parent, os.O_RDONLY)
        try:
            one.bind(f"/proc/self/fd/{home}/{path.name}")
        finally:
            os.close(home)


def to_device(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (fifo, "it is a pipe: name a regular file"),
        (listening, "a socket"),
        (to_device, "it is a device"),
        (lambda path: path.mkdir(), "it is a directory"),
        (loop, "lead in a circle"),
        (lambda path: path.symlink_to("nowhere"), "No such file"),
    ],
)
@pytest.mark.parametrize("read", [read_bytes, read_text, opened, open_regular])
def test_what_is_no_file_is_said_without_waiting_for_it(tmp_path, make, words, read):
    path = tmp_path / "named"
    make(path)
    with pytest.raises(OSError, match=words) as error:
        read(path)
    assert error.value.filename == str(path)


@pytest.mark.parametrize(
    ("path", "words"),
    [("a\0b", "a character no path has"), ("x" * 300, "name is too long"), ("file/x", "directory")],
)
def test_a_path_that_leads_nowhere_is_said(tmp_path, path, words):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=words):
        read_bytes(tmp_path / path)


def test_a_missing_file_is_told_from_all_other_faults(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none")


def test_a_pipe_is_not_written_to_either(tmp_path):
    path = tmp_path / "log"
    fifo(path)
    with pytest.raises(OSError, match="pipe"):
        open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(OSError, match="it is a pipe"):
            open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    finally:
        os.close(reader)


def test_no_descriptor_is_left_open_by_a_refusal(tmp_path):
    fifo(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(OSError, match="pipe"):
            read_bytes(tmp_path / "pipe")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_over_the_limit_is_refused_and_one_at_it_read(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"x" * TEXT_LIMIT)
    assert len(read_text(path)) == TEXT_LIMIT
    path.write_bytes(b"x" * (TEXT_LIMIT + 1))
    with pytest.raises(OSError, match="more than 1 MB") as error:
        read_text(path)
    assert error.value.errno == errno.EFBIG
    assert len(read_text(path, limit=None)) == TEXT_LIMIT + 1


def test_text_of_another_encoding_is_refused_without_a_piece_of_it(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(SECRET + b"\xff\xfe")
    with pytest.raises(OSError, match="not UTF-8") as error:
        read_text(path)
    assert SECRET.decode() not in f"{error.value!r}"
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfKEY=abc\n")
    assert read_text(path) == "KEY=abc\n"


@pytest.mark.parametrize("make", [fifo, loop, to_device, lambda path: path.write_text("")])
def test_what_stands_in_the_way_of_a_directory_is_said(tmp_path, make):
    make(tmp_path / "named")
    assert no_directory(tmp_path / "named")
    assert no_directory(tmp_path / "named" / "below")
    assert no_directory(tmp_path / "new" / "below") == ""
    assert no_directory(tmp_path) == ""
    assert not (tmp_path / "new").exists()


def test_a_file_can_be_put_where_none_or_a_file_is(tmp_path):
    (tmp_path / "there").write_text("x")
    assert no_file(tmp_path / "there") == ""
    assert no_file(tmp_path / "new" / "file") == ""
    assert "directory" in no_file(tmp_path)
    assert "no directory" in no_file(tmp_path / "there" / "file")


def test_the_descriptor_waits_as_any_other_does(tmp_path):
    path = tmp_path / "text"
    path.write_text("x")
    descriptor = open_regular(path)
    try:
        assert os.get_blocking(descriptor)
        assert not os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EIO])
def test_every_fault_of_the_system_has_words(number):
    assert in_words(OSError(number, os.strerror(number)))
    assert in_words(OSError("odd")) == "OSError"


def test_a_path_keeps_its_links_but_those_in_front_of_two_dots(tmp_path, monkeypatch):
    (tmp_path / "far" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("far/inner")
    monkeypatch.chdir(tmp_path)
    assert absolute("link") == absolute(tmp_path / "link") == tmp_path / "link"
    assert absolute("link/../link") == tmp_path / "far" / "link"
    with pytest.raises(ValueError, match="NUL"):
        absolute("a\0b")
