"""What lies in the directories of streams, looked at once."""

from __future__ import annotations

from pathlib import Path

import attrs

from nof0_core.journal.places import days_among, drafts_among, names_in


@attrs.frozen
class _Listed:
    days: list[Path]
    drafts: list[Path]


class Listing:
    """The files of directories as they were when each was first asked for.

    For a start, which nobody writes beside: after years a directory has hundreds of files, and
    whoever checks them needs their names. Who changes something says so by `forget`.
    """

    def __init__(self) -> None:
        self._found: dict[Path, _Listed] = {}

    def day_files(self, directory: Path) -> list[Path]:
        """Return the file of each day, as `places.day_files` does."""
        return self._of(directory).days

    def drafts(self, directory: Path) -> list[Path]:
        """Return the drafts that a crash left behind."""
        return self._of(directory).drafts

    def forget(self, directory: Path) -> None:
        """Look at a directory anew when it is asked for next."""
        self._found.pop(directory, None)

    def _of(self, directory: Path) -> _Listed:
        found = self._found.get(directory)
        if found is None:
            names = names_in(directory)
            found = _Listed(days_among(directory, names), drafts_among(directory, names))
            self._found[directory] = found
        return found
