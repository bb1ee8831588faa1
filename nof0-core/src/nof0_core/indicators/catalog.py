"""What may stand in `indicators` of the configuration, and the arrays it gives."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from nof0_core.indicators.causality import sees_the_future
from nof0_core.indicators.recipe import (
    COLUMNS,
    Recipe,
    Wanted,
    functions,
    inputs_of,
    parameters_of,
    recipe,
    suffixes_of,
)

MAX_LOOKBACK = 5000
"""Bars an indicator may need before its first value; more could never be fetched."""

# They count bars from the start of whatever was fetched: meaningless in a series that is cut.
_POSITIONS = frozenset({"MAXINDEX", "MININDEX", "MINMAXINDEX"})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def check(config: Wanted) -> str | None:
    """Say what is wrong with an indicator, or None.

    Covers the name, an unknown function (with a near miss), inputs nof0 does not have, unknown,
    fractional or out-of-range parameters, and functions that look ahead. Imports TA-Lib.
    """
    if not _NAME.fullmatch(config.name):
        return (
            f'"{config.name}" cannot be the name of an indicator: use up to 40 small letters, '
            "digits and _, starting with a letter"
        )
    return _check_function(config.function) or _check_parameters(config) or _check_run(config)


def check_names(configs: Sequence[Wanted]) -> str | None:
    """Say which two of several valid indicators would give a result of the same name, or None."""
    owners: dict[str, str] = {}
    for config in configs:
        for name in output_names(config):
            if name in COLUMNS:
                return f'"{name}" is taken by the bars themselves; choose another name'
            if name in owners:
                return (
                    f'{config.function} and {owners[name]} both give "{name}"; rename one of them'
                )
            owners[name] = config.function
    return None


def output_names(config: Wanted) -> tuple[str, ...]:
    """Return what the results of a valid indicator are called."""
    return tuple(config.name + suffix for suffix in suffixes_of(config.function))


def recipe_of(config: Wanted) -> Recipe:
    """Return how to compute a valid indicator."""
    return recipe(config.function, tuple(sorted(config.parameters.items())))


def lookback(configs: Iterable[Wanted]) -> int:
    """Return how many bars the slowest of some valid indicators needs before its first value."""
    return max((recipe_of(config).lookback for config in configs), default=0)


def _check_function(function: str) -> str | None:
    if function not in functions():
        near = difflib.get_close_matches(function.upper(), sorted(functions()), n=1, cutoff=0.6)
        hint = f', did you mean "{near[0]}"?' if near else " (TA-Lib names, in capitals)"
        return f'unknown indicator function "{function}"{hint}'
    absent = [name for name in inputs_of(function) if name not in COLUMNS]
    if absent:
        return f"{function} reads {', '.join(absent)}, which bars do not have"
    if function in _POSITIONS:
        return (
            f"{function} gives positions in an array, which mean nothing in a series that is cut "
            f"to its newest bars; use {function.removesuffix('INDEX')}"
        )
    return None


def _check_parameters(config: Wanted) -> str | None:
    known = parameters_of(config.function)
    for name, value in config.parameters.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f', did you mean "{near[0]}"?' if near else ""
            takes = f" ({config.function} takes {', '.join(known) or 'none'})"
            return f'unknown parameter "{name}"{hint or takes}'
        if known[name].is_integer and value != int(value):
            return f"{name} must be a whole number, got {value}"
    return None


def _check_run(config: Wanted) -> str | None:
    try:
        made = recipe_of(config)
        if made.lookback <= MAX_LOOKBACK and sees_the_future(made):
            return f"{config.function} changes earlier values when later bars come: it looks ahead"
    # TA-Lib raises plain Exception for a parameter outside its range.
    except Exception as error:  # noqa: BLE001
        given = ", ".join(f"{k}={v:g}" for k, v in config.parameters.items()) or "its defaults"
        return f"{config.function} does not accept {given}: {error}"
    if made.lookback > MAX_LOOKBACK:
        return (
            f"{config.function} needs {made.lookback} bars before its first value; "
            f"nof0 fetches at most {MAX_LOOKBACK}"
        )
    return None
