"""The note of the newest export in a directory."""

from __future__ import annotations

import os

from nof0_core.documents.export_note import EXPORT_FILE, ExportNote
from nof0_core.files import read_regular
from nof0_core.plugins.env import Logger
from nof0_core.sources.main_file import Signature


class ExportFile:
    """Reads `export.json` when it is another one; a damaged one leaves the last good note."""

    def __init__(self, directory: str, *, log: Logger) -> None:
        self._path = f"{directory}/{EXPORT_FILE}"
        self._log = log
        self._seen: Signature | None = None
        self._fault = ""
        self.note: ExportNote | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether there is another one than was read last."""
        return self._signature() not in (None, self._seen)

    def read(self) -> ExportNote | None:
        """Return the newest note, None while there is none; may read a file."""
        if self.is_new:
            try:
                content, about = read_regular(self._path)
                self._seen = (about.st_mtime_ns, about.st_size, about.st_ino)
                self.note = ExportNote.of(content)
            except (OSError, ValueError) as error:
                self._tell(str(error))
            else:
                self._fault = ""
        return self.note

    def _signature(self) -> Signature | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - once per answer
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _tell(self, fault: str) -> None:
        if fault != self._fault:
            self._log.warning("a data file cannot be used", file=EXPORT_FILE, reason=fault)
        self._fault = fault
