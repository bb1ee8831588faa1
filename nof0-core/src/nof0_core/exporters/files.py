"""Writing files that other processes read at any moment."""

from __future__ import annotations

import contextlib
from pathlib import Path

from nof0_core.errors import ProviderError, TransientError
from nof0_core.files import begun, in_words, read_bytes


def prepare_directory(path: Path, *, section: str) -> None:
    """Make a directory that files can be written to.

    Raises:
        ProviderError: if that cannot be done.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make the directory {path}: {in_words(error)}"
        raise ProviderError(message, section=section) from error


def replace_file(path: Path, content: bytes, *, section: str) -> None:
    """Put new content in the place of a file; a reader sees the old or the new one, never a part.

    The content goes to a hidden file beside it first. A process killed in between leaves that one
    behind; the next write uses it again.

    Raises:
        TransientError: if the file cannot be written (disk full, directory gone).
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        with begun(draft) as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        message = f"cannot write {path}: {in_words(error)}"
        raise TransientError(message, section=section) from error


def holds(path: Path, content: bytes) -> bool:
    """Tell whether a file is there and says exactly this."""
    try:
        return path.stat().st_size == len(content) and read_bytes(path) == content
    except OSError:
        return False
