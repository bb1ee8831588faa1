"""Writing files that other processes read at any moment."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Self

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
    with Drafts(section=section) as drafts:
        drafts.write(path, content)
        drafts.put_in_place()


class Drafts:
    """Files that are written first, all of them, and then put in place one right after the other.

    A context manager; drafts that were not put in place are removed at its end.
    """

    def __init__(self, *, section: str) -> None:
        self._section = section
        self._waiting: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what is left."""
        for draft in self._waiting.values():
            with contextlib.suppress(OSError):
                draft.unlink()

    def write(self, path: Path, content: bytes) -> None:
        """Write the draft of a file, hidden beside it.

        Raises:
            TransientError: it cannot be written.
        """
        draft = self._waiting[path] = path.with_name(f".{path.name}.part")
        try:
            with begun(draft) as file:
                file.write(content)
        except OSError as error:
            raise self._refused(path, error) from error

    def put_in_place(self, then: Callable[[Path], object] = lambda _: None) -> None:
        """Put all drafts in place, in the order they were written; `then` is told of each.

        Raises:
            TransientError: one cannot be put in place; those after it are not either.
        """
        for path, draft in list(self._waiting.items()):
            try:
                draft.replace(path)
            except OSError as error:
                raise self._refused(path, error) from error
            del self._waiting[path]
            then(path)

    def _refused(self, path: Path, error: OSError) -> TransientError:
        return TransientError(f"cannot write {path}: {in_words(error)}", section=self._section)


def holds(path: Path, content: bytes) -> bool:
    """Tell whether a file is there and says exactly this."""
    try:
        return path.stat().st_size == len(content) and read_bytes(path) == content
    except OSError:
        return False
