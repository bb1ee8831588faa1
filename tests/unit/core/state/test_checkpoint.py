"""A checkpoint on disk is whole, or it is not used."""

from __future__ import annotations

import json
import os
from contextlib import suppress

import pytest

from nof0_core.errors import CheckpointError
from nof0_core.state import checkpoint
from nof0_core.state.checkpoint import Checkpoint, Part, part_of


def made(seq=7, **more):
    known = {
        "engine": "nof0",
        "hash": "ab" * 32,
        "config_digest": "c",
        "parts": (
            Part(name="ledger", version=1, data=b'{"a":1}'),
            Part(name="empty", version=3, data=b""),
            Part(name="raw", version=2, data=b"\n\x00\n"),
        ),
    }
    return Checkpoint(seq=seq, **(known | more))


def test_what_was_written_is_read_back(tmp_path):
    path = checkpoint.write(tmp_path / "checkpoints", made())
    assert path == tmp_path / "checkpoints" / "7.ckpt"
    assert checkpoint.read(path) == made()
    head = json.loads(path.read_bytes().partition(b"\n")[0])
    assert list(head) == ["format", "engine", "seq", "hash", "config_digest", "parts"]
    assert list(head["parts"][0]) == ["name", "version", "bytes", "sha256"]


def test_the_two_newest_stay(tmp_path):
    for seq in (9, 10, 100, 8):
        checkpoint.write(tmp_path, made(seq))
    (tmp_path / "notes.txt").write_text("mine")
    assert [path.name for path in checkpoint.found(tmp_path)] == ["100.ckpt", "10.ckpt"]
    assert (tmp_path / "notes.txt").exists()


def test_without_a_directory_there_are_none(tmp_path):
    assert checkpoint.found(tmp_path / "away") == []
    (tmp_path / "file").write_text("")
    assert checkpoint.found(tmp_path / "file") == []


@pytest.mark.parametrize("place", range(0, 620, 6))
def test_a_byte_that_was_flipped_is_noticed_or_changes_nothing(tmp_path, place):
    path = checkpoint.write(tmp_path, made())
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1
    path.write_bytes(content)
    with suppress(CheckpointError):
        found = checkpoint.read(path)
        # Names, versions and digests of the first line are compared where they are used.
        assert [part.data for part in found.parts] == [part.data for part in made().parts]


def test_one_that_is_cut_off_anywhere_is_not_whole(tmp_path):
    path = checkpoint.write(tmp_path, made())
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(CheckpointError):
            checkpoint.read(path)
    path.write_bytes(content + b"x")
    with pytest.raises(CheckpointError, match="not whole"):
        checkpoint.read(path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"format": 2}, "of format 2, this nof0 reads format 1", id="format"),
        pytest.param({"seq": 8}, "one of record 8", id="renamed"),
        pytest.param({"more": 1}, "first line is damaged", id="key"),
        pytest.param({"parts": "no"}, "first line is damaged", id="parts"),
        pytest.param({"seq": -7}, "first line is damaged", id="number"),
    ],
)
def test_another_head_is_told(tmp_path, changes, says):
    path = checkpoint.write(tmp_path, made())
    line, _, rest = path.read_bytes().partition(b"\n")
    path.write_bytes(json.dumps(json.loads(line) | changes).encode() + b"\n" + rest)
    with pytest.raises(CheckpointError, match=says):
        checkpoint.read(path)


def test_a_part_is_found_by_name_in_its_version_alone():
    parts = made().parts
    assert part_of(parts, "ledger", 1) == b'{"a":1}'
    with pytest.raises(CheckpointError, match="ledger is of version 1, not 2"):
        part_of(parts, "ledger", 2)
    with pytest.raises(CheckpointError, match="no part brakes"):
        part_of(parts, "brakes", 1)


def test_one_that_cannot_be_written_leaves_the_older_ones(tmp_path, monkeypatch):
    checkpoint.write(tmp_path, made(7))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.write(tmp_path, made(8))
    assert [path.name for path in tmp_path.iterdir()] == ["7.ckpt"]


def test_what_is_no_file_is_told(tmp_path):
    (tmp_path / "7.ckpt").mkdir()
    with pytest.raises(CheckpointError, match=r"7\.ckpt: cannot be read"):
        checkpoint.read(tmp_path / "7.ckpt")
