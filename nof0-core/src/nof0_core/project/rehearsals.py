"""Which configurations have passed a rehearsal; kept in the data directory."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import attrs
import msgspec

from nof0_core.config.model import Config
from nof0_core.disk import replace_durably
from nof0_core.errors import UsageError
from nof0_core.files import in_words, read_bytes

_NAME = "rehearsals.json"
_MOST = 100
"""So many are kept, the newest."""


@attrs.frozen(kw_only=True)
class Rehearsal:
    """A rehearsal that was passed: of which configuration, when (UTC), and by which command."""

    digest: str
    time: datetime
    command: str


def rehearsals_file(config: Config) -> Path:
    """Return the file that tells which configurations have passed."""
    return config.state_dir / _NAME


def passed_rehearsal(config: Config, command: str) -> Rehearsal | None:
    """Return the newest rehearsal by a command that just this configuration has passed.

    Raises:
        UsageError: the file cannot be read.
    """
    kept = [
        one
        for one in _read(rehearsals_file(config))
        if (one.digest, one.command) == (config.digest, command)
    ]
    return max(kept, key=lambda one: one.time, default=None)


def keep_rehearsal(config: Config, command: str, *, time: datetime) -> Path:
    """Note durably that a configuration has passed, and return the file.

    Raises:
        UsageError: it cannot be read or written.
    """
    path = rehearsals_file(config)
    one = Rehearsal(digest=config.digest, time=time, command=command)
    kept = [*_read(path), one][-_MOST:]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_durably(path, msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
    except OSError as error:
        message = f"{path}: that the rehearsal was passed cannot be noted: {in_words(error)}"
        raise UsageError(message) from error
    return path


def _read(path: Path) -> list[Rehearsal]:
    try:
        return msgspec.json.decode(read_bytes(path), type=list[Rehearsal])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        said = in_words(error) if isinstance(error, OSError) else str(error)
        message = f"{path}: which rehearsals were passed cannot be read: {said}"
        raise UsageError(message, hints=("move the file away and rehearse again",)) from error
