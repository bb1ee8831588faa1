"""One engine per data directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nof0_core.errors import UsageError


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
    path = directory / "engine.lock"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        message = f"the data directory {directory} cannot be written: {error.strerror}"
        raise UsageError(
            message, hints=("set state_storage_path in manager.yaml, or pass --data-dir",)
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(handle, 64).decode(errors="replace").strip()
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
