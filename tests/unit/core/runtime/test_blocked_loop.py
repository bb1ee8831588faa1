"""Who keeps the event loop is found by the code its thread is in."""

from __future__ import annotations

import sys
import threading

import anyio
import pytest

from nof0_core.plugins.catalog import LoadedPlugin
from nof0_core.runtime.blocked_loop import LoopWatch, culprit
from nof0_core.testing.environment import Lines

HERE = __name__.rpartition(".")[2]
ACME = LoadedPlugin(name="acme:x", distribution="nof0-acme", version="1", module=__name__)


def frame():
    return sys._getframe()


def through_a_library():
    return min([1], key=lambda _: found.append(frame()) or 1)


found = []


def test_the_plugin_is_named_with_file_and_line_whatever_it_has_called():
    through_a_library()
    said = culprit(found.pop(), [ACME])
    assert said.startswith("nof0-acme (")
    assert "test_blocked_loop.py:" in said


def test_without_a_plugin_it_is_the_innermost_code_that_is_no_librarys():
    assert "test_blocked_loop.py:" in culprit(frame(), [])
    assert culprit(None, []) == "unknown"


def test_a_plugin_of_a_file_is_found_by_the_file():
    shown = LoadedPlugin(
        name="file:x", distribution="./test_blocked_loop.py", version="",
        module="./test_blocked_loop.py", is_file=True,
    )  # fmt: skip
    assert culprit(frame(), [shown]).startswith("./test_blocked_loop.py (")


@pytest.mark.anyio
async def test_a_block_is_counted_and_its_culprit_named_once():
    log = Lines()
    watch = LoopWatch(log=log, plugins=[ACME], after=0.05)
    async with watch.watching():
        for blocks in (1, 2):
            # It stands still until the watch has noticed, however slow the machine is.
            while watch.blocks.count < blocks:
                threading.Event().wait(0.01)
            await anyio.wait_all_tasks_blocked()
            while watch._is_blocked:
                await anyio.lowlevel.checkpoint()
    assert watch.blocks.count >= 2
    assert watch.blocks.longest >= 0.05
    assert len([line for line in log.lines if "nof0-acme" in str(line)]) >= 1
