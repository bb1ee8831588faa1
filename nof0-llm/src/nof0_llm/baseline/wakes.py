"""When a strategy may act, reckoned for all decisions at once.

Each rule here is the one in the strategy's own module, on arrays, or is true more often: a decision
that is asked for in vain costs a little, one that is missed would be another run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from nof0_core.domain.candles import interval_ms
from nof0_core.domain.model import ModelSpec
from nof0_core.domain.outlook import TraderOutlook
from nof0_core.ids import Symbol
from nof0_core.protocols.wakes import Stance, WakeArray, WakeColumns
from nof0_llm.baseline.draws import draws_at
from nof0_llm.baseline.params import PCT, BaselineParams

Value = TypeVar("Value", bound=np.generic)
Floats = npt.NDArray[np.float64]
_NEUTRAL = 50.0


@attrs.frozen(kw_only=True)
class _Asked:
    params: BaselineParams
    trader: TraderOutlook
    symbol: Symbol
    columns: WakeColumns

    @property
    def count(self) -> int:
        return len(self.columns["time"])

    def column(self, name: str) -> Floats:
        """Return a column of the interval; `KeyError` where it is not configured."""
        return self.columns[f"{self.params.interval}.{name}"]


def wakes(
    model: ModelSpec, trader: TraderOutlook, symbol: Symbol, columns: WakeColumns
) -> Mapping[Stance, WakeArray]:
    """Return for each stance in a coin at which decisions the model may do anything but hold."""
    params = model.params if isinstance(model.params, BaselineParams) else BaselineParams()
    asked = _Asked(params=params, trader=trader, symbol=symbol, columns=columns)
    rule = _RULES.get(model.model_name)
    if rule is None or not set(params.symbols) <= set(trader.symbols):
        # It answers with an error.
        return _all(np.ones(asked.count, dtype=bool))
    try:
        found = rule(asked)
    except (KeyError, ValueError):
        return _all(np.ones(asked.count, dtype=bool))
    if not params.symbols or symbol in params.symbols:
        return found
    never = np.zeros(asked.count, dtype=bool)
    # What is held is left by the draw, of whatever coin it is; other rules look at their coins.
    return {**found, Stance.FLAT: never} if rule is _random else _all(never)


def _buy_and_hold(asked: _Asked) -> Mapping[Stance, WakeArray]:
    never = np.zeros(asked.count, dtype=bool)
    return {**_all(never), Stance.FLAT: ~never}


def _ema_cross(asked: _Asked) -> Mapping[Stance, WakeArray]:
    params = asked.params
    bars = _Bars.of(asked, asked.params.fresh_bars)
    trend = bars.take(asked.column(params.fast) - asked.column(params.slow))
    is_fresh = np.zeros(len(trend), dtype=bool)
    for back in range(1, params.fresh_bars + 1):
        is_fresh[back:] |= trend[:-back] * trend[back:] <= 0
    now, fresh = bars.spread(trend), bars.spread(is_fresh)
    unready = ~np.isfinite(now) | bars.unknown
    rsi = asked.column(params.rsi)
    is_agreed = np.where(
        now > 0, (rsi > _NEUTRAL) & (rsi < params.rsi_high), (rsi > params.rsi_low) & (rsi < 50)
    )
    is_entry = fresh & (now != 0) & is_agreed
    if params.stop_unit != PCT:
        is_entry &= np.isfinite(asked.column(params.atr))
    never = np.zeros(asked.count, dtype=bool)
    return {
        Stance.FLAT: unready | is_entry,
        Stance.FULL: unready,
        Stance.LONG: unready | (~(now > 0) if params.exit_on_signal else never),
        Stance.SHORT: unready | ((now > 0) if params.exit_on_signal else never),
    }


def _mean_reversion(asked: _Asked) -> Mapping[Stance, WakeArray]:
    params = asked.params
    bars = _Bars.of(asked, 1)
    mean, atr, now = (asked.column(name) for name in (params.slow, params.atr, params.rsi))
    rsi = bars.take(now)
    last = np.full(len(rsi), np.nan)
    last[1:] = rsi[:-1]
    before = bars.spread(last)
    # NaN fails every comparison, as in the strategy.
    unready = ~np.isfinite(mean + atr + now + before) | (atr <= 0) | bars.unknown
    with np.errstate(divide="ignore", invalid="ignore"):
        away = (asked.columns["mark"] - mean) / atr
    is_low = (away <= -params.distance_atr) & (before <= params.rsi_low) & (now > before)
    is_high = (away >= params.distance_atr) & (before >= params.rsi_high) & (now < before)
    never = np.zeros(asked.count, dtype=bool)
    return {
        Stance.FLAT: unready | is_low | is_high,
        Stance.FULL: unready,
        Stance.LONG: unready | ((away >= 0) if params.exit_on_signal else never),
        Stance.SHORT: unready | ((away <= 0) if params.exit_on_signal else never),
    }


def _random(asked: _Asked) -> Mapping[Stance, WakeArray]:
    params, times = asked.params, asked.columns["time"]
    found = draws_at(params, asked.trader.trader, asked.symbol, times)
    return {
        Stance.FLAT: found.is_entry,
        Stance.FULL: np.zeros(asked.count, dtype=bool),
        Stance.LONG: found.is_leaving,
        Stance.SHORT: found.is_leaving,
    }


_RULES: Mapping[str, Callable[[_Asked], Mapping[Stance, WakeArray]]] = {
    "buy_and_hold": _buy_and_hold,
    "ema_cross": _ema_cross,
    "mean_reversion": _mean_reversion,
    "random": _random,
}


def _all(array: WakeArray) -> Mapping[Stance, WakeArray]:
    return dict.fromkeys(Stance, array)


@attrs.frozen(kw_only=True)
class _Bars:
    """The bars behind the decisions: several decisions may see the same one, and none another.

    `unknown` are the decisions at which the bars before are not all among the columns.
    """

    first: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    unknown: WakeArray

    @classmethod
    def of(cls, asked: _Asked, back: int) -> _Bars:
        """Find the bars, and where one of the `back` before the newest is not known."""
        times = asked.column("open_time")
        is_new = np.ones(len(times), dtype=bool)
        is_new[1:] = times[1:] != times[:-1]
        first = np.flatnonzero(is_new)
        opened = times[first]
        is_torn = np.ones(len(first), dtype=bool)
        is_torn[1:] = opened[1:] - opened[:-1] != interval_ms(asked.params.interval)
        is_unknown = is_torn.copy()
        for by in range(1, back):
            is_unknown[by:] |= is_torn[: len(is_torn) - by]
        number = np.cumsum(is_new) - 1
        return cls(first=first, number=number, unknown=is_unknown[number] | (times < 0))

    def take(self, column: Floats) -> Floats:
        """Return a column with one value for each bar."""
        return column[self.first]

    def spread(self, values: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """Return what is known of the bar of each decision."""
        return values[self.number]
