"""Reading a file that something else puts in place."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular(path: Path | str) -> tuple[bytes, os.stat_result]:
    """Read a file as a whole, with what is known of the very file that was read.

    Raises:
        OSError: it cannot be read, or is a pipe, a device or a directory. Reading from a pipe would
            wait for whoever writes to it, maybe for ever.
    """
    # Without O_NONBLOCK it is already opening a pipe that waits.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return file.read(), about
