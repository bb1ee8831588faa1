"""Reading a file that something else puts in place."""

from __future__ import annotations

import os
from pathlib import Path

from nof0_core.files import opened


def read_regular(path: Path | str) -> tuple[bytes, os.stat_result]:
    """Read a file as a whole, with what is known of the very file that was read.

    Raises:
        OSError: it cannot be read, or is a pipe, a device or a directory. Reading from a pipe would
            wait for whoever writes to it, maybe for ever.
    """
    with opened(path) as file:
        about = os.fstat(file.fileno())
        return file.read(), about
