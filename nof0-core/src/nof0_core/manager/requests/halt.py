"""The halt: a file that stops the entries of all traders for as long as it is there."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import attrs
import msgspec

from nof0_core.files import TEXT_LIMIT, in_words, read_bytes
from nof0_core.manager.requests.place import put, remove


@attrs.frozen(kw_only=True)
class Halt:
    """What a person asked for. `is_flatten`: positions of all traders are to be closed too."""

    time: datetime | None
    reason: str
    is_flatten: bool

    @property
    def message(self) -> str:
        """Return a sentence on it."""
        said = f": {self.reason}" if self.reason else ""
        closing = "; positions are being closed" if self.is_flatten else ""
        return f"all entries are stopped{said}{closing}"


class HaltSwitch:
    """The marker in one data directory."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / "control" / "halt.json"
        self._name = str(self.path)

    def set(self, halt: Halt) -> None:
        """Put the halt in force; it is on disk when this returns.

        What is no text in the reason is written as `?`: nothing about it may keep a halt away.

        Raises:
            UsageError: if the file cannot be written.
        """
        reason = halt.reason.encode(errors="replace").decode()
        document = {"time": halt.time, "reason": reason, "flatten": halt.is_flatten}
        put(self.path, document)

    def lift(self) -> bool:
        """End the halt; return whether there was one.

        Raises:
            UsageError: if the file cannot be removed.
        """
        return remove(self.path)

    def read(self) -> Halt | None:
        """Return the halt in force, None if there is none.

        A marker that cannot be read is a halt: whoever put it there meant something.
        """
        try:
            # Nearly always nothing is there, which this finds out for a tenth of an open.
            os.lstat(self._name)
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            pass  # whatever is wrong with it, reading says so
        try:
            content = read_bytes(self.path, limit=TEXT_LIMIT)
        except FileNotFoundError:
            return None
        except OSError as error:
            return Halt(time=None, reason=f"{self.path}: {in_words(error)}", is_flatten=False)
        try:
            found = msgspec.json.decode(content, type=_Marker)
        except (ValueError, RecursionError):
            return Halt(time=None, reason=f"{self.path} cannot be read", is_flatten=False)
        return Halt(time=found.time, reason=found.reason, is_flatten=found.flatten)


class _Marker(msgspec.Struct):
    reason: str = ""
    flatten: bool = False
    time: datetime | None = None
