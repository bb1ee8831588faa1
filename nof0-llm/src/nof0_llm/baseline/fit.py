"""Whether a strategy can work on what a trader is going to see."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from nof0_core.domain.model import ModelSpec
from nof0_core.domain.outlook import TraderOutlook
from nof0_llm.baseline.params import PCT, BaselineParams

_READS: Mapping[str, tuple[str, ...]] = {
    "ema_cross": ("fast", "slow", "rsi", "atr"),
    "mean_reversion": ("slow", "rsi", "atr"),
    "random": ("atr",),
}
"""The params of each strategy that name indicators; one that is not here reads no bars."""
_TURN = 2
"""Bars that show whether an indicator has turned."""


def misfits(model: ModelSpec, trader: TraderOutlook) -> tuple[str, ...]:
    """Say what params name that the trader is not going to see, and where to change that."""
    params = model.params if isinstance(model.params, BaselineParams) else BaselineParams()
    return tuple(_misfits(model.model_name, params, trader))


def _misfits(strategy: str, params: BaselineParams, trader: TraderOutlook) -> Iterator[str]:
    for name in params.symbols:
        if name not in trader.symbols:
            yield (
                f'params.symbols names "{name}"{_near(name, trader.symbols)}, which is not among '
                f"its symbols ({', '.join(trader.symbols)})"
            )
    reads = _READS.get(strategy)
    if reads is None:
        return
    if params.interval not in trader.intervals:
        yield (
            f'params.interval is "{params.interval}", but it sees bars of '
            f'{", ".join(trader.intervals)}: add "{params.interval}" to intervals in market.yaml '
            "or change the params"
        )
    for key in reads:
        if key == "atr" and strategy == "ema_cross" and params.stop_unit == PCT:
            continue
        name = getattr(params, key)
        if name not in trader.indicators:
            yield (
                f'params.{key} is "{name}"{_near(name, trader.indicators)}, but it sees '
                f"{', '.join(trader.indicators) or 'no indicators'}: add it to indicators in "
                "market.yaml (or the trader's own in manager.yaml) or change the params"
            )
    # What is new in a series is told from the bar before it.
    if strategy == "ema_cross" and params.fresh_bars >= trader.series_bars:
        yield (
            f"params.fresh_bars is {params.fresh_bars}, which takes {params.fresh_bars + 1} bars, "
            f"and it sees {trader.series_bars}: raise series_bars in market.yaml or lower it"
        )
    if strategy == "mean_reversion" and trader.series_bars < _TURN:
        yield f"a turn of RSI takes {_TURN} bars: raise series_bars in market.yaml"


def _near(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name.lower(), [each.lower() for each in known], n=1)
    meant = [each for each in known if close and each.lower() == close[0]]
    return f' (did you mean "{meant[0]}"?)' if meant else ""
