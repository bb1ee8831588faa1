"""What the garbage collector looks at while an engine runs, and where its memory comes from."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys

import pytest

from nof0_core.runtime.heap import spared_heap

HAS_ARENAS = hasattr(ctypes.CDLL(None), "malloc_stats") and hasattr(ctypes.CDLL(None), "mallopt")
THREADS = """
import threading
together = threading.Barrier(3)
def hold():
    kept = [bytes(5_000) for _ in range(100)]
    together.wait()
threads = [threading.Thread(target=hold) for _ in range(3)]
for one in threads: one.start()
for one in threads: one.join()
"""
RUN = """
from nof0_core.cli import main
for words in (["init", "."], ["run", "--cycles", "1"]):
    try: main(words)
    except SystemExit as end: assert not end.code, end.code
"""
STATISTICS = "import ctypes; ctypes.CDLL(None).malloc_stats()"
"""Tells each arena on standard error."""


def arenas(tmp_path, program, **environ):
    """Run a program, and return how many arenas it ended with."""
    tmp_path.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{THREADS}\n{STATISTICS}"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "MALLOC_ARENA_MAX"} | environ,
    )
    return done.stderr.count("\nArena ") + done.stderr.startswith("Arena ")


@pytest.mark.skipif(not HAS_ARENAS, reason="the C library has no arenas to count")
def test_threads_of_a_run_share_one_arena_unless_the_environment_says_how_many(tmp_path):
    assert arenas(tmp_path / "none", "") > 1
    assert arenas(tmp_path / "usual", RUN) == 1
    assert arenas(tmp_path / "told", RUN, MALLOC_ARENA_MAX="3") > 1


@pytest.fixture
def _nothing_frozen():
    """Let the collector look at everything, as in a program that has just started."""
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


@pytest.mark.usefixtures("_nothing_frozen")
def test_what_exists_is_left_alone_until_the_end():
    assert gc.get_freeze_count() == 0
    with spared_heap():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("_nothing_frozen")
def test_what_was_left_alone_before_stays_so_and_nothing_else():
    with spared_heap():
        before = gc.get_freeze_count()
        with spared_heap():
            assert gc.get_freeze_count() == before
        assert gc.get_freeze_count() == before


def test_what_python_itself_begins_with_keeps_nothing_from_being_spared():
    """Some versions leave a few hundred objects of their own alone from the start."""
    program = """
import gc
gc.freeze()
from nof0_core.runtime.heap import spared_heap
before, kept = gc.get_freeze_count(), [[] for _ in range(1000)]
with spared_heap():
    assert gc.get_freeze_count() >= before + len(kept), gc.get_freeze_count()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


class Ring:
    """Something that holds itself; tells in a list that it is gone."""

    def __init__(self, gone):
        self.me, self.gone = self, gone

    def __del__(self):
        self.gone.append(True)


def test_what_nobody_holds_any_more_is_gone_before():
    gone = []
    Ring(gone)
    with spared_heap():
        assert gone == [True]


def test_what_comes_later_is_collected():
    gone = []
    with spared_heap():
        Ring(gone)
        gc.collect()
        assert gone == [True]
