"""Files that appear whole or not at all, and are still there after a power failure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from nof0_core.errors import UsageError
from nof0_core.files import begun, in_words


def put(path: Path, document: Any) -> None:
    """Write a JSON file so that a reader sees the old or the new one, and wait for the disk.

    Raises:
        UsageError: if it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with begun(draft) as file:
            file.write(msgspec.json.encode(document) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync(path.parent)
        _sync(path.parent.parent)
    except OSError as error:
        message = f"{path} cannot be written: {in_words(error)}"
        raise UsageError(message) from error


def remove(path: Path) -> bool:
    """Take a file away and wait for the disk; return whether it was there.

    Raises:
        UsageError: if it cannot be removed.
    """
    try:
        path.unlink()
        _sync(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        message = f"{path} cannot be removed: {in_words(error)}"
        raise UsageError(message) from error
    return True


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
