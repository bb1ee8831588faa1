"""Which files of a folder hold which series."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from nof0_core.domain.candles import Interval
from nof0_core.errors import DataError
from nof0_core.recordings.fault import Fault
from nof0_core.recordings.names import PATTERN, SUFFIXES, SeriesName, series_name, suffix_of


@attrs.frozen(kw_only=True)
class SeriesFiles:
    """The files of one series: one, or the parts of its period in the order of their names."""

    name: SeriesName
    paths: tuple[Path, ...]

    @property
    def coin(self) -> str:
        """Return the coin as the file names spell it."""
        return self.name.pair.coin

    @property
    def interval(self) -> Interval:
        """Return the length of a bar."""
        return self.name.interval


@attrs.frozen(kw_only=True)
class Listing:
    """The files of a folder: series, what is wrong with names, what was passed over.

    `passed_over` are visible files that are not read: other formats, and prices no trade was made
    at. `state` changes when a file comes, goes or is written.
    """

    folder: Path
    series: tuple[SeriesFiles, ...]
    faults: tuple[Fault, ...]
    passed_over: tuple[Path, ...]
    state: tuple[tuple[str, int, int], ...]


def list_folder(folder: Path, symbols: Sequence[str] = ()) -> Listing:
    """Look at the names of the files in a directory; hidden ones are passed over.

    Args:
        folder: the directory.
        symbols: coins whose files are asked for; empty: all.

    Raises:
        DataError: the directory cannot be listed.
    """
    names, state = _names(folder)
    return _listing(folder, [folder / name for name in names], symbols, state)


def list_files(paths: Iterable[Path]) -> Listing:
    """Look at the names of single files, which may lie in several directories."""
    found = list(dict.fromkeys(paths))
    return _listing(found[0].parent, found, (), ())


def _listing(
    folder: Path,
    paths: Sequence[Path],
    symbols: Sequence[str],
    state: tuple[tuple[str, int, int], ...],
) -> Listing:
    wanted = frozenset(symbol.lower() for symbol in symbols)
    faults: list[Fault] = []
    passed_over: list[Path] = []
    groups: dict[tuple[str, Interval, bool], list[tuple[Path, SeriesName]]] = {}
    for path in paths:
        if not suffix_of(path.name):
            passed_over.append(path)
            continue
        told = series_name(path.name, wanted)
        if isinstance(told, str):
            hints = f"name it {PATTERN}, or move it out of the directory"
            faults.append(_fault(path, "name", told, hints))
        elif not told.is_traded:
            passed_over.append(path)
        elif not wanted or told.pair.coin.lower() in wanted:
            fault = _of_name(path, told)
            if fault:
                faults.append(fault)
            else:
                key = (told.pair.coin.lower(), told.interval, told.is_funding)
                groups.setdefault(key, []).append((path, told))
    series = []
    for found in groups.values():
        parts, twice = _of_parts(found)
        faults += twice
        paths = tuple(path for path, _ in sorted(parts, key=lambda part: part[1].dates))
        series.append(SeriesFiles(name=parts[0][1], paths=paths))
    return Listing(
        folder=folder,
        series=tuple(series),
        faults=tuple(faults),
        passed_over=tuple(passed_over),
        state=state,
    )


def nothing_found(listing: Listing, what: str) -> DataError:
    """Make the error for a folder without candles of a coin, or of any."""
    seen = ", ".join(path.name for path in listing.passed_over[:5])
    more = ", …" if len(listing.passed_over) > 5 else ""
    hints = [f"name them {PATTERN}", f"files that end in {', '.join(SUFFIXES)} are read"]
    if seen:
        hints.append(f"these were passed over: {seen}{more}")
    message = f"{listing.folder}: there are no candle files of {what}"
    return DataError(message, hints=hints)


def _names(folder: Path) -> tuple[list[str], tuple[tuple[str, int, int], ...]]:
    try:
        with os.scandir(folder) as entries:
            found = [
                (each.name, *_state(each))
                for each in entries
                if not each.name.startswith(".") and not _is_directory(each)
            ]
    except OSError as error:
        message = f"{folder}: cannot list the directory: {error.strerror}"
        hint = "set `data:` to a directory of candle files, or leave it out"
        raise DataError(message, hints=(hint,)) from error
    found.sort()
    return [name for name, _, _ in found], tuple(found)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _state(entry: os.DirEntry[str]) -> tuple[int, int]:
    """Return size and time of a file; what leads nowhere is told by who reads it."""
    try:
        found = entry.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _of_name(path: Path, name: SeriesName) -> Fault | None:
    pair = name.pair
    if not pair.is_in_dollars:
        return _fault(
            path,
            "market",
            f"its name says that {pair.coin.upper()} is priced in {pair.money}, "
            "and nof0 reckons in dollars",
            f"take the market of {pair.coin.upper()} in USD, USDT or USDC, or move the file out of "
            "the directory",
        )
    if name.is_funding and name.interval != "1h":
        return _fault(
            path,
            "rate",
            f"funding is paid every hour here, not every {name.interval}",
            f"write a rate for every hour, each of them divided by {name.interval[:-1]}, as "
            f"{name.pair.coin.lower()}_funding_1h.csv, or move the file out of the directory: "
            "then default_funding_rate of the exchange counts",
        )
    return None


def _of_parts(
    parts: Iterable[tuple[Path, SeriesName]],
) -> tuple[list[tuple[Path, SeriesName]], list[Fault]]:
    """Split off files that claim the same: only parts of one family with different dates may not.

    Returns:
        Those that are read, and what is wrong with the others.
    """
    faults = []
    kept = []
    seen: dict[str, Path] = {}
    family = None
    for path, name in parts:
        family = family or (name.family if name.dates else None)
        other = seen.get(name.dates)
        if not other and seen and ("" in seen or not name.dates or name.family != family):
            other = next(iter(seen.values()))
        if other:
            faults.append(
                _fault(
                    path,
                    "duplicate",
                    f"{other.name} holds the same series",
                    "keep one of the two files; of those that end in "
                    f"{', '.join(SUFFIXES)} each series is read once, or in parts named by date",
                )
            )
        else:
            kept.append((path, name))
        seen.setdefault(name.dates, path)
    return kept, faults


def _fault(path: Path, kind: str, message: str, hint: str) -> Fault:
    return Fault(path=path, line=0, kind=kind, message=message, hint=hint)
