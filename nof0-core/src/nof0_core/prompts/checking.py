"""What is wrong with a template, looked for once for all traders that use it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs

from nof0_core.domain.candles import Interval
from nof0_core.indicators.recipe import Wanted
from nof0_core.prompts.coins import CoinViews
from nof0_core.prompts.limits import LimitViews
from nof0_core.prompts.lint import Finding, lint
from nof0_core.prompts.sample import sample_contexts
from nof0_core.prompts.template import Source, parsed
from nof0_core.prompts.variables import variables


@attrs.frozen
class _Named:
    """All that samples and units depend on of an indicator."""

    name: str
    function: str
    parameters: Mapping[str, float] = attrs.field(default=MappingProxyType({}), eq=False)


_Indicators = tuple[_Named, ...] | None
_Intervals = tuple[Interval, ...] | None


def findings(
    source: Source, indicators: Sequence[Wanted] | None, intervals: Sequence[Interval] | None
) -> tuple[Finding, ...]:
    """Return what `lint` finds in a template with the samples of these settings.

    Args:
        source: the template; what was found in the same text of the same file is known.
        indicators: those configured; None: the default set.
        intervals: those configured; None: the default set.
    """
    named = None if indicators is None else tuple(_Named(i.name, i.function) for i in indicators)
    return _findings(
        source.path, source.text, named, None if intervals is None else tuple(intervals)
    )


@functools.lru_cache(maxsize=64)
def _findings(
    path: Path, text: str, indicators: _Indicators, intervals: _Intervals
) -> tuple[Finding, ...]:
    return tuple(lint(parsed(path, text), _samples(indicators, intervals)))


@functools.lru_cache(maxsize=1)
def _samples(indicators: _Indicators, intervals: _Intervals) -> tuple[Mapping[str, Any], ...]:
    coins, limits = CoinViews.of(indicators or ()), LimitViews()
    contexts = sample_contexts(indicators=indicators, intervals=intervals)
    return tuple(variables(each, name="Sample", coins=coins, limits=limits) for each in contexts)
