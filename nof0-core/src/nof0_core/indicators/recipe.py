"""How to call one TA-Lib function: what it reads, what its outputs are called, its warm-up.

TA-Lib is imported when the first recipe is made; nothing here costs anything before that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs
import numpy as np

from nof0_core.domain.candles import FloatArray, readonly

COLUMNS = ("open", "high", "low", "close", "volume")
"""What a function may read of a bar."""


class Wanted(Protocol):
    """An indicator as configured: `nof0_core.config.model.IndicatorConfig`, seen from below."""

    @property
    def name(self) -> str:
        """What the result is called."""

    @property
    def function(self) -> str:
        """A TA-Lib function, in capitals."""

    @property
    def parameters(self) -> Mapping[str, float]:
        """The function's own parameters; those left out keep TA-Lib's defaults."""


@attrs.frozen(kw_only=True)
class Parameter:
    """One parameter of a function, with TA-Lib's default."""

    name: str
    default: float
    is_integer: bool


@attrs.frozen(kw_only=True, eq=False)
class Recipe:
    """One function as it will be called.

    `inputs` are names of bar columns in calling order. `suffixes` follow the outputs: what is
    appended to the indicator's name. The first `lookback` values of each output are NaN.
    """

    function: str
    inputs: tuple[str, ...]
    suffixes: tuple[str, ...]
    parameters: Mapping[str, float]
    lookback: int
    call: Callable[..., Any]

    def run(self, columns: Mapping[str, FloatArray]) -> tuple[FloatArray, ...]:
        """Compute the outputs over contiguous float64 columns of one length.

        Returns:
            One read-only float64 array per suffix, shape (n,), aligned with the columns. Whatever
            is not a finite number, and everything before the first valid bar, is NaN.
        """
        length = len(columns[self.inputs[0]])
        if length <= self.lookback:
            return tuple(readonly(np.full(length, np.nan)) for _ in self.suffixes)
        raw = self.call(*(columns[name] for name in self.inputs), **self.parameters)
        outputs = raw if isinstance(raw, tuple) else (raw,)
        return tuple(self._cleaned(output) for output in outputs)

    def _cleaned(self, output: Any) -> FloatArray:
        values = np.array(output, dtype=np.float64)
        # Integer outputs (candle patterns) have zeros where TA-Lib had too few bars.
        values[: self.lookback] = np.nan
        values[~np.isfinite(values)] = np.nan
        return readonly(values)


@functools.cache
def functions() -> frozenset[str]:
    """Return the names of all functions TA-Lib has."""
    import talib

    names: list[str] = talib.get_functions()  # type: ignore[no-untyped-call]  # its stub has no types
    return frozenset(names)


@functools.cache
def parameters_of(function: str) -> Mapping[str, Parameter]:
    """Return the parameters of a function by name; the function must exist."""
    return {
        name: Parameter(name=name, default=default, is_integer=isinstance(default, int))
        for name, default in _info(function)["parameters"].items()
    }


@functools.cache
def inputs_of(function: str) -> tuple[str, ...]:
    """Return what a function reads, in calling order; the function must exist."""
    names: list[str] = []
    for value in _info(function)["input_names"].values():
        names.extend([value] if isinstance(value, str) else value)
    return tuple(names)


@functools.cache
def suffixes_of(function: str) -> tuple[str, ...]:
    """Return what each output appends to an indicator's name; the function must exist."""
    outputs: Sequence[str] = _info(function)["output_names"]
    if len(outputs) == 1:
        return ("",)
    stems = (function.lower(), outputs[0])
    stem = next((s for s in stems if all(o.startswith(s) for o in outputs)), "")
    short = [o.removeprefix(stem).removesuffix("band") for o in outputs]
    return tuple("" if s in ("", function.lower()) else f"_{s}" for s in short)


@functools.lru_cache(maxsize=256)
def recipe(function: str, settings: tuple[tuple[str, float], ...]) -> Recipe:
    """Make the recipe of an existing function with valid parameters (name, value), sorted.

    Ask `nof0_core.indicators.catalog.check` first; it explains what this one would trip over.
    """
    import talib

    known = parameters_of(function)
    values = {n: int(v) if known[n].is_integer else float(v) for n, v in settings}
    probe = _abstract(function)
    if values:
        probe.parameters = values
    return Recipe(
        function=function,
        inputs=inputs_of(function),
        suffixes=suffixes_of(function),
        parameters=values,
        lookback=int(probe.lookback),
        call=getattr(talib, function),
    )


@functools.cache
def _info(function: str) -> Mapping[str, Any]:
    info: Mapping[str, Any] = _abstract(function).info
    return info


def _abstract(function: str) -> Any:
    from talib import abstract

    # A new object each time: parameters set on it do not leak into others.
    return abstract.Function(function)  # type: ignore[attr-defined]  # missing in its stub
