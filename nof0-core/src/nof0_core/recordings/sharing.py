"""Recordings that several processes look at: read from their files once, then mapped into memory.

Only where somebody asks for it, as a sweep does; elsewhere every reader reads the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import attrs

from nof0_core.errors import DataError
from nof0_core.recordings.mapped import open_mapped, write_mapped
from nof0_core.recordings.recording import Recording


@attrs.define
class Shared:
    """Mapped recordings in a directory, and those this process has opened by their keys.

    Without a directory they are shared inside of this process alone.
    """

    folder: Path | None = None
    opened: dict[str, Recording] = attrs.field(factory=dict)

    def get(self, key: str, load: Callable[[], Recording]) -> Recording:
        """Return the recording of a key; whoever asks first loads it and writes it down.

        Where it cannot be written, each process has it for itself.

        Raises:
            DataError: it cannot be loaded.
        """
        if key not in self.opened:
            path = None if self.folder is None else self.folder / f"{key}.map"
            self.opened[key] = load() if path is None else _mapped(path) or _written(path, load)
        return self.opened[key]


def _mapped(path: Path) -> Recording | None:
    try:
        return open_mapped(path)
    except (OSError, ValueError, DataError):
        return None


def _written(path: Path, load: Callable[[], Recording]) -> Recording:
    found = load()
    with suppress(OSError):
        write_mapped(path, found)
    return _mapped(path) or found


_shared: ContextVar[Shared | None] = ContextVar("shared recordings", default=None)


@contextmanager
def shared_recordings(shared: Shared) -> Iterator[None]:
    """Let folders that are read inside be shared with other processes."""
    token = _shared.set(shared)
    try:
        yield
    finally:
        _shared.reset(token)


def shared_or_loaded(
    folder: Path,
    symbols: Sequence[str],
    state: object,
    load: Callable[[], Recording],
    *,
    allow_gaps: bool,
) -> Recording:
    """Return what `load` does, from memory where this is shared; `state` is that of the files."""
    shared = _shared.get()
    if shared is None:
        return load()
    asked = [str(folder.absolute()), list(symbols), allow_gaps, state]
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]
    return shared.get(key, load)
