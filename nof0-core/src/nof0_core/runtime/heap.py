"""Garbage collector and allocator of a process whose business is one engine."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_ARENA_MAX = -8
"""`M_ARENA_MAX` of glibc's malloc.h."""
_FROZEN_AT_FIRST = gc.get_freeze_count()
"""How many objects the collector leaves alone from the start: some versions of Python have any."""


def share_one_arena() -> None:
    """Let all threads take their memory from one arena of the C library, as far as it has several.

    glibc gives each thread an arena of its own, and each keeps holes as large as the largest
    documents that were once made in it: over months of exports they double what a process takes.
    The environment variable MALLOC_ARENA_MAX is stronger. For programs that run one engine, before
    they start threads.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows: nothing to set
        return
    mallopt(_ARENA_MAX, 1)


@contextmanager
def spared_heap() -> Iterator[None]:
    """Let the collector leave alone what exists now: it lives as long as the engine.

    Its full passes hold the event loop, for 0.25 s with 1,000 traders; inside of the context they
    look at what came later only. What nobody holds any more, such as an engine that ran before, is
    collected first. For programs that run one engine at a time, once it is assembled. Where
    something was left alone since this was imported, that stays, and what came later is looked at.
    """
    gc.collect()
    if gc.get_freeze_count() > _FROZEN_AT_FIRST:
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
