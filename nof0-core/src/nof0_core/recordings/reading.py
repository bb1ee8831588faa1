"""Reading one file of a recording, whatever format it has."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np

from nof0_core.files import in_words, opened
from nof0_core.recordings.arrow_rows import arrow_rows
from nof0_core.recordings.coins import Pair
from nof0_core.recordings.csv_rows import CONTRACTS, csv_rows
from nof0_core.recordings.fault import Fault
from nof0_core.recordings.json_rows import json_rows
from nof0_core.recordings.layout import CANDLES
from nof0_core.recordings.names import suffix_of
from nof0_core.recordings.table import Rows, Table, empty, in_order, unreadable

_CONTRACTS = "volume in contracts is no volume in coins"
LIMIT = 4_000_000_000
"""Bytes of one file, unpacked."""


def read_table(path: Path, fields: Sequence[str], pair: Pair, interval: str) -> Table:
    """Read a file; what is wrong with it stands in the table's `faults`, nothing is raised.

    Args:
        path: ends in one of `names.SUFFIXES`; only read.
        fields: `CANDLES` or `FUNDING`.
        pair: whose prices it holds by its name.
        interval: length of its bars by its name.
    """
    suffix = suffix_of(path.name)
    try:
        with opened(path) as file:
            before = _state(file.fileno())
            rows: Rows | Fault
            if suffix in (".parquet", ".feather") and pair.is_inverse:
                rows = Fault(path=path, line=0, kind="market", message=_CONTRACTS, hint=CONTRACTS)
            elif suffix in (".parquet", ".feather"):
                rows = arrow_rows(path, file, fields, pair.coin)
            else:
                raw = _unpacked(path, file.read(), suffix)
                rows = raw if isinstance(raw, Fault) else _of_text(path, raw, fields, pair)
            has_changed = _state(file.fileno()) != before or _state(path) != before
    except OSError as error:
        return unreadable(path, f"cannot be read: {in_words(error)}", "copy it again")
    if has_changed:
        return unreadable(
            path,
            "the file changed while it was read",
            "wait until nobody writes to it, and start again",
        )
    if isinstance(rows, Fault):
        return empty(path, rows)
    if tuple(fields) == CANDLES and not rows.layout.names:
        rows = _ordered(rows)
    return in_order(rows, pair, interval)


def _state(place: int | Path) -> tuple[int, int, int]:
    found = os.stat(place)  # noqa: PTH116 - a descriptor, too
    return found.st_ino, found.st_size, found.st_mtime_ns


def _of_text(path: Path, raw: bytes, fields: Sequence[str], pair: Pair) -> Rows | Fault:
    if raw.lstrip()[:1] in (b"[", b"{"):
        if pair.is_inverse:
            return Fault(path=path, line=0, kind="market", message=_CONTRACTS, hint=CONTRACTS)
        return json_rows(path, raw, fields, pair.coin)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _unreadable(path, "it is not UTF-8 text", "export it again")
    return csv_rows(path, text, fields, pair)


def _unpacked(path: Path, raw: bytes, suffix: str) -> bytes | Fault:
    try:
        if suffix.endswith(".gz"):
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
                raw = file.read(LIMIT + 1)
        elif suffix == ".zip":
            return _of_zip(path, raw)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        return _unreadable(path, str(error), "it may be cut off: copy it again")
    except NotImplementedError as error:
        return _unreadable(path, str(error), "unpack it and put the CSV file in its place")
    if len(raw) > LIMIT:
        return _unreadable(path, f"it has more than {LIMIT // 10**9} GB", "split it")
    return raw


def _of_zip(path: Path, raw: bytes) -> bytes | Fault:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        inside = [
            each
            for each in archive.infolist()
            if not each.is_dir() and not each.filename.split("/")[-1].startswith(".")
        ]
        if len(inside) != 1:
            names = ", ".join(each.filename for each in inside[:3])
            return _unreadable(
                path,
                f"it holds {len(inside)} files ({names}), where one belongs",
                "unpack it and put each file beside it",
            )
        with archive.open(inside[0]) as file:
            found = file.read(LIMIT + 1)
    if len(found) > LIMIT:
        return _unreadable(path, f"it has more than {LIMIT // 10**9} GB", "split it")
    return found


def _unreadable(path: Path, message: str, hint: str) -> Fault:
    return Fault(path=path, line=0, kind="file", message=f"cannot be read: {message}", hint=hint)


def _ordered(rows: Rows) -> Rows:
    """Put Coinbase's order (low, high, open, close) into the usual one, where it is that.

    A row of both orders has the same prices in both, so none can be taken for the other.
    """
    if rows.values.shape[1] != 6 or rows.layout.width != 6 or not len(rows.values):
        return rows
    first, second, third, fourth = rows.values[:, 1:5].T
    top = np.maximum.reduce([first, third, fourth]) <= second
    usual = top & (third <= np.minimum(first, fourth))
    other = top & (first <= np.minimum(third, fourth))
    if usual.all() or not other.all():
        return rows
    return attrs.evolve(rows, values=rows.values[:, [0, 3, 2, 1, 4, 5]])
