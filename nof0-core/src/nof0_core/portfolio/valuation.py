"""What everything is worth now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from nof0_core.config.model import Config
from nof0_core.domain.account import AccountState
from nof0_core.domain.context import Performance
from nof0_core.domain.event import MarksSeen
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.venue_view import VenueView
from nof0_core.ids import Symbol, TraderId
from nof0_core.market.feed import MarketFeed
from nof0_core.money import exactly
from nof0_core.portfolio.venue import venue_view
from nof0_core.state.recorder import Recorder


class Portfolio:
    """Values the virtual accounts at the newest marks.

    Each venue account is valued with the quotes of one market section (`pricing`), so that all
    its traders see the same worth of the same coin.
    """

    def __init__(
        self,
        *,
        config: Config,
        recorder: Recorder,
        feeds: Mapping[str, MarketFeed],
        pricing: Mapping[str, str],
    ) -> None:
        self._recorder = recorder
        self._feeds = feeds
        self._pricing = pricing
        self._venue_accounts = {trader.id: trader.exchange for trader in config.traders}
        self._symbols = {
            venue_account: tuple(
                dict.fromkeys(
                    s for t in config.traders if t.exchange == venue_account for s in t.symbols
                )
            )
            for venue_account in config.exchanges
        }
        self.quotes: dict[str, dict[Symbol, Quote]] = {
            venue_account: {} for venue_account in config.exchanges
        }
        self._marks: dict[str, dict[Symbol, Decimal]] = {name: {} for name in config.exchanges}
        self._unquoted: dict[str, set[Symbol]] = {name: set() for name in config.exchanges}

    async def refresh(
        self, venue_account: str, symbols: Sequence[Symbol] | None = None
    ) -> Mapping[Symbol, Quote]:
        """Fetch a venue account's quotes: of some symbols, or of all its traders' and held ones.

        What was asked for and has none now is `unquoted` until it has one again.
        """
        if symbols is None:
            symbols = self.watched(venue_account)
        unquoted = self._unquoted[venue_account]
        try:
            quotes = await self._feeds[self._pricing[venue_account]].quotes(symbols)
        except Exception:
            unquoted.update(symbols)
            raise
        unquoted.update(symbols)
        unquoted.difference_update(quotes)
        self.quotes[venue_account].update(quotes)
        marks = self._marks[venue_account]
        for symbol, quote in quotes.items():
            marks[symbol] = quote.mark
        return quotes

    def watched(self, venue_account: str) -> tuple[Symbol, ...]:
        """Return the coins of a venue account whose prices matter: its traders' and held ones."""
        held = [p.symbol for p in self._recorder.state.positions(venue_account)]
        return tuple(dict.fromkeys((*self._symbols[venue_account], *held)))

    def unquoted(self, venue_account: str) -> frozenset[Symbol]:
        """Return the coins that had no quote when they were last asked for."""
        return frozenset(self._unquoted[venue_account])

    def current(self, venue_account: str) -> Mapping[Symbol, Quote]:
        """Return the newest quotes of the coins that had one when they were last asked for."""
        unquoted = self._unquoted[venue_account]
        return {s: q for s, q in self.quotes[venue_account].items() if s not in unquoted}

    def unpriced(self, trader: TraderId) -> tuple[Symbol, ...]:
        """Return the held coins for which an account of a trader valued now has no price."""
        venue_account = self._venue_accounts[trader]
        stale, marks = self._unquoted[venue_account], self._marks[venue_account]
        listed = self._feeds[self._pricing[venue_account]].instruments
        return tuple(
            symbol
            for symbol in self._recorder.state.coins(trader)
            if symbol in stale or symbol not in marks or symbol not in listed
        )

    def account(self, trader: TraderId) -> AccountState:
        """Value one trader's account at the newest marks known; see `AccountState.unpriced`."""
        return self.valued(self._venue_accounts[trader], trader)

    def valued(self, venue_account: str, trader: TraderId) -> AccountState:
        """Value any account of a venue account, also a shared or a former trader's one."""
        return self._recorder.state.account(
            venue_account,
            trader,
            self._marks[venue_account],
            self._recorder.clock.now(),
            self._feeds[self._pricing[venue_account]].instruments,
            self._unquoted[venue_account],
        )

    def seen_marks(self, venue_account: str) -> MarksSeen:
        """Return the marks of all that is held on a venue account, as it would be valued now."""
        marks, stale = self._marks[venue_account], self._unquoted[venue_account]
        held = dict.fromkeys(p.symbol for p in self._recorder.state.positions(venue_account))
        return MarksSeen(
            venue_account=venue_account,
            marks={symbol: marks[symbol] for symbol in held if symbol in marks},
            stale=tuple(symbol for symbol in held if symbol in stale or symbol not in marks),
        )

    def venue_view(self, seen: MarksSeen, time: datetime) -> VenueView:
        """Return all traders of a venue account at these marks, as of the newest record."""
        return venue_view(
            self._recorder.state,
            seen,
            time=time,
            market=self._pricing[seen.venue_account],
            seq=self._recorder.last_seq,
        )

    @exactly
    def performance(self, trader: TraderId, account: AccountState) -> Performance:
        """Return a trader's statistics so far, with its account as it is now."""
        return self._recorder.state.performance(trader, account)
