"""A process that is killed at any of its changes on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

MANY = 100_000


class Killed(BaseException):
    """The process ends here."""


class Killer:
    """Ends the process at its n-th change on disk; what comes after does not happen any more.

    What counts is what `modules` do with `begun` and `sync_path`, and every replacing, removing
    and confirming.
    """

    def __init__(self, monkeypatch, at: int, *modules: ModuleType) -> None:
        self.left, self.is_dead = at, False
        for name in ("replace", "unlink"):
            monkeypatch.setattr(Path, name, self._wrapped(getattr(Path, name)))
        monkeypatch.setattr(os, "fsync", self._wrapped(os.fsync))
        for module in modules:
            for name in ("begun", "sync_path"):
                monkeypatch.setattr(module, name, self._wrapped(getattr(module, name)))

    def _wrapped(self, real):
        def call(*args, **kwargs):
            if self.is_dead or self.left == 0:
                self.is_dead = True
                raise Killed
            self.left -= 1
            return real(*args, **kwargs)

        return call


def killed_everywhere(
    root: Path, work: Callable[[Path], object], *modules: ModuleType
) -> Iterator[Path]:
    """Let work begin on a copy of a directory and end at each of its changes; yield what is left.

    The last one is what the whole work leaves.
    """
    whole = root.with_name(f"{root.name}-whole")
    shutil.copytree(root, whole)
    with pytest.MonkeyPatch.context() as patched:
        killer = Killer(patched, MANY, *modules)
        work(whole)
        steps = MANY - killer.left
    assert steps
    for step in range(steps):
        copy = root.with_name(f"{root.name}-{step}")
        shutil.copytree(root, copy)
        with pytest.MonkeyPatch.context() as patched:
            Killer(patched, step, *modules)
            with pytest.raises(Killed):
                work(copy)
        yield copy
    yield whole
