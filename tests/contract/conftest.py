"""Runs a contract suite over a service in process and says which cases fail.

A suite is an ordinary pytest class; running it inside a test would need a pytest of its own per
broken provider. This resolves the few fixtures the suites use instead.
"""

from __future__ import annotations

import contextlib
import inspect
from contextlib import AsyncExitStack

import pytest

from nof0_core.domain.candles import Interval
from nof0_core.ids import Symbol
from nof0_core.testing import env as make_env
from nof0_core.testing.contracts import Opener
from nof0_core.testing.contracts.bench import open_bench


def _cases(suite):
    return {name for name in dir(suite) if name.startswith("test_")}


@pytest.fixture
def cases():
    """Return a function that gives the names of all cases of a suite."""
    return _cases


@pytest.fixture
def failing():
    """Return a function that gives the names of the cases of a suite that fail over a kind."""

    async def run(suite, kind, config):
        return {name for name in _cases(suite) if not await _passes(suite, name, kind, config)}

    return run


async def _passes(suite, name, kind, config):
    test = getattr(suite(), name)
    wanted = set(inspect.signature(test).parameters)
    try:
        async with AsyncExitStack() as stack:
            env = await stack.enter_async_context(make_env())
            opener = Opener(kind=kind, config=config, env=env)
            given = {
                "opener": opener,
                "env": env,
                "kind": kind,
                "symbol": Symbol("BTC"),
                "interval": Interval("3m"),
            }
            if "bench" in wanted:
                given["bench"] = await stack.enter_async_context(open_bench(opener, Symbol("BTC")))
            if "market" in wanted:
                given["market"] = await stack.enter_async_context(opener.open())
            with contextlib.suppress(pytest.skip.Exception):
                await test(**{key: given[key] for key in wanted})
    # Whatever a broken provider raises is a case that failed; so is a failed pytest.raises.
    except (Exception, pytest.fail.Exception):  # noqa: BLE001
        return False
    return True
