"""Runs a contract suite over a plugin in process and says which cases fail.

A suite is an ordinary pytest class; running it inside a test would need a pytest of its own per
broken plugin. This resolves the fixtures of the suite itself instead.
"""

from __future__ import annotations

import contextlib
import inspect
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


def _cases(suite):
    return {name for name in dir(suite) if name.startswith("test_")}


@pytest.fixture
def cases():
    """Return a function that gives the names of all cases of a suite."""
    return _cases


@pytest.fixture
def faults():
    """Return a function that says what each failing case of a suite found, by its name.

    It is called with the suite, the fixtures to override by name, and the names of cases (all).
    """

    async def run(suite, given, names=None):
        found = {}
        for name in sorted(names or _cases(suite)):
            said = await _fault(suite, name, given)
            if said is not None:
                found[name] = said
        return found

    return run


@pytest.fixture
def failing(faults):
    """Return a function that gives the names of the cases of a suite that fail over a kind."""

    async def run(suite, kind, config, **given):
        return set(await faults(suite, {"kind": kind, "config": config, **given}))

    return run


async def _fault(suite, name, given):
    try:
        async with AsyncExitStack() as stack:
            fixtures = _Fixtures(suite(), given, stack)
            with contextlib.suppress(pytest.skip.Exception):
                test = getattr(fixtures.suite, name)
                said = test(**await fixtures.of(test))
                if inspect.isawaitable(said):
                    await said
    # Whatever a broken plugin raises is a case that failed; so is a failed pytest.raises.
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001
        return "\n".join(_leaves(error))
    return None


def _leaves(error):
    if isinstance(error, BaseExceptionGroup):
        return [text for each in error.exceptions for text in _leaves(each)]
    return [str(error)]


class _Fixtures:
    """The fixtures of one case: each made once, what they yield closed with the stack."""

    def __init__(self, suite, given, stack):
        self.suite = suite
        self._made = dict(given)
        self._stack = stack

    async def of(self, function):
        names = [name for name in inspect.signature(function).parameters if name != "self"]
        return {name: await self._find(name) for name in names}

    async def _find(self, name):
        if name == "tmp_path":
            return Path(self._stack.enter_context(TemporaryDirectory()))
        if name not in self._made:
            function = getattr(type(self.suite), name)._get_wrapped_function().__get__(self.suite)
            made = function(**await self.of(function))
            if inspect.isasyncgen(made):
                made = await self._stack.enter_async_context(_opened(made))
            elif inspect.iscoroutine(made):
                made = await made
            self._made[name] = made
        return self._made[name]


@asynccontextmanager
async def _opened(generator):
    """Take what a fixture yields, and let it clean up at the end."""
    yield await anext(generator)
    with contextlib.suppress(StopAsyncIteration):
        await anext(generator)
