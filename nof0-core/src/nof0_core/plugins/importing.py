"""Running a plugin's own code while it is imported, which nothing can break off."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nof0_core.plugins import messages
from nof0_core.plugins.catalog import LoadedPlugin

PATIENCE = 5.0
"""After so many seconds of real time an import that still goes on is told."""


@contextmanager
def slow_import_told(plugin: LoadedPlugin) -> Iterator[None]:
    """Tell on standard error while something is still being imported after `PATIENCE`.

    A thread does it, since the import keeps this one busy; it is told again whenever it has taken
    twice as long.
    """
    is_over = threading.Event()

    def watch() -> None:
        passed = wait = PATIENCE
        while not is_over.wait(wait):
            say(messages.slow_import(plugin, passed))
            wait, passed = passed, 2 * passed

    threading.Thread(target=watch, name=f"import of {plugin.name}", daemon=True).start()
    try:
        yield
    finally:
        is_over.set()


def say(line: str) -> None:
    """Write a line on standard error."""
    sys.stderr.write(f"{line}\n")
