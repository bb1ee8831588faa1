"""A disk on which only so much more fits: journal and reserve write to it, and to the real one."""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace

from nof0_core.journal import reserve, tail


class SmallDisk:
    """Has `room` bytes left. A write that does not fit writes what does, as a real disk does.

    `promised` is what it says it has, where that is something else.
    """

    def __init__(self, monkeypatch, room: int) -> None:
        self.room, self.promised = room, None
        monkeypatch.setattr(tail, "os", self._seen(write=self._write, ftruncate=self._truncate))
        monkeypatch.setattr(
            reserve, "os", self._seen(posix_fallocate=self._allocate, statvfs=self._statvfs)
        )
        unlink = reserve.Path.unlink

        def unlinked(path, *args, **kwargs):
            if path.name == "reserve" and path.exists():
                self.room += path.stat().st_size
            unlink(path, *args, **kwargs)

        monkeypatch.setattr(reserve.Path, "unlink", unlinked)

    def _seen(self, **changed):
        return SimpleNamespace(**(vars(os) | changed))

    def _write(self, descriptor, data):
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(descriptor, data[: self.room])
        self.room -= written
        return written

    def _truncate(self, descriptor, size):
        self.room += os.fstat(descriptor).st_size - size
        os.ftruncate(descriptor, size)

    def _allocate(self, descriptor, start, size):
        if size > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.posix_fallocate(descriptor, start, size)
        self.room -= size

    def _statvfs(self, _):
        return SimpleNamespace(
            f_bavail=self.room if self.promised is None else self.promised, f_frsize=1
        )
