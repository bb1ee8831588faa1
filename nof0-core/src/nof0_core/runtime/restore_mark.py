"""`restored.json`: that the journal was put back from a database, and what still follows from it.

    {"schema":1,"is_whole":true,"accounts":["sim"]}

While lines are put back it is not whole: whatever is in the directory by then is not the run.
`accounts` are the exchange sections that have not begun anew on the ledger yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from nof0_core.disk import replace_durably, sync_path
from nof0_core.errors import UsageError
from nof0_core.files import in_words, read_bytes

NAME = "restored.json"
SCHEMA = 1


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    schema: int
    is_whole: bool
    accounts: list[str]


class RestoreMark:
    """The mark in a data directory; each change is on disk when a method returns."""

    def __init__(self, directory: Path) -> None:
        """Read it.

        Raises:
            UsageError: it is there and says nothing.
        """
        self._path = directory / NAME
        self._content: _Content | None = None
        try:
            self._content = msgspec.json.decode(read_bytes(self._path), type=_Content)
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            why = in_words(error) if isinstance(error, OSError) else str(error)
            message = f"{self._path} cannot be read: {why}"
            hint = "it says whether a restore was complete: take the directory away, restore anew"
            raise UsageError(message, hints=(hint,)) from error

    @property
    def is_unfinished(self) -> bool:
        """Tell whether lines were being put back when a process ended."""
        return self._content is not None and not self._content.is_whole

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the exchange sections that have to begin anew on the ledger."""
        return () if self._content is None else tuple(self._content.accounts)

    def begin(self, accounts: Iterable[str]) -> None:
        """Say that lines are put back from now on."""
        known = sorted({*self.accounts, *accounts})
        self._put(_Content(schema=SCHEMA, is_whole=False, accounts=known))

    def end(self) -> None:
        """Say that all lines are there."""
        self._put(_Content(schema=SCHEMA, is_whole=True, accounts=list(self.accounts)))

    def begun(self, account: str) -> None:
        """Say that an exchange section has begun anew."""
        if account not in self.accounts:
            return
        left = [each for each in self.accounts if each != account]
        if left or self.is_unfinished:
            self._put(_Content(schema=SCHEMA, is_whole=not self.is_unfinished, accounts=left))
            return
        self._content = None
        with suppress(FileNotFoundError):
            self._path.unlink()
        sync_path(self._path.parent)

    def _put(self, content: _Content) -> None:
        replace_durably(self._path, msgspec.json.encode(content) + b"\n")
        self._content = content
