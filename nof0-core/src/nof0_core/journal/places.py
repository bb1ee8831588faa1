"""Where the streams of a journal are on disk.

    <root>/<stream>/<YYYY-MM-DD>.jsonl
    <root>/<stream>/<YYYY-MM-DD>.jsonl.gz

The second is a closed day, compressed. Where both are there, which only a crash leaves behind, the
plain one counts: it is never put in its place before it is whole.

A trader with a directory of its own has its stream in `<elsewhere>/<stream>/`. A symbolic link
`<root>/<stream>` leads there, so the root alone leads to every record, whatever the configuration
says later.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from nof0_core.errors import JournalError, UsageError
from nof0_core.files import begun, in_words
from nof0_core.ids import TraderId

_DAY_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})\.jsonl(\.gz)?")
_DRAFT = re.compile(r"\.\d{4}-\d{2}-\d{2}\.jsonl(\.gz)?\.part")
_PACKED = ".gz"
_STREAM = re.compile(r'[^./\\"\x00-\x1f\x7f][^/\\"\x00-\x1f\x7f]*')


def day_files(directory: Path) -> list[Path]:
    """Return the file of each day of a stream, oldest first, the plain one where there are two.

    Other files are none of the journal's.
    """
    return days_among(directory, names_in(directory))


def days_among(directory: Path, names: Iterable[str]) -> list[Path]:
    """Return the day files among the names of what is in a directory, as `day_files` does."""
    found: dict[date, Path] = {}
    # In this order the plain name of a day comes before the other.
    for name in sorted(names):
        parts = _DAY_FILE.fullmatch(name)
        if parts is not None and (day := _day(parts[1])) is not None:
            found.setdefault(day, directory / name)
    return [found[day] for day in sorted(found)]


def older_files(directory: Path) -> list[Path]:
    """Return the day files of a stream but the newest one that has something in it.

    That one may have to grow, also where a later file was begun and a crash has emptied it.
    """
    return [path for path in day_files(directory) if path.stat().st_size][:-1]


def day_file(directory: Path, day: date) -> Path:
    """Return the plain file of a day."""
    return directory / f"{day.isoformat()}.jsonl"


def packed_file(directory: Path, day: date) -> Path:
    """Return the compressed file of a day."""
    return directory / f"{day.isoformat()}.jsonl{_PACKED}"


def kept_file(directory: Path, day: date) -> Path | None:
    """Return the file that has a day, as `day_files` does; None where none is there."""
    for path in (day_file(directory, day), packed_file(directory, day)):
        if path.exists():
            return path
    return None


def draft_of(path: Path) -> Path:
    """Return where a day file is made before it is put in its place; no reader looks there."""
    return path.with_name(f".{path.name}.part")


def drafts_among(directory: Path, names: Iterable[str]) -> list[Path]:
    """Return the drafts of day files among the names of what is in a directory."""
    return [directory / name for name in sorted(names) if _DRAFT.fullmatch(name)]


def day_of(path: Path) -> date:
    """Return the day of a day file."""
    return date.fromisoformat(path.name[:10])


def is_packed(path: Path) -> bool:
    """Tell whether a day file is compressed."""
    return path.suffix == _PACKED


def names_in(directory: Path) -> list[str]:
    """Return the names of what is in a directory, nothing where it is not there."""
    try:
        return os.listdir(directory)  # noqa: PTH208 - no path is needed of hundreds of names
    except FileNotFoundError:
        return []


def _day(word: str) -> date | None:
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None


def check_stream(stream: TraderId) -> None:
    r"""Refuse a name that cannot be the name of a directory.

    Raises:
        JournalError: for `/`, `\`, `"`, control characters, a leading dot, or over 200 bytes.
    """
    if not _STREAM.fullmatch(stream) or len(stream.encode()) > 200:
        message = f"{stream!r} cannot be the name of a journal stream"
        hint = 'it names a directory: no "/", "\\", quotes or line breaks, no dot in front'
        raise JournalError(message, hints=[hint])


def streams(root: Path, elsewhere: Mapping[TraderId, Path]) -> dict[TraderId, Path]:
    """Return the directory of every stream that exists, in order of names.

    `elsewhere` names for a trader the directory that holds `<trader>/`; it wins over the link.

    Raises:
        JournalError: if a stream is linked to a directory that is not there.
    """
    found: dict[TraderId, Path] = {}
    if root.is_dir():
        for entry in root.iterdir():
            stream = TraderId(entry.name)
            if stream in elsewhere or not _STREAM.fullmatch(entry.name):
                continue
            if entry.is_symlink() and not entry.exists():
                target = entry.readlink()
                message = f"the journal of {stream} is in {target}, which is not there"
                hint = f"is a disk not mounted? If it was moved: link {entry} to where it is now"
                raise JournalError(message, hints=[hint])
            if entry.is_dir():
                found[stream] = entry
    for stream, parent in elsewhere.items():
        if (parent / stream).is_dir():
            found[stream] = parent / stream
    return dict(sorted(found.items()))


def settle(root: Path, elsewhere: Mapping[TraderId, Path]) -> None:
    """Make the root and the directories and links of the traders that are elsewhere.

    Raises:
        UsageError: if a directory cannot be made, or a trader already has records in another place
            than the configuration says.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        for stream, parent in elsewhere.items():
            check_stream(stream)
            place, home = (parent / stream).absolute(), root / stream
            place.mkdir(parents=True, exist_ok=True)
            _link(stream, home=home, place=place)
        probe = root / ".writable"
        begun(probe).close()
        probe.unlink()
    except OSError as error:
        message = f"the journal in {root} cannot be written: {error.filename}: {in_words(error)}"
        raise UsageError(message) from error


def _link(stream: TraderId, *, home: Path, place: Path) -> None:
    if home.resolve() == place.resolve():
        return
    if day_files(home):
        message = f"the journal of {stream} is in {home.resolve()}, journal_dir says {place.parent}"
        raise UsageError(
            message,
            hints=[
                f"to go on there: move the files from {home.resolve()} to {place}",
                "to leave it where it is: set journal_dir back",
            ],
        )
    if home.is_symlink():
        home.unlink()
    elif home.exists():
        home.rmdir()
    home.symlink_to(place, target_is_directory=True)
