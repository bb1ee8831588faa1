"""The runs of `nof0 backtest` and `nof0 sweep` that a data directory keeps, from their folders.

A run is a folder in `backtests` or `sweeps`. Its `report.json` (`partial.json` of one that was
stopped) says what came out, its `report.html` is the page; either of them makes it whole. Nothing
else is read, no link is followed beneath these two, and what cannot be read is listed as such.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import msgspec

from nof0_api.schemas.runs import Run, RunBest, RunState
from nof0_core.files import MEGABYTE, in_words, open_regular
from nof0_core.project import running_engine

KINDS = ("backtests", "sweeps")
"""Folders of the data directory that have runs."""
REPORTS = ("report.json", "partial.json")
"""What a run says came out; the first that is there counts."""
PAGE = "report.html"
LARGEST = 64 * MEGABYTE
"""Bytes of a report or a page; above it nobody's browser would open it."""
_LONGEST_REASON = 300


class NoSuchRunError(LookupError):
    """There is no such run, or it has no such file."""


class _Trader(msgspec.Struct):
    id: str
    return_pct: float | None = None
    name: str = ""


class _Window(msgspec.Struct, rename={"start": "from", "end": "to"}):
    start: str
    end: str


class _Report(msgspec.Struct):
    window: _Window | None = None
    is_complete: bool = True
    ended: str = ""
    traders: list[_Trader] | None = None
    digests: dict[str, str] = {}


_decode = msgspec.json.Decoder(_Report).decode


@attrs.frozen
class _Folder:
    """A run as a look at its folder shows it; `report` is the name of its report, None without."""

    kind: str
    name: str
    path: Path
    report: str | None
    version: tuple[int, int, int]
    has_page: bool

    @property
    def changed(self) -> float:
        return self.version[0] / 1e9


class KeptRuns:
    """The runs below a data directory; for use in one thread at a time."""

    def __init__(self, state_dir: Path | None) -> None:
        self._root = state_dir
        self._known: dict[tuple[str, str], tuple[_Folder, Run]] = {}

    def newest(self, most: int, skip: int = 0) -> tuple[list[Run], int]:
        """Return `most` runs after the first `skip`, newest report first, and how many there are.

        Reports are read of those that are returned, and once as long as they do not change.
        """
        found = sorted(self._folders(), key=lambda one: (-one.changed, one.kind, one.name))
        present = {(one.kind, one.name) for one in found}
        self._known = {key: known for key, known in self._known.items() if key in present}
        return [self._row(one) for one in found[skip : skip + most]], len(found)

    def report(self, kind: str, name: str) -> bytes:
        """Return the report of a run as it stands in its file.

        Raises:
            NoSuchRunError: there is none.
            OSError: it cannot be read; `strerror` says why.
        """
        folder = self._folder(kind, name)
        for file in REPORTS:
            try:
                return _read(folder / file)
            except FileNotFoundError:
                continue
        raise NoSuchRunError(name)

    def page(self, kind: str, name: str) -> bytes:
        """Return the page of a run as it stands in its file.

        Raises:
            NoSuchRunError: there is none.
            OSError: it cannot be read; `strerror` says why.
        """
        try:
            return _read(self._folder(kind, name) / PAGE)
        except FileNotFoundError:
            raise NoSuchRunError(name) from None

    def _folder(self, kind: str, name: str) -> Path:
        """Return where a run is. A name is one part of a path, whatever is written in it."""
        is_name = name not in ("", ".", "..") and not {"/", "\0", os.sep} & set(name)
        if self._root is None or kind not in KINDS or not is_name:
            raise NoSuchRunError(name)
        folder = self._root / kind / name
        try:
            found = folder.lstat()
        except (OSError, ValueError):
            raise NoSuchRunError(name) from None
        if not stat.S_ISDIR(found.st_mode):
            raise NoSuchRunError(name)
        return folder

    def _folders(self) -> Iterator[_Folder]:
        for kind in KINDS if self._root is not None else ():
            try:
                with os.scandir(Path(self._root or "") / kind) as entries:
                    for entry in entries:
                        try:
                            yield _look(kind, entry)
                        except (OSError, UnicodeError):
                            # It went meanwhile, is no folder, or has a name that is no text.
                            continue
            except OSError:
                continue  # nothing of this kind was ever run

    def _row(self, folder: _Folder) -> Run:
        key = (folder.kind, folder.name)
        known = self._known.get(key)
        if folder.report is None:
            return _unread(folder)
        if known is None or known[0] != folder:
            known = self._known[key] = (folder, _told(folder))
        return known[1]


def _look(kind: str, entry: os.DirEntry[str]) -> _Folder:
    entry.name.encode()
    if not entry.is_dir(follow_symlinks=False):
        raise NotADirectoryError(entry.name)
    path = Path(entry.path)
    about, report = entry.stat(follow_symlinks=False), None
    for file in (*REPORTS, PAGE):
        try:
            about = (path / file).lstat()
        except FileNotFoundError:
            continue
        report = None if file == PAGE else file
        break
    return _Folder(
        kind=kind,
        name=entry.name,
        path=path,
        report=report,
        version=(about.st_mtime_ns, about.st_size, about.st_ino),
        has_page=_is_file(path / PAGE),
    )


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _read(path: Path) -> bytes:
    try:
        descriptor = open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise OSError(0, "it is a symbolic link: put the file itself there") from None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise OSError(0, f"it has more than {LARGEST // MEGABYTE} MB: open the file itself")
    return data


def _unread(folder: _Folder) -> Run:
    if folder.has_page:
        return _run(folder, "complete")
    if running_engine(folder.path) is not None:
        return _run(folder, "running", "the report comes at the end")
    return _run(folder, "unfinished", "it was ended before there was a report: run it anew")


def _told(folder: _Folder) -> Run:
    """Read what a report says of itself."""
    try:
        data = _read(folder.path / (folder.report or ""))
        found = _decode(data)
    except OSError as error:
        return _run(folder, "broken", f"its report cannot be read: {in_words(error)}")
    except msgspec.ValidationError:
        # The report of another command, or of another version: there, and not understood here.
        return _run(folder, "complete" if folder.report == REPORTS[0] else "incomplete")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _run(folder, "broken", "its report is damaged or half-written: run it anew")
    is_complete = found.is_complete and folder.report == REPORTS[0]
    traders = found.traders
    return msgspec.structs.replace(
        _run(folder, "complete" if is_complete else "incomplete", found.ended),
        start=found.window.start if found.window else None,
        end=found.window.end if found.window else None,
        traders=None if traders is None else len(traders),
        best=_best(traders or ()),
        digests=found.digests,
    )


def _best(traders: Sequence[_Trader]) -> RunBest | None:
    ranked = [(one.return_pct, one) for one in traders if one.return_pct is not None]
    if not ranked:
        return None
    # Equals stay as they came.
    value, best = max(ranked, key=lambda pair: pair[0])
    return RunBest(id=best.id, name=best.name or best.id, return_pct=value)


def _run(folder: _Folder, state: RunState, reason: str = "") -> Run:
    return Run(
        kind=folder.kind,
        name=folder.name,
        state=state,
        reason=reason[:_LONGEST_REASON],
        changed=folder.changed,
        has_report=folder.report is not None and state != "broken",
        has_page=folder.has_page,
        start=None,
        end=None,
        traders=None,
        best=None,
        digests={},
    )
