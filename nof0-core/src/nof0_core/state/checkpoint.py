"""A checkpoint: what everybody remembers at one record of the journal, in one file.

    <directory>/<seq>.ckpt

One line of JSON, `{"format", "engine", "seq", "hash", "config_digest", "parts": [{"name",
"version", "bytes", "sha256"}, …]}`, then the parts, one right after the other. `seq` and `hash` are
those of the journal's record it was made after. The two newest files are kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import attrs
import msgspec

from nof0_core.disk import replace_durably
from nof0_core.errors import CheckpointError
from nof0_core.files import in_words, read_bytes

FORMAT = 1
DIRECTORY = "checkpoints"
"""Where they are in the data directory."""
KEPT = 2
_NAME = re.compile(r"[1-9][0-9]{0,17}\.ckpt")
_LONGEST_HEAD = 1_000_000


@attrs.frozen(kw_only=True)
class Part:
    """What one projection has dumped, in which version of its form."""

    name: str
    version: int
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Checkpoint:
    """What all remember after the journal's record `seq`, whose hash is `hash`.

    `engine` is the name of the engine that made it, `config_digest` that of its configuration.
    """

    engine: str
    seq: int
    hash: str
    config_digest: str
    parts: tuple[Part, ...]


class _PartHead(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: int
    bytes: int
    sha256: str


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    engine: str
    seq: int
    hash: str
    config_digest: str
    parts: list[_PartHead]


class _Format(msgspec.Struct):
    format: int


def write(directory: Path, checkpoint: Checkpoint) -> Path:
    """Put a checkpoint on disk for good, and take the older ones away.

    All up to its record has to be on disk before.

    Raises:
        OSError: it could not be written; the older ones are still there.
    """
    head = _Head(
        format=FORMAT,
        engine=checkpoint.engine,
        seq=checkpoint.seq,
        hash=checkpoint.hash,
        config_digest=checkpoint.config_digest,
        parts=[
            _PartHead(part.name, part.version, len(part.data), _digest(part.data))
            for part in checkpoint.parts
        ],
    )
    directory.mkdir(parents=True, exist_ok=True)
    path = path_of(directory, checkpoint.seq)
    content = [msgspec.json.encode(head), b"\n", *(part.data for part in checkpoint.parts)]
    try:
        replace_durably(path, b"".join(content))
    except OSError:
        with suppress(OSError):
            path.with_name(f".{path.name}.part").unlink()
        raise
    for old in found(directory)[KEPT:]:
        # One that stays behind is looked at after the newer ones, if ever.
        with suppress(OSError):
            old.unlink()
    return path


def found(directory: Path) -> list[Path]:
    """Return the checkpoints of a directory, the newest first; other files are none."""
    try:
        names = [entry.name for entry in directory.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    names = [name for name in names if _NAME.fullmatch(name)]
    return [directory / name for name in sorted(names, key=_number, reverse=True)]


def path_of(directory: Path, seq: int) -> Path:
    """Return where the checkpoint of a record is."""
    return directory / f"{seq}.ckpt"


def seq_of(path: Path) -> int:
    """Return the number of the record a checkpoint is of, by its name."""
    return _number(path.name)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint and check every byte of it.

    Raises:
        CheckpointError: it cannot be read, is torn or damaged, or of another format.
    """
    try:
        content = read_bytes(path)
    except OSError as error:
        message = f"{path}: cannot be read: {in_words(error)}"
        raise CheckpointError(message) from error
    start = content.find(b"\n", 0, _LONGEST_HEAD) + 1
    head = _head(path, content[: max(0, start - 1)])
    if path.name != f"{head.seq}.ckpt":
        message = f"{path}: it is one of record {head.seq}"
        raise CheckpointError(message)
    if start + sum(part.bytes for part in head.parts) != len(content):
        message = f"{path}: it is not whole"
        raise CheckpointError(message)
    parts = []
    for part in head.parts:
        data = content[start : start + part.bytes]
        start += part.bytes
        if _digest(data) != part.sha256:
            message = f"{path}: its part {part.name} is damaged"
            raise CheckpointError(message)
        parts.append(Part(name=part.name, version=part.version, data=data))
    return Checkpoint(
        engine=head.engine,
        seq=head.seq,
        hash=head.hash,
        config_digest=head.config_digest,
        parts=tuple(parts),
    )


def part_of(parts: Sequence[Part], name: str, version: int) -> bytes:
    """Return what a projection has dumped.

    Raises:
        CheckpointError: it is not there, or of another version.
    """
    for part in parts:
        if part.name == name:
            if part.version == version:
                return part.data
            message = f"its part {name} is of version {part.version}, not {version}"
            raise CheckpointError(message)
    message = f"it has no part {name}"
    raise CheckpointError(message)


def _head(path: Path, line: bytes) -> _Head:
    try:
        number = msgspec.json.decode(line, type=_Format).format
        if number != FORMAT:
            message = f"{path}: it is of format {number}, this nof0 reads format {FORMAT}"
            raise CheckpointError(message)
        head = msgspec.json.decode(line, type=_Head)
    except msgspec.MsgspecError as error:
        message = f"{path}: its first line is damaged"
        raise CheckpointError(message) from error
    if head.seq < 1 or any(part.bytes < 0 for part in head.parts):
        message = f"{path}: its first line is damaged"
        raise CheckpointError(message)
    return head


def _number(name: str) -> int:
    return int(name.removesuffix(".ckpt"))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
