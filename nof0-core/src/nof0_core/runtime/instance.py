"""By what an engine's data directory is known among others."""

from __future__ import annotations

import json
import os
import secrets
import socket
from pathlib import Path

from nof0_core.disk import replace_durably
from nof0_core.errors import UsageError
from nof0_core.files import in_words

NAME = "instance.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def instance_of(directory: Path) -> str:
    """Return the instance of a data directory, 16 hex digits; the caller holds its lock.

    Each start on the directory has the same. A copy of the directory is another one, and so is a
    directory after the machine has begun anew: the file says for which it was drawn.

    Raises:
        UsageError: the file cannot be written.
    """
    path = directory / NAME
    found = _kept(path)
    if found:
        return found
    made = secrets.token_hex(8)
    try:
        replace_durably(path, _text(made, ""))
        # Written once more into the same file: it names the file it stands in.
        with path.open("r+b") as file:
            file.write(_text(made, _here(os.fstat(file.fileno()))))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{path} cannot be written: {in_words(error)}"
        raise UsageError(message) from error
    return made


def place_of(directory: Path) -> str:
    """Say to a person where this process runs."""
    return f"{socket.gethostname()}, process {os.getpid()}, {directory}"


def _kept(path: Path) -> str:
    try:
        with path.open("rb") as file:
            said = json.loads(file.read())
            is_here = said["of"] == _here(os.fstat(file.fileno()))
            instance = said["instance"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    is_one = isinstance(instance, str) and len(instance) == len(secrets.token_hex(8))
    return instance if is_here and is_one else ""


def _here(found: os.stat_result) -> str:
    try:
        boot = _BOOT.read_text().strip()
    except OSError:
        boot = socket.gethostname()
    return f"{boot}:{found.st_dev}:{found.st_ino}"


def _text(instance: str, of: str) -> bytes:
    return json.dumps({"instance": instance, "of": of}).encode() + b"\n"
