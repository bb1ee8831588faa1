"""What stands in a day file, plain or compressed, from chunk to chunk.

No file stays open between two looks: a merged read over hundreds of streams has one open at a time.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from nof0_core.errors import DamagedDayError
from nof0_core.files import open_regular
from nof0_core.journal.places import day_file, day_of, is_packed, packed_file

CHUNK = 64 * 1024
"""Bytes of content that are held of a stream while it is read, and those of a line begun."""
PACKED_CHUNK = 16 * 1024
"""Bytes of a compressed file that are read at once."""
HEADER = bytes.fromhex("1f8b08000000000000ff")
"""How each compressed day begins: no name, no time, so that it is a function of its content."""
CUT = "it is cut off"
TOO_LONG = "something stands behind its end"
FOREIGN = "its header is not that of a compressed day"
GZIP = 31
"""What zlib calls a header and a trailer of gzip, with its checksum."""


class PackedContent:
    """The content of one compressed file, from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inflate = zlib.decompressobj(GZIP)
        self._taken = 0

    def read(self, size: int = CHUNK) -> bytes:
        """Return the next bytes, at most `size`; none at the end.

        Raises:
            DamagedDayError: it is no whole compressed day.
            OSError: it cannot be read.
        """
        while not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._take()
            try:
                found = self._inflate.decompress(packed, size)
            except zlib.error as error:
                reason = f"it cannot be unpacked ({error})"
                raise DamagedDayError(str(self._path), reason) from error
            if found:
                return found
            if not packed and not self._inflate.eof:
                raise DamagedDayError(str(self._path), CUT)
        if self._inflate.unused_data or self._take():
            raise DamagedDayError(str(self._path), TOO_LONG)
        return b""

    def _take(self) -> bytes:
        packed = read_at(self._path, self._taken, PACKED_CHUNK)
        if not self._taken and packed[: len(HEADER)] != HEADER:
            raise DamagedDayError(str(self._path), CUT if HEADER.startswith(packed) else FOREIGN)
        self._taken += len(packed)
        return packed


class DayContent:
    """The content of a day, whichever of its two files has it by the time it is read.

    A file that is replaced by the other one in between is no fault: it holds the same.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._begin()

    def skip(self, offset: int) -> None:
        """Go on at an offset behind the present one, in bytes of content."""
        self._offset = offset

    def read(self, size: int = CHUNK) -> bytes:
        """Return the next bytes, at most `size`; none at what is the end by now.

        Raises:
            DamagedDayError: the file is compressed, and no whole compressed day.
            FileNotFoundError: neither file of the day is there any more.
            OSError: it cannot be read.
        """
        try:
            return self._read(size)
        except FileNotFoundError:
            directory, day = self._path.parent, day_of(self._path)
            other = day_file if is_packed(self._path) else packed_file
            self._path = other(directory, day)
            self._begin()
            return self._read(size)

    def _begin(self) -> None:
        self._packed = PackedContent(self._path) if is_packed(self._path) else None
        self._unpacked = 0

    def _read(self, size: int) -> bytes:
        if self._packed is None:
            found = read_at(self._path, self._offset, size)
            self._offset += len(found)
            return found
        while found := self._packed.read(size):
            self._unpacked += len(found)
            if self._unpacked > self._offset:
                new = found[max(0, len(found) - (self._unpacked - self._offset)) :]
                self._offset = self._unpacked
                return new
        return b""


def lines_of(content: DayContent | PackedContent) -> Iterator[bytes]:
    """Yield the lines from where the content is, with their line breaks; the last may have none.

    Raises:
        DamagedDayError, OSError: as its `read`.
    """
    rest = b""
    while chunk := content.read():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def read_at(path: Path, offset: int, size: int) -> bytes:
    """Return what stands at an offset of a file, which is open only meanwhile.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = open_regular(path)
    try:
        return os.pread(descriptor, size, offset)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as it is on disk.

    Raises:
        OSError: it cannot be read.
    """
    found, offset = hashlib.sha256(), 0
    while chunk := read_at(path, offset, CHUNK):
        found.update(chunk)
        offset += len(chunk)
    return found.hexdigest()


def damage(path: Path, digest: str = "") -> str:
    """Say what is wrong with a compressed day as a file; empty where nothing is.

    Args:
        path: the file; of a plain one nothing can be said.
        digest: the SHA-256 it had when it was packed. Without it a few bits that mean nothing, and
            are only there to fill up a byte, may be others than they were.

    Raises:
        OSError: it cannot be read.
    """
    if not is_packed(path):
        return ""
    try:
        if digest and sha256_of(path) == digest:
            return ""
        content = PackedContent(path)
        while content.read():
            pass
    except FileNotFoundError:
        return ""  # unpacked again meanwhile
    except DamagedDayError as error:
        return error.reason
    return "it is not the file that was packed" if digest else ""
