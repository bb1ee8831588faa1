"""When traders may act whose models tell it beforehand."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from nof0_core.backtest.columns import Columns
from nof0_core.backtest.peek import LookAheadError
from nof0_core.config.fitting import outlook_of
from nof0_core.config.model import Config, TraderConfig
from nof0_core.domain.candles import to_ms
from nof0_core.ids import Symbol, TraderId
from nof0_core.manager.schedule import at_or_after
from nof0_core.market.feed import MarketFeed
from nof0_core.market.recorded import whole_series
from nof0_core.plugins.env import Logger
from nof0_core.plugins.kinds import BackendKind
from nof0_core.protocols.wakes import Stance, WakeArray
from nof0_core.runtime.sight import sight_of

Marks = Callable[[Symbol, npt.NDArray[np.int64]], npt.NDArray[np.float64]]
"""Gives the marks of a coin at many moments (milliseconds UTC)."""
Held = Mapping[Symbol, bool]
"""What a trader holds: whether it is long, by coin."""
_MILLISECOND = timedelta(milliseconds=1)
SAMPLED = 1024
_CUTS = (0.1, 0.35, 0.7, 0.95)
"""At which parts of the columns it is looked whether an answer depends on what comes after."""


@attrs.define(eq=False)
class _Coin:
    arrays: Mapping[Stance, WakeArray]
    places: Mapping[Stance, list[int]]


class Waking:
    """One trader: its grid of decisions, and at which of them its model may act.

    Where `is_sampled`, one in `SAMPLED` of the decisions at which it may not, chosen by hash, is
    asked for all the same: an answer other than to hold ends the run.

    `first` is the first decision, in milliseconds UTC, `step` the time between two, `count` how
    many there are, `most` how many positions it may hold, `coins` what was told of each coin.
    """

    def __init__(
        self,
        trader: TraderId,
        *,
        first: int,
        step: int,
        count: int,
        most: int,
        coins: Mapping[Symbol, Mapping[Stance, WakeArray]],
        is_sampled: bool = True,
    ) -> None:
        self._first, self._step, self._count, self._most = first, step, count, most
        self._sampled: list[int] = _sampled(trader, count) if is_sampled else []
        self._coins = {
            symbol: _Coin(
                arrays=arrays,
                places={one: np.flatnonzero(each).tolist() for one, each in arrays.items()},
            )
            for symbol, arrays in coins.items()
        }

    def may_act(self, moment: int, held: Held) -> bool:
        """Tell whether the model may do anything but hold in the cycle of a moment."""
        place, rest = divmod(moment - self._first, self._step)
        if rest or not 0 <= place < self._count or not held.keys() <= self._coins.keys():
            return True
        return any(
            bool(coin.arrays[self._stance(held, symbol)][place])
            for symbol, coin in self._coins.items()
        )

    def must_ask(self, moment: int, held: Held) -> bool:
        """Tell whether the model is to be asked in the cycle of a moment."""
        if self.may_act(moment, held):
            return True
        place = (moment - self._first) // self._step
        at = bisect_left(self._sampled, place)
        return at < len(self._sampled) and self._sampled[at] == place

    def next_ask(self, after: int, held: Held) -> int | None:
        """Return the next decision after a moment that the model is asked for; None for none."""
        place = (after - self._first) // self._step
        if not held.keys() <= self._coins.keys():
            return self._first + (place + 1) * self._step
        best = _next(self._sampled, place, self._count)
        for symbol, coin in self._coins.items():
            best = _next(coin.places[self._stance(held, symbol)], place, best)
        return None if best == self._count else self._first + best * self._step

    def _stance(self, held: Held, symbol: Symbol) -> Stance:
        is_long = held.get(symbol)
        if is_long is None:
            return Stance.FULL if len(held) >= self._most else Stance.FLAT
        return Stance.LONG if is_long else Stance.SHORT


def _next(places: list[int], after: int, best: int) -> int:
    at = bisect_right(places, after)
    return places[at] if at < len(places) and places[at] < best else best


def _sampled(trader: TraderId, count: int) -> list[int]:
    """Choose about one place in `SAMPLED`, by hash of trader and place."""
    seed = int.from_bytes(hashlib.sha256(trader.encode()).digest()[:8])
    places = np.arange(count, dtype=np.uint64)
    mixed = (places + np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    found: list[int] = np.flatnonzero((mixed >> np.uint64(32)) % np.uint64(SAMPLED) == 0).tolist()
    return found


def waking_traders(
    config: Config,
    feeds: Mapping[str, MarketFeed],
    marks: Mapping[str, Marks],
    *,
    start: datetime,
    end: datetime,
    is_sampled: bool,
    log: Logger,
) -> dict[TraderId, Waking]:
    """Ask the models of all traders when they may act from `start` to `end`.

    A trader is left out whose model does not tell, or whose telling fails: each of its cycles is
    run.

    Raises:
        LookAheadError: what a model tells of a moment depends on what comes after it.
    """
    found = {}
    for trader in config.traders:
        kinds = [config.backends[model.backend].kind for model in (trader.model, *trader.fallbacks)]
        if sight_of(config, trader).venue or not all(map(_tells, kinds)):
            continue
        times = _decisions(trader, start, end)
        try:
            coins = {
                symbol: _asked(config, trader, symbol, times, feeds[trader.market], marks)
                for symbol in trader.symbols
            }
        except LookAheadError:
            raise
        except Exception as error:  # noqa: BLE001 - foreign code raises anything
            log.warning("not told when it may act", trader=str(trader.id), error=repr(error))
            continue
        step = trader.decision_interval // _MILLISECOND
        found[trader.id] = Waking(
            trader.id,
            first=int(times[0]),
            step=step,
            count=len(times),
            most=trader.limits.max_positions,
            coins=coins,
            is_sampled=is_sampled,
        )
    return found


def _tells(kind: Any) -> bool:
    return isinstance(kind, BackendKind) and kind.wakes is not None


def _decisions(trader: TraderConfig, start: datetime, end: datetime) -> npt.NDArray[np.int64]:
    step = trader.decision_interval
    first = to_ms(at_or_after(start, step))
    # One more than there may be: a run ends with the first moment that is not before its end.
    last = to_ms(at_or_after(end, step))
    return np.arange(first, last + 1, step // _MILLISECOND, dtype=np.int64)


def _asked(
    config: Config,
    trader: TraderConfig,
    symbol: Symbol,
    times: npt.NDArray[np.int64],
    feed: MarketFeed,
    marks: Mapping[str, Marks],
) -> Mapping[Stance, WakeArray]:
    series = whole_series(feed.sources(symbol, sight_of(config, trader).indicators))
    columns = Columns(times, marks[trader.market](symbol, times), series)
    answers = [
        _answer(config, trader, symbol, columns, model_index)
        for model_index in range(1 + len(trader.fallbacks))
    ]
    return {one: np.logical_or.reduce([each[one] for each in answers]) for one in Stance}


def _answer(
    config: Config, trader: TraderConfig, symbol: Symbol, columns: Columns, number: int
) -> Mapping[Stance, WakeArray]:
    model = (trader.model, *trader.fallbacks)[number]
    kind: Any = config.backends[model.backend].kind
    outlook = outlook_of(
        trader,
        intervals=config.intervals,
        indicators=config.indicators,
        series_bars=config.series_bars,
    )
    whole = _checked(kind.wakes(model, outlook, symbol, columns), len(columns["time"]))
    for part in _CUTS:
        count = int(part * len(columns["time"]))
        if not count:
            continue
        cut = _checked(kind.wakes(model, outlook, symbol, columns.until(count)), count)
        for stance in Stance:
            differs = np.flatnonzero(cut[stance] != whole[stance][:count])
            if len(differs):
                raise _peek(trader, symbol, int(columns["time"][differs[0]]))
    return whole


def _checked(answer: Any, count: int) -> Mapping[Stance, WakeArray]:
    found = {}
    for stance in Stance:
        is_told = stance is not Stance.FULL or stance in answer
        array = np.asarray(answer[stance if is_told else Stance.FLAT])
        if array.dtype != np.bool_ or array.shape != (count,):
            message = f"wakes returned {array.dtype}{array.shape} for {stance}, not bool({count},)"
            raise ValueError(message)
        found[stance] = array
    return found


def _peek(trader: TraderConfig, symbol: Symbol, moment: int) -> LookAheadError:
    when = np.datetime64(moment, "ms").astype("datetime64[s]").item()
    message = (
        f"look-ahead: when {trader.id} may act on {symbol} at {when} UTC depends on later data "
        "(`wakes`)"
    )
    return LookAheadError(message, hints=("no report is written",))


def stances(held: Iterable[Any]) -> dict[Symbol, bool]:
    """Return what holdings or positions are, long or short, by coin."""
    return {each.symbol: each.quantity > 0 for each in held}
