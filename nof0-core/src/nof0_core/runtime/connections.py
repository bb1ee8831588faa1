"""Markets, exchanges and backends of a run, and what is made of them when one opens late."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import anyio

from nof0_core.border.quarantine import Quarantine
from nof0_core.config.model import Config, Section
from nof0_core.errors import Nof0Error
from nof0_core.manager.drivers import Driver
from nof0_core.manager.manager import Manager
from nof0_core.market.feed import MarketFeed
from nof0_core.plugins.kinds import ExchangeKind
from nof0_core.protocols import Capability, ExchangeProvider, LLMBackend, MarketProvider
from nof0_core.runtime import compatibility, origins
from nof0_core.runtime.capital import check_traders, fund_account, fund_traders
from nof0_core.runtime.facts import record_instruments
from nof0_core.runtime.first_calls import FirstCalls
from nof0_core.runtime.opening import Opening, Openings, Step
from nof0_core.runtime.sections import Sections
from nof0_core.runtime.sight import in_vain, own_lists
from nof0_core.runtime.stand_ins import LateBackend, UnopenedMarket
from nof0_core.state.recorder import Recorder

Enter: TypeAlias = Callable[[str, ExchangeProvider], None]


def make_feed(
    config: Config,
    driver: Driver,
    section: str,
    provider: MarketProvider,
    quarantine: Quarantine | None = None,
) -> MarketFeed:
    """Make the feed of a market section; it still has to be opened."""
    limits = driver.limits.lowered(config.markets[section].timeout)
    return MarketFeed(
        section=section,
        provider=provider,
        clock=driver.clock,
        intervals=config.intervals,
        indicators=config.indicators,
        series_bars=config.series_bars,
        origin=origins.of_section(config, "market", config.markets[section]),
        shares_answers=driver.tempo.shares_answers,
        quotes_within=limits.quotes,
        candles_within=limits.candles,
        ward=quarantine.ward("market", section) if quarantine is not None else None,
        own=own_lists(config, section),
    )


class Connections:
    """Markets with their feeds, exchanges and backends of a run, by section.

    All of them open before anything else happens, or nothing does; or, where they may open late,
    one that does not is left to `openings`: its market has no prices, its backend gives no answer,
    its venue account is not looked at, and its traders wait.
    """

    def __init__(
        self,
        *,
        config: Config,
        driver: Driver,
        recorder: Recorder,
        sections: Sections,
        first_calls: FirstCalls,
        openings: Openings,
        quarantine: Quarantine,
        is_resumed: bool,
    ) -> None:
        """Remember what opens them; `is_resumed`: the journal holds an earlier run."""
        self.markets: dict[str, MarketProvider] = {}
        self.feeds: dict[str, MarketFeed] = {}
        self.backends: dict[str, LLMBackend] = {}
        self.openings = openings
        self._config = config
        self._recorder = recorder
        self._driver = driver
        self._sections = sections
        self._first_calls = first_calls
        self._quarantine = quarantine
        self._is_resumed = is_resumed
        self._providers: dict[str, ExchangeProvider] = {}
        self._accounts: dict[str, Opening] = {}
        self._joined: set[str] = set()
        self._joining = anyio.Lock()
        self._manager: Manager | None = None
        self._enter: Enter
        openings.on_open = self._opened
        openings.on_failing = self._failing

    async def open(self) -> None:
        """Open everything, as far as it opens.

        Raises:
            UsageError: the clock does not fit a market.
            EndOfDataError: an earlier run has come to the end of a recorded market.
            Nof0Error: what a provider said.
        """
        if not self._driver.tempo.opens_late:
            await self._open_all()
            return
        config = self._config
        self._sections.markets, self._sections.backends = self.markets, {}
        for name, section in config.markets.items():
            opening = await self._first("market", section, [partial(self._open_market, name)])
            if not opening.is_open:
                self.feeds[name] = self._feed(name, UnopenedMarket(name))
        for name, section in config.exchanges.items():
            self._accounts[name] = await self._first(
                "exchange", section, [partial(self._open_exchange, name)]
            )
        for name, section in config.backends.items():
            late = LateBackend(name)
            opening = await self._first("llm", section, [partial(self._open_backend, name, late)])
            self.backends[name] = self._sections.backends[name] if opening.is_open else late

    async def fund(self) -> dict[str, ExchangeProvider]:
        """Give new traders their capital; return the exchanges that can be used now.

        Raises:
            UsageError: an account does not hold what its traders were promised.
            TransientError: where nothing opens late, an account could not be read.
        """
        if not self._driver.tempo.opens_late:
            await fund_traders(
                config=self._config,
                recorder=self._recorder,
                providers=self._providers,
                first_calls=self._first_calls,
            )
            return self._providers
        check_traders(self._config, self._recorder)
        for name, opening in self._accounts.items():
            opening.steps.append(partial(self._fund, name))
            await self.openings.first(opening)
        self._joined = {name for name in self._accounts if not self._lacking(name)}
        return {name: self._providers[name] for name in self._accounts if name in self._joined}

    def without_expiry(self) -> list[str]:
        """Name the venue accounts where an order may land however late it comes.

        One that is not open yet counts; one that exists in this engine only does not.
        """
        found = []
        for name, section in self._config.exchanges.items():
            kind, provider = section.kind, self._providers.get(name)
            is_outside = isinstance(kind, ExchangeKind) and kind.identity is not None
            if is_outside and (provider is None or Capability.EXPIRY not in provider.capabilities):
                found.append(name)
        return found

    def use(self, manager: Manager, enter: Enter) -> None:
        """Take what was put together; traders that have to wait do.

        `enter` is called with each venue account that opens later, once its feed is there.
        """
        self._manager, self._enter = manager, enter
        for trader in manager.traders.values():
            trader.waits_for = self._waits_for(trader.config.exchange, trader.config.market)

    # --- opening ----------------------------------------------------------------------------------

    async def _open_all(self) -> None:
        config = self._config
        self.markets = await self._sections.open_all("market", config.markets)
        self._check_clock(self.markets)
        for name, provider in self.markets.items():
            feed = self.feeds[name] = self._feed(name, provider)
            self._warn_of_books(name, provider)
            opening = partial(feed.open, self._symbols(name), delisted=self._held())
            try:
                await self._first_calls.make(f"market {name}", "instruments", opening)
            except Nof0Error as error:
                self._sections.add_hint("market", config.markets[name], error)
                raise
        self._providers = await self._sections.open_all("exchange", config.exchanges)
        self.backends = await self._sections.open_all("llm", config.backends)

    def _feed(self, name: str, provider: MarketProvider) -> MarketFeed:
        return make_feed(self._config, self._driver, name, provider, self._quarantine)

    def _warn_of_books(self, name: str, provider: MarketProvider) -> None:
        if traders := in_vain(self._config, name, provider):
            self._recorder.log.warning(
                "the market shows no order books, which prompts or checks of these traders look at",
                market=name,
                traders=traders,
            )

    async def _first(self, family: str, section: Section, steps: list[Step]) -> Opening:
        place = section.place
        owner = self._config.registry.owner(family, section.kind.type)
        opening = Opening(
            name=f"{family} {section.name}",
            place=f"{Path(place.file).name}:{place.line}",
            plugin=str(owner),
            steps=steps,
            needs=frozenset(
                (*(f"market {m}" for m in section.markets), *(f"llm {b}" for b in section.backends))
            ),
        )
        try:
            await self.openings.first(opening)
        except Nof0Error as error:
            self._sections.add_hint(family, section, error)
            raise
        return opening

    async def _open_market(self, name: str) -> None:
        provider = self.markets.get(name)
        if provider is None:
            provider = await self._sections.enter("market", self._config.markets[name])
            self._check_clock({name: provider})
        feed = self._feed(name, provider)
        # One that is entered and has no coins yet is entered once; nobody sees it before it has.
        self.markets[name] = provider
        await feed.open(self._symbols(name), delisted=self._held())
        self.feeds[name] = feed
        self._warn_of_books(name, provider)

    async def _open_exchange(self, name: str) -> None:
        section = self._config.exchanges[name]
        self._providers[name] = await self._sections.enter("exchange", section)

    async def _open_backend(self, name: str, late: LateBackend) -> None:
        service = await self._sections.enter("llm", self._config.backends[name])
        self._sections.backends[name] = late.service = service

    async def _fund(self, name: str) -> None:
        await fund_account(self._config, self._recorder, name, self._providers[name])

    def _check_clock(self, markets: dict[str, Any]) -> None:
        compatibility.check_clock(
            self._config, self._driver.clock, markets, is_resumed=self._is_resumed
        )

    # --- what opens late --------------------------------------------------------------------------

    async def _opened(self) -> None:
        """Let the accounts and traders join that have waited for a section.

        One after the other: no trader decides before its account was looked at.
        """
        async with self._joining:
            await self._join()

    async def _join(self) -> None:
        manager = self._manager
        assert manager is not None  # noqa: S101 - `use` comes before anything opens late
        record_instruments(self._config, self._recorder, self.feeds)
        for name in self._config.exchanges:
            if self._lacking(name) or name in self._joined:
                continue
            self._enter(name, self._providers[name])
            self._joined.add(name)
            await manager.catch_up([name])
        for trader in manager.traders.values():
            if trader.waits_for:
                trader.waits_for = self._waits_for(trader.config.exchange, trader.config.market)
                if not trader.waits_for:
                    trader.can_begin()

    def _failing(self, opening: Opening) -> list[str]:
        """Let the traders that wait for a section count as failing; return them."""
        assert self._manager is not None  # noqa: S101 - see `_join`
        found = []
        for trader in self._manager.traders.values():
            if trader.waits_for == opening.name:
                trader.is_stuck = True
                found.append(str(trader.config.id))
        return found

    def _waits_for(self, exchange: str, market: str) -> str:
        """Name the first section that is not open of what a trader needs."""
        late = {opening.name for opening in self.openings.late}
        for needed in (
            f"market {market}",
            f"market {compatibility.pricing(self._config)[exchange]}",
            f"exchange {exchange}",
        ):
            if needed in late:
                return needed
        return ""

    def _lacking(self, exchange: str) -> bool:
        priced = compatibility.pricing(self._config)[exchange]
        return bool(self._waits_for(exchange, priced))

    def _symbols(self, market: str) -> list[Any]:
        return [s for t in self._config.traders if t.market == market for s in t.symbols]

    def _held(self) -> set[Any]:
        state = self._recorder.state
        return {p.symbol for name in self._config.exchanges for p in state.positions(name)}
