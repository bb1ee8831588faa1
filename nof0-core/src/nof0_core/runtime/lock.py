"""One engine per data directory."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nof0_core.errors import UsageError
from nof0_core.files import in_words, no_directory, open_regular

_HINT = "set state_storage_path in manager.yaml, or pass --data-dir"


def prepare(directory: Path) -> None:
    """See that the data directory can be written to; made if missing.

    Raises:
        UsageError: it cannot.
    """
    os.close(_opened(directory))


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the data directory for this process; made if missing.

    The lock belongs to the process: it goes with it, however it ends.

    Raises:
        UsageError: the directory cannot be written, another engine holds it, or the system has no
            such locks.
    """
    try:
        import fcntl
    except ImportError:
        message = f"nothing here can keep a second engine off {directory}: no file locks (fcntl)"
        raise UsageError(message, hints=("run it on Linux or macOS; on Windows, in WSL",)) from None
    handle = _opened(directory)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                message = f"nothing can keep a second engine off {directory}: {in_words(error)}"
                raise UsageError(
                    message, hints=("put the data directory on a disk with file locks",)
                ) from error
            holder = os.read(handle, 64).decode(errors="replace").strip()
            if _is_stopped(holder):
                message = f"another engine holds {directory}: process {holder} is stopped"
                hint = f"let it go on (kill -CONT {holder}) or end it (kill -KILL {holder})"
                raise UsageError(message, hints=(hint,)) from error
            message = f"another engine is running on {directory}" + (
                f" (process {holder})" if holder else ""
            )
            raise UsageError(
                message, hints=("stop it first, or give this one its own --data-dir",)
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


def _is_stopped(process: str) -> bool:
    """Tell whether a process stands still; where the system does not say, it does not."""
    try:
        stat = Path(f"/proc/{int(process)}/stat").read_text()
    except (OSError, ValueError):
        return False
    return stat.rpartition(")")[2].split()[:1] == ["T"]


def _opened(directory: Path) -> int:
    """Open the file of the lock, which is made with its directory if missing."""
    path = directory / "engine.lock"
    fault = no_directory(directory)
    if not fault:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            return open_regular(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            is_lock = error.filename == str(path)
            fault = f"{path.name}: {in_words(error)}" if is_lock else in_words(error)
    message = f"the data directory {directory} cannot be written: {fault}"
    raise UsageError(message, hints=(_HINT,))
