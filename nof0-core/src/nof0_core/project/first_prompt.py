"""What a trader would be asked first, without running it."""

from __future__ import annotations

import attrs

from nof0_core.config.model import Config, TraderConfig
from nof0_core.domain.account import AccountState
from nof0_core.domain.brakes import BrakeState
from nof0_core.domain.context import DecisionContext, Performance
from nof0_core.domain.growth import Growth
from nof0_core.domain.model import Prompt
from nof0_core.errors import ConfigError, UsageError
from nof0_core.ids import Symbol, cycle_id
from nof0_core.money import ZERO
from nof0_core.runtime.preview import prompt_book


@attrs.frozen(kw_only=True)
class Preview:
    """A prompt and what it was rendered from.

    `is_sample` tells that market, account and past are invented; the limits are the trader's.
    """

    trader: TraderConfig
    context: DecisionContext
    prompt: Prompt
    is_sample: bool

    @property
    def missing(self) -> tuple[Symbol, ...]:
        """Return the coins of which the market had nothing to show."""
        return tuple(s for s in self.context.symbols if s not in self.context.snapshots)


async def preview(config: Config, trader_id: str, *, is_sample: bool = False) -> Preview:
    """Render a trader's first prompt; no model is asked and no order is sent.

    On a recorded market that is the prompt at `Clock.Start`, else the one it would get now. The
    market is opened and closed again; nothing is written but the log.

    Args:
        config: the configuration.
        trader_id: whose prompt.
        is_sample: on an invented market, with positions and a past; nothing is opened then.

    Raises:
        UsageError: there is no such trader; the message lists those there are.
        ConfigError: its templates cannot be used, with all that is wrong.
        PromptError: they cannot be rendered, or the prompt is over its limit.
        ProviderError: the market could not be read.
    """
    trader = find_trader(config, trader_id)
    book = prompt_book(config, trader)
    if problems := book.check():
        raise ConfigError(problems)
    if is_sample:
        context = attrs.evolve(
            book.sample_context(),
            limits=trader.limits,
            decision_interval=trader.decision_interval,
        )
    else:
        context = await first_context(config, trader_id)
    rendered = book.render(context, trader_name=trader.name)
    return Preview(trader=trader, context=context, prompt=rendered, is_sample=is_sample)


def find_trader(config: Config, trader_id: str) -> TraderConfig:
    """Return a trader's configuration.

    Raises:
        UsageError: there is no such trader; the message lists those there are.
    """
    for candidate in config.traders:
        if candidate.id == trader_id:
            return candidate
    message = f'no trader "{trader_id}" in {config.file}'
    raise UsageError(message, hints=("traders: " + ", ".join(t.id for t in config.traders),))


async def first_context(config: Config, trader_id: str) -> DecisionContext:
    """Build the context of a trader's first decision: its whole capital in cash, and the market.

    On a recorded market that is the market at `Clock.Start`. Nothing is written but the log.

    Raises:
        UsageError: there is no such trader.
        ProviderError: the market could not be read.
    """
    from nof0_core.project.outside_a_run import sections_outside_a_run
    from nof0_core.runtime.capital import capital_of
    from nof0_core.runtime.connections import make_feed
    from nof0_core.runtime.sight import sight_of

    trader = find_trader(config, trader_id)
    async with sections_outside_a_run(config) as (driver, sections):
        markets = await sections.open_all("market", {trader.market: config.markets[trader.market]})
        feed = make_feed(config, driver, trader.market, markets[trader.market])
        await feed.open(trader.symbols)
        sight = sight_of(config, trader)
        moment = await feed.moment(
            trader.symbols, indicators=sight.indicators, with_books=sight.books
        )
        now = driver.clock.now()
        capital = capital_of(config, trader)
        return DecisionContext(
            trader=trader.id,
            cycle=cycle_id(trader.id, now),
            time=now,
            started_at=now,
            symbols=trader.symbols,
            account=AccountState(
                trader=trader.id,
                time=now,
                deposited=capital,
                cash=capital,
                equity=capital,
                realized_pnl=ZERO,
                unrealized_pnl=ZERO,
                fees=ZERO,
                funding=ZERO,
                margin_used=ZERO,
                growth=Growth(base=capital),
            ),
            performance=Performance(),
            snapshots=moment.snapshots,
            instruments=feed.instruments,
            limits=trader.limits,
            brakes=BrakeState(),
            decision_interval=trader.decision_interval,
        )
