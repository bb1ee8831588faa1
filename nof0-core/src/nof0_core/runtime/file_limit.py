"""Enough open files for many traders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nof0_core.errors import UsageError

FOR_ALL = 128
"""Open files of a process beside those of its traders."""

PER_TRADER = 2
"""A journal file and a connection to a model."""
PER_EXPORTER = 1
"""One that is behind reads the journal, one file at a time however many streams there are."""
_others: list[int] = []
"""What other engines of this process need: the limit is the process's."""


@contextmanager
def open_files(traders: int, *, exporters: int = 0) -> Iterator[None]:
    """Make room for the open files of an engine, beside those of others in this process.

    Raises:
        UsageError: as `raise_file_limit`.
    """
    raise_file_limit(traders, exporters=exporters)
    needed = _needed(traders, exporters)
    _others.append(needed)
    try:
        yield
    finally:
        _others.remove(needed)


def _needed(traders: int, exporters: int) -> int:
    return traders * PER_TRADER + exporters * PER_EXPORTER


def raise_file_limit(traders: int, *, exporters: int = 0) -> None:
    """Raise the process's limit of open files where its traders and exporters need it.

    A journal that cannot open its file stops the engine, with positions open; a system that allows
    too few is therefore found before anything begins.

    Raises:
        UsageError: the system does not allow as many, or has no such limit to ask for.
    """
    try:
        import resource
    except ImportError:
        message = "nothing here tells how many files may be open: no resource limits (resource)"
        raise UsageError(message, hints=("run it on Linux or macOS; on Windows, in WSL",)) from None
    needed = _needed(traders, exporters) + sum(_others) + FOR_ALL
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_open = hard == resource.RLIM_INFINITY
    if soft == resource.RLIM_INFINITY or soft >= 2 * needed:
        return
    if not is_open and hard < needed:
        who = f"{traders} traders" + (f" and {exporters} exporters" if exporters else "")
        who += ", beside other engines of this process," if _others else ""
        message = f"{who} need {needed} open files, the system allows {hard}"
        raise UsageError(message, hints=("raise its limit (ulimit -Hn), or run fewer traders",))
    # Twice as many: a model that asks others takes several connections.
    wanted = 2 * needed if is_open else min(2 * needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
