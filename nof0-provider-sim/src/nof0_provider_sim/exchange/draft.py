"""Putting a new file in the place of another: at every moment the one or the other is there."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from nof0_core.files import open_regular

_CHUNK = 1 << 20


def draft_of(path: Path) -> Path:
    """Return where the new file is while it is written; a kill may leave it behind."""
    return path.with_name(f"{path.name}.tmp")


def replaced(path: Path, pieces: Iterable[bytes]) -> BinaryIO:
    """Put `pieces` in the place of a file and return the new one, open to be appended to.

    It is written beside the old one under a name ending in `.tmp` and has the old one's rights. It
    takes the name only when the disk has it; whether the disk has the name is the caller's to ask.

    Raises:
        OSError: it could not be written; the old file is as it was.
    """
    draft = draft_of(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    file = io.FileIO(open_regular(draft, flags, 0o600), "ab")
    try:
        os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
        writer = io.BufferedWriter(file, _CHUNK)
        writer.writelines(pieces)
        writer.detach()
        os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        file.close()
        with suppress(OSError):
            draft.unlink()
        raise
    return file
