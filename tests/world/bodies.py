"""What the tests of the execution engine do, without what they expect.

The bodies are those of the test functions themselves, compiled as `python -O` would: without their
assertions. So whatever a test does to the engine can be done under any fault of the venue as well,
where its own expectations may be out of reach and only what holds always is asked for.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

SUITE = Path(__file__).parents[1] / "unit" / "core" / "execution"
FIXTURES = frozenset({"scene", "running", "live", "gate", "monkeypatch", "tmp_path", "request"})
"""What a test may ask for; a trial knows how to give it."""
SPOILING = frozenset(
    {
        "aligned_again",
        "bad_weather",
        "calls_that_hang",
        "clock_is_wrong",
        "disk_is_full",
        "leg_ids",
        "lost_intents",
        "prices",
        "quarantine",
        "reconciliation",
        "settling",
        "unassigned_watch",
        "wrong_types",
    }
)
"""Modules whose tests make the venue lie, change what it can do, fail at its verbs themselves, or
let more time pass than the ledger knows orders for.

What holds always does not hold there: it is for a venue that fails as it may, and then no more.
"""


@attrs.frozen(kw_only=True)
class Body:
    """One test function with its parameters, as something that can be done.

    `wants` are the fixtures it asks for. `ends_engine`: it breaks the journal or the ledger, after
    which an engine must not go on.
    """

    name: str
    function: Callable[..., Any]
    wants: frozenset[str]
    given: dict[str, Any]
    ends_engine: bool


def load(name: str) -> ModuleType:
    """Load a module of the suite without its assertions."""
    path = SUITE / f"{name}.py"
    module = ModuleType(f"unasserted_{name}")
    module.__file__ = str(path)
    code = compile(path.read_text(), str(path), "exec", dont_inherit=True, optimize=1)
    exec(code, module.__dict__)  # noqa: S102 - it is our own suite
    return module


@cache
def bodies() -> tuple[Body, ...]:
    """Return all that drive an engine, in the order of files and lines."""
    found: list[Body] = []
    for path in sorted(SUITE.glob("test_*.py")):
        if path.stem.removeprefix("test_") in SPOILING:
            continue
        module = load(path.stem)
        for name, function in vars(module).items():
            if name.startswith("test_") and inspect.iscoroutinefunction(function):
                found += _each(path.stem.removeprefix("test_"), name, function)
    streams = load("test_streams")
    found += [
        Body(
            name=f"streams:{number}",
            function=streams._play,
            wants=frozenset({"scene"}),
            given={"stream": stream},
            ends_engine=False,
        )
        for number, stream in enumerate(STREAMS)
    ]
    return tuple(found)


def _each(module: str, name: str, function: Callable[..., Any]) -> Iterator[Body]:
    tables = [m.args for m in getattr(function, "pytestmark", ()) if m.name == "parametrize"]
    names = [name for names, *_ in tables for name in _names(names)]
    rows = itertools.product(
        *([_values(row, len(_names(named))) for row in rows] for named, rows, *_ in tables)
    )
    wants = frozenset(inspect.signature(function).parameters) - set(names)
    if unknown := wants - FIXTURES:
        message = f"{module}: {name} asks for {sorted(unknown)}, which no trial knows how to give"
        raise LookupError(message)
    for row in rows:
        values = [value for part in row for value in part]
        label = f"[{'-'.join(map(str, values))}]" if values else ""
        yield Body(
            name=f"{module}:{name.removeprefix('test_')}{label}",
            function=function,
            wants=wants,
            given=dict(zip(names, values, strict=True)),
            ends_engine="JournalError" in function.__code__.co_names,
        )


def _names(names: Any) -> list[str]:
    return [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)


def _values(row: Any, count: int) -> tuple[Any, ...]:
    if hasattr(row, "marks"):
        return tuple(row.values)
    return (row,) if count == 1 else tuple(row)


STREAMS = (
    [("open", "ann", 1), ("move", 80, 0), ("open", "bob", 1), ("close", "ann", 0)],
    [("open", "ann", 1), ("open", "bob", -1), ("move", -300, 0), ("close", "bob", 0)],
    [("fault", "refuse_stops", 0), ("open", "ann", 1), ("fault", "", 0), ("open", "bob", -1)],
    [("ratio", "0.25", 0), ("open", "ann", -1), ("restart", "", 0), ("move", 300, 0)],
    [("open", "bob", 1), ("funding", "0.0001", 0), ("close", "bob", 0), ("open", "bob", -1)],
)  # fmt: skip
"""What the property test of random streams draws for itself, a few of each kind."""
