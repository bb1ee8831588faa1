"""Files at paths that somebody wrote down: opened so that nothing found there can hold nof0 up.

A path may lead to a pipe that nobody writes to, a device without an end or a directory. What is
opened is judged by its descriptor, never by a look before: between the two it could change. Where
something else than a file is found, nothing is read from it.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

MEGABYTE = 1_000_000
TEXT_LIMIT = MEGABYTE
"""Bytes of a text that people write by hand: configuration, `.env`, template."""

_KINDS = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_WORDS = {
    errno.EACCES: "this user may not: permission denied",
    errno.EPERM: "this user may not: permission denied",
    errno.EISDIR: "it is a directory: name a file",
    errno.ELOOP: "its symbolic links lead in a circle: name the file they should lead to",
    errno.ENAMETOOLONG: "its name is too long: 255 bytes are the most, 4095 with directories",
    errno.ENOTDIR: "a part of the path is no directory: correct the path",
    errno.ENXIO: "it is a pipe, a socket or a device without its other side: name a regular file",
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "the disk is full for this user: make room",
    errno.EROFS: "the disk is mounted read-only",
}


def open_regular(path: Path | str, flags: int = os.O_RDONLY, mode: int = 0o644) -> int:
    """Open a regular file and return its descriptor, which blocks and is not inherited.

    Raises:
        OSError: it cannot be opened, or is none; `strerror` says why and what to do, in words that
            follow `… cannot be read: `, and never what stands in the file. `FileNotFoundError`
            where nothing is there.
    """
    try:
        # Without O_NONBLOCK it is already opening a pipe that waits, maybe for ever.
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    except OSError as error:
        raise _in_words(error, path) from None
    except ValueError:
        # A NUL character, or one that no name on this system can have.
        raise _fault(errno.EINVAL, "its name has a character no path has", path) from None
    try:
        found = os.fstat(descriptor).st_mode
        if stat.S_ISREG(found):
            os.set_blocking(descriptor, True)
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    number = errno.EISDIR if stat.S_ISDIR(found) else errno.EINVAL
    raise _fault(number, f"it is {_kind(found)}: name a regular file", path)


def opened(path: Path | str) -> BinaryIO:
    """Open a regular file of any size to be read.

    Raises:
        OSError: as `open_regular`.
    """
    return os.fdopen(open_regular(path), "rb")


def read_regular(path: Path | str) -> tuple[bytes, os.stat_result]:
    """Read a regular file of any size, with what is known of the very file that was read.

    Raises:
        OSError: as `open_regular`.
    """
    with opened(path) as file:
        about = os.fstat(file.fileno())
        return file.read(), about


def begun(path: Path | str, mode: int = 0o644) -> BinaryIO:
    """Open a regular file to be written from its beginning, made if missing.

    Raises:
        OSError: as `open_regular`.
    """
    return os.fdopen(open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb")


def read_bytes(path: Path | str, *, limit: int | None = None) -> bytes:
    """Read a regular file as a whole.

    Args:
        path: the file.
        limit: the most bytes it may have; None: as many as there are.

    Raises:
        OSError: as `open_regular`, or for a file above the limit.
    """
    with opened(path) as file:
        # Asked for one more than allowed: what a file says of its size may be wrong.
        try:
            data = file.read() if limit is None else file.read(limit + 1)
        except OSError as error:
            raise _in_words(error, path) from None
    if limit is not None and len(data) > limit:
        most = f"{limit / MEGABYTE:g} MB"
        raise _fault(errno.EFBIG, f"it has more than {most}: is it the right file?", path)
    return data


def read_text(path: Path | str, *, limit: int | None = TEXT_LIMIT) -> str:
    """Read a regular file of UTF-8 text as a whole; a byte order mark in front is left out.

    Raises:
        OSError: as `read_bytes`, or for a file that is no such text.
    """
    try:
        return read_bytes(path, limit=limit).decode("utf-8-sig")
    except UnicodeDecodeError:
        # Not the error's own words: they quote what stands there.
        raise _fault(errno.EILSEQ, "it is not UTF-8 text: save it as UTF-8", path) from None


def absolute(path: Path | str) -> Path:
    """Make a path absolute, and leave the links in it as they are, like whoever wrote it down.

    Only up to its last `..`, which is above what a link leads to, links have to be followed. What
    is kept at a path is there and not where something put in its place leads. A circle of links is
    taken as it is: who needs what should be there says so.

    Raises:
        ValueError: it has a character no path has.
    """
    parts = Path(path).parts
    last = max((at for at, part in enumerate(parts, start=1) if part == ".."), default=0)
    found = Path(os.path.realpath(Path(*parts[:last])) if last else "", *parts[last:]).absolute()
    if b"\0" in os.fsencode(found):
        message = "a path has no NUL character"
        raise ValueError(message)
    return found


def no_directory(path: Path | str) -> str:
    """Say why nothing can be kept in a directory, which need not be there yet; empty if it can.

    Looks at what is there only: whether this user may write there is not asked.
    """
    place = Path(path)
    try:
        found = os.stat(place)  # noqa: PTH116 - pathlib takes a circle of links for nothing
    except FileNotFoundError:
        if place.is_symlink():
            return "it is a symbolic link to what is not there: is a disk not mounted?"
        return no_directory(place.parent) if place != place.parent else ""
    except OSError as error:
        return in_words(error)
    except ValueError:
        return "its name has a character no path has"
    if stat.S_ISDIR(found.st_mode):
        return ""
    return f"{place} is {_kind(found.st_mode)}, not a directory: name another place"


def no_file(path: Path | str) -> str:
    """Say why no file can be put at a path, where none need be yet; empty if one can."""
    try:
        found = os.stat(path)  # noqa: PTH116 - as above
    except FileNotFoundError:
        return no_directory(Path(path).parent)
    except OSError as error:
        return in_words(error)
    except ValueError:
        return "its name has a character no path has"
    return "" if stat.S_ISREG(found.st_mode) else f"it is {_kind(found.st_mode)}: name a file"


def in_words(error: OSError) -> str:
    """Say why a file could not be used, and what to do, after `… cannot be read: `."""
    return _WORDS.get(error.errno or 0) or error.strerror or type(error).__name__


def _in_words(error: OSError, path: Path | str) -> OSError:
    return _fault(error.errno or errno.EIO, in_words(error), path)


def _kind(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "something odd")


def _fault(number: int, words: str, path: Path | str) -> OSError:
    return OSError(number, words, str(path))
