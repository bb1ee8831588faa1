"""One run of the engine over a window."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

import attrs

from nof0_core.backtest.cycle_log import CycleLog
from nof0_core.backtest.decisions import DecisionLog
from nof0_core.backtest.market_facts import CoinFacts, coin_facts
from nof0_core.backtest.past_market import PastMarket, data_digest, past_of
from nof0_core.backtest.price_bars import PriceBars, price_bars
from nof0_core.backtest.series_marks import SeriesKey, SeriesMarks
from nof0_core.backtest.ways import Ways, follow
from nof0_core.backtest.window import Window
from nof0_core.clock import SimulatedClock
from nof0_core.config.model import Config, Section
from nof0_core.domain.cycle_event import CycleEnded
from nof0_core.domain.view import View
from nof0_core.errors import Nof0Error, each_in_words, leaves
from nof0_core.ids import Symbol
from nof0_core.manager.drivers import Jumping
from nof0_core.manager.held import BrokenWordError
from nof0_core.manager.manager import Manager
from nof0_core.plugins.env import Env, Logger
from nof0_core.redaction import Redactor
from nof0_core.runtime.assemble import assemble
from nof0_core.runtime.engine import Engine
from nof0_core.runtime.heap import spared_heap
from nof0_core.runtime.sections import as_configured
from nof0_core.runtime.services import open_services

OVER = "the window is over"
_INSTANCE = "0" * 16
"""A run over history is nobody's in particular: its journal is the same whoever made it."""
_TURN_EVERY = 16
"""How many moments pass until watchers and Ctrl-C have a turn: one costs as much as a call."""

Progress = Callable[[datetime], object]
"""Told the time (UTC) a run has come to."""


class Stop:
    """Asks whatever run goes on to end, `also` what goes on beside; the first reason stays."""

    def __init__(self) -> None:
        self.reason = ""
        self.manager: Manager | None = None
        self.also: list[Callable[[], object]] = []

    def __call__(self, reason: str) -> None:
        """Ask the run to end after what is being done now."""
        self.reason = self.reason or reason
        if self.manager is not None:
            self.manager.stop(reason)
        for end in self.also:
            end()


@attrs.frozen(kw_only=True, repr=False)
class Lived:
    """What a run has come to.

    `reached` is when it ended (UTC), `view` the last picture, its sequences lists, `data` the
    digests of the markets by section. `error` says what ended it early, "" if nothing did;
    `is_word_broken` whether that was a rule that did not hold though it had said so.
    `stepped` says why every moment was done, "" if those were left out in which nothing can happen.
    `seen` are the marks of all series, by what tells them apart.
    """

    reached: datetime
    view: View
    log: CycleLog
    reason: str
    error: str
    is_word_broken: bool
    data: dict[str, str]
    coins: tuple[CoinFacts, ...]
    decisions: DecisionLog
    bars: tuple[PriceBars, ...]
    stepped: str
    seen: Mapping[SeriesKey, SeriesMarks]


async def live(
    config: Config,
    window: Window,
    *,
    log: Callable[[str], Logger],
    stop: Stop,
    progress: Progress = lambda _: None,
    cut: datetime | None = None,
    steps: bool = False,
    is_sampled: bool = False,
) -> Lived:
    """Run a staged configuration from the start of a window to its end, or to `cut`.

    With `cut`, nothing that is recorded of the time after it is what it was, and `data`, `coins`
    and `bars` are empty: they would tell of a market that never was. With `steps`, no moment is
    left out; what is recorded is the same. Where it `is_sampled`, rules are asked in some of the
    cycles, too, in which they have said that they hold.

    Raises:
        Nof0Error: something does not open. What fails later ends the run: see `Lived.error`.
    """
    opened: dict[str, PastMarket] = {}
    cycles, decisions = CycleLog(), DecisionLog()
    last = cut or window.end

    @asynccontextmanager
    async def past(section: Section, env: Env) -> AsyncIterator[PastMarket]:
        async with as_configured("market", section, env) as inner:
            made = past_of(section.name, inner, end=window.end, cut=cut)
            opened[section.name] = made
            yield made

    def opener(family: str, section: Section, env: Env) -> AbstractAsyncContextManager[Any]:
        return past(section, env) if family == "market" else as_configured(family, section, env)

    driver = Jumping(SimulatedClock(window.start, turn_every=_TURN_EVERY))
    async with open_services(
        config,
        lambda _: driver,
        log=log,
        opener=opener,
        instance=lambda: _INSTANCE,
    ) as services:
        services.recorder.listen(cycles.notice, *CycleLog.KINDS)
        services.recorder.listen(decisions.notice, CycleEnded)
        engine = assemble(services, services.driver)
        stop.manager = engine.manager
        ways = Ways.of(config, engine.manager, services.connections.feeds, opened)
        waking = ways.waking_traders(
            start=window.start, end=last, is_sampled=is_sampled, log=services.recorder.log
        )
        follow(engine.manager, waking)
        stepped = "--step" if steps else ways.obstacle()
        if not stepped:
            driver.ahead = ways.jumps(waking, end=last)
        if stop.reason:
            engine.manager.stop(stop.reason)

        def after(now: datetime) -> None:
            progress(now)
            if now >= last:
                engine.manager.stop(OVER)

        with spared_heap():
            reason, error, is_broken = await _run(engine, after)
        stop.manager = None
        reached = min(window.end, driver.clock.now())
        real = opened if cut is None else {}
        return Lived(
            reached=reached,
            view=_kept(engine.views.all()),
            log=cycles,
            reason=reason,
            error=error,
            is_word_broken=is_broken,
            data={
                name: data_digest(market, _symbols(config, name), config.intervals)
                for name, market in real.items()
            },
            stepped=stepped,
            seen=ways.seen(),
            coins=tuple(
                fact
                for name, market in real.items()
                for fact in coin_facts(
                    config, name, market, _symbols(config, name), window.start, reached
                )
            ),
            decisions=decisions,
            bars=tuple(_bars(config, real, window)),
        )


async def _run(engine: Engine, after: Callable[[datetime], None]) -> tuple[str, str, bool]:
    try:
        return await engine.run(after), "", False
    except Exception as error:
        told = list(leaves(error))
        if not all(isinstance(leaf, Nof0Error) for leaf in told):
            raise
        is_broken = any(isinstance(leaf, BrokenWordError) for leaf in told)
        return "failed", Redactor(engine.config.secrets).text(each_in_words(error)), is_broken


def _kept(view: View) -> View:
    """Return a picture whose trades and curves need no journal any more."""
    traders = tuple(
        attrs.evolve(one, trades=list(one.trades), equity_curve=list(one.equity_curve))
        for one in view.traders
    )
    return attrs.evolve(view, traders=traders)


def _bars(config: Config, opened: Mapping[str, PastMarket], window: Window) -> Iterator[PriceBars]:
    coins = {name: _symbols(config, name) for name in opened}
    count = sum(map(len, coins.values()))
    for name, market in opened.items():
        yield from price_bars(name, market, coins[name], window, coins=count)


def _symbols(config: Config, market: str) -> list[Symbol]:
    found = [s for t in config.traders if t.market == market for s in t.symbols]
    return list(dict.fromkeys(found))
