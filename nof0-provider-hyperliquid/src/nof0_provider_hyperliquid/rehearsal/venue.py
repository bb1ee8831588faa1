"""A venue on this machine: the market, the accounts, the server, and what goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import anyio
from anyio.lowlevel import checkpoint
from attrs import field, frozen

from nof0_core.clock import Clock
from nof0_core.domain.candles import to_ms
from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth
from nof0_provider_hyperliquid.rehearsal.accounts.exchange import NULL, VenueExchange
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MalformedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import Event, Rules
from nof0_provider_hyperliquid.rehearsal.assets import Asset
from nof0_provider_hyperliquid.rehearsal.audit import Audit
from nof0_provider_hyperliquid.rehearsal.coverage import Coverage, bare_positions
from nof0_provider_hyperliquid.rehearsal.faults import Faults
from nof0_provider_hyperliquid.rehearsal.handler import Handler, Reply
from nof0_provider_hyperliquid.rehearsal.info import MarketInfo, NotUnderstoodError
from nof0_provider_hyperliquid.rehearsal.limits import Limits
from nof0_provider_hyperliquid.rehearsal.listing import ASSETS, PRICES
from nof0_provider_hyperliquid.rehearsal.market import BOOK_MS, VenueMarket
from nof0_provider_hyperliquid.rehearsal.news import MarketNews
from nof0_provider_hyperliquid.rehearsal.prices import MINUTE_MS, Bars
from nof0_provider_hyperliquid.rehearsal.server import serving
from nof0_provider_hyperliquid.rehearsal.sockets import Sockets
from nof0_provider_hyperliquid.rehearsal.stepped import SteppedClock

BEAT = timedelta(seconds=1)
"""How often the venue looks at its clock by itself."""
START = datetime(2025, 7, 23, tzinfo=UTC)


@frozen(kw_only=True)
class VenueSettings:
    """How a venue is.

    Attributes:
        seed: Of prices, books, hashes and faults by chance.
        start: Where a venue begins that has a clock of its own.
        history: How far back bars and funding go.
        assets: What is listed.
        prices: Where walks begin, in USD.
        recorded: Minutes to begin with, by coin: rows of open, high, low, close, volume.
        recorded_from: Open time of the first of them.
        rules: Of accounts and orders.
        funding_page: Most rows of one answer of `fundingHistory`, the oldest asked for.
        candle_page: Most rows of one answer of `candleSnapshot`, the newest asked for.
        port: To listen on; 0: a free one.
    """

    seed: int = 7
    start: datetime = START
    history: timedelta = timedelta(days=12)
    assets: Sequence[Asset] = ASSETS
    prices: Mapping[str, float] = field(factory=lambda: dict(PRICES))
    recorded: Mapping[str, Bars] = field(factory=dict)
    recorded_from: datetime | None = None
    rules: Rules = field(factory=Rules)
    funding_page: int = 500
    candle_page: int = 5_000
    port: int = 0


class Venue:
    """What speaks Hyperliquid's wire format at `base_url`; use `open`.

    `faults` plans what goes wrong, `audit` says what was asked, `coverage` how long positions had
    no stop, `exchange` and `market` are the two sides, `skew` is how far the venue's clock is ahead
    of everybody else's.
    """

    def __init__(self, settings: VenueSettings, clock: Clock) -> None:
        """Prepare; use `open`."""
        self.clock = clock
        self.skew = timedelta(0)
        self.base_url = ""
        start = settings.recorded_from or clock.now() - settings.history
        self.market = VenueMarket(
            seed=settings.seed,
            start_ms=to_ms(start) // MINUTE_MS * MINUTE_MS,
            assets=settings.assets,
            prices=settings.prices,
            recorded=settings.recorded,
        )
        self.exchange = VenueExchange(settings.assets, rules=settings.rules, seed=settings.seed)
        self.faults = Faults(settings.seed)
        self.audit = Audit()
        self.coverage = Coverage()
        self.limits = Limits()
        self._info = MarketInfo(
            market=self.market,
            funding_page=settings.funding_page,
            candle_page=settings.candle_page,
        )
        self._handler = Handler(
            market=self._info,
            accounts=_Users(self.exchange),
            faults=self.faults,
            audit=self.audit,
            limits=self.limits,
            when_acted=self._acted,
        )
        self.sockets = Sockets(
            handler=self._handler,
            news=MarketNews(self._info),
            faults=self.faults,
            limits=self.limits,
            audit=self.audit,
            now=self.now_ms,
            prepare=self.step,
            snapshot=self._snapshot,
        )
        self._priced_ms = self._book = -1
        self._events: list[Event] = []

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: VenueSettings | None = None, clock: Clock | None = None
    ) -> AsyncIterator[Venue]:
        """Serve a venue on loopback for as long as the context lasts.

        Args:
            settings: how it is.
            clock: what time it goes by; None: one of its own that `advance` moves.
        """
        settings = settings or VenueSettings()
        venue = cls(settings, clock or SteppedClock(settings.start))
        async with serving(venue._handle, venue.sockets, settings.port) as base_url:
            venue.base_url = base_url
            venue.step()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(venue._beat)
                yield venue
                tasks.cancel_scope.cancel()

    def list_asset(self, asset: Asset) -> None:
        """List an asset, or change the rules of one (tiers, delisted), for both sides at once.

        A new one takes the next index of its dex; a delisted one keeps its own.
        """
        self.market.put(asset)
        self.exchange.list_assets([asset])
        self._priced_ms = self._book = -1
        self.step()

    def now_ms(self) -> int:
        """Return the venue's time in milliseconds."""
        return to_ms(self.clock.now() + self.skew)

    def step(self) -> None:
        """Bring everything up to the present moment, and tell who listens."""
        now_ms = self.now_ms()
        self._handler.arrive(now_ms)
        if now_ms > self._priced_ms:
            self._priced_ms = now_ms
            self._events += self._tick(now_ms)
            self.coverage.look(now_ms, bare_positions(self.exchange.state))
        events, self._events = self._events, []
        self.sockets.tell(events)

    async def advance(self, span: timedelta, beat: timedelta = BEAT) -> None:
        """Let time pass in beats, so that everybody hears of each; for a clock of its own.

        Raises:
            TypeError: the clock moves by itself.
        """
        clock = self.clock
        if not isinstance(clock, SteppedClock):
            message = "the clock of this venue moves by itself"
            raise TypeError(message)
        end = clock.now() + span
        while clock.now() < end:
            clock.move(min(beat, end - clock.now()))
            self.step()
            await checkpoint()

    def _handle(self, path: str, body: bytes, address: str) -> Reply:
        self.step()
        return self._handler.handle(path, body, self.now_ms(), address)

    async def _beat(self) -> None:
        while True:
            await self.clock.sleep_until(self.clock.now() + BEAT)
            self.step()
            await self.sockets.close_silent()

    def _tick(self, now_ms: int) -> list[Event]:
        coins = [asset.name for dex in self.market.dexes for asset in self.market.universe(dex)]
        marks, mids, oracles = (
            {coin: Decimal(repr(price(coin, now_ms))) for coin in coins}
            for price in (self.market.mark, self.market.mid, self.market.oracle)
        )
        # What was taken of a book stays so until the next one.
        is_new, self._book = now_ms // BOOK_MS != self._book, now_ms // BOOK_MS
        books = {
            coin: Depth.of_levels(self._info.book({"coin": coin}, now_ms)["levels"])
            for coin in coins
            if is_new
        }
        rates = {coin: Decimal(repr(self.market.running_rate(coin, now_ms))) for coin in coins}
        return self.exchange.tick(now_ms, marks, mids, oracles, books, rates=rates)

    def _acted(self, now_ms: int) -> None:
        self._events += self.exchange.take_events()
        self.coverage.look(now_ms, bare_positions(self.exchange.state))

    def _snapshot(self, kind: str, user: str) -> Any | None:
        """Return what a user's subscription is told first."""
        now_ms = self.now_ms()
        if kind == "userFills":
            fills = self.exchange.info({"type": "userFills", "user": user}, now_ms)
            return {"user": user, "isSnapshot": True, "fills": fills}
        if kind == "userFundings":
            request = {"type": "userFunding", "user": user, "startTime": 0}
            found = self.exchange.info(request, now_ms)
            return {"user": user, "isSnapshot": True, "fundings": found}
        if kind in {"clearinghouseState", "openOrders"}:
            return self.exchange.info({"type": kind, "user": user}, now_ms)
        return None


@frozen
class _Users:
    """The exchange side as the handler asks it."""

    exchange: VenueExchange

    def act(self, envelope: Any, now_ms: int) -> Any:
        """Carry out an action."""
        return self.exchange.act(envelope, now_ms)

    def info(self, request: Mapping[str, Any], now_ms: int) -> tuple[bool, Any]:
        """Return whether a question is about a user, and the answer.

        Raises:
            NotUnderstoodError: it is, and cannot be read.
        """
        try:
            found = self.exchange.info(request, now_ms)
        except MalformedError as error:
            raise NotUnderstoodError from error
        return found is not None, None if found is NULL else found
