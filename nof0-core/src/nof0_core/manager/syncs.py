"""The duties towards a venue account: prices, catching up, protecting, closing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from nof0_core.domain.measured import Trouble
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import EndOfDataError, each_in_words, leaves
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.ids import Symbol, TraderId
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.controls import Controls
from nof0_core.manager.duty_guard import is_fatal, log_failure
from nof0_core.manager.measurements import DutyTroubles
from nof0_core.manager.schedule import Rank
from nof0_core.manager.trader import Trader
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class VenueDuties:
    """What is done for the venue accounts of one engine, apart from decisions.

    For one that is not in `executions`, because its section is not open yet, nothing is.

    Each step of a sync fails by itself: none keeps those after it from being done.
    """

    def __init__(
        self,
        *,
        recorder: Recorder,
        executions: Mapping[str, ExecutionEngine],
        portfolio: Portfolio,
        brakes: TraderBrakes,
        controls: Controls,
        traders: Mapping[TraderId, Trader],
        troubles: DutyTroubles,
    ) -> None:
        self._recorder = recorder
        self._executions = executions
        self._portfolio = portfolio
        self._brakes = brakes
        self._controls = controls
        self._traders = traders
        self._troubles = troubles
        self._unsynced: AlertOnce[str] = AlertOnce(recorder, "sync_failed")
        self._unquoted: AlertOnce[tuple[str, Symbol]] = AlertOnce(recorder, "no_quote")

    async def sync(self, venue_account: str) -> None:
        """Look at a venue account with new prices; what could not be done is an alert.

        Raises:
            EndOfDataError: a recording is over.
        """
        # First of all, and without the venue: a halt has to hold even while it is away.
        self._controls.listen()
        execution = self._executions.get(venue_account)
        if execution is not None:
            await self._sync(venue_account, execution)

    async def _sync(self, venue_account: str, execution: ExecutionEngine) -> None:
        quotes: dict[Symbol, Quote] = {}
        problems: list[str] = []

        async def refresh() -> None:
            quotes.update(await self._portfolio.refresh(venue_account))
            self._tell_unquoted(venue_account)

        async def catch_up() -> None:
            problems.extend(await execution.sync(quotes))

        async def close() -> None:
            await self._controls.close_out(execution, quotes)

        async def settle() -> None:
            prices = partial(self._portfolio.refresh, venue_account)
            await self._controls.settle(execution, prices)

        async def judge() -> None:
            for trader in self._traders.values():
                if trader.config.exchange == venue_account:
                    self._brakes.evaluate(trader.config.id)

        for step in (refresh, catch_up, close, settle, judge):
            problems += await self._try(venue_account, step)
        if problems:
            self._troubles.count(Rank.SYNC.word, Trouble.FAILED)
            message = f"{venue_account}: {'; '.join(problems)}; it is tried again at every sync"
            self._unsynced.alert(venue_account, message)
        else:
            self._unsynced.clear(venue_account)

    def is_quiet(self) -> bool:
        """Tell whether every venue account could be looked at, with a price of every coin."""
        return not (self._unsynced.raised or self._unquoted.raised)

    def has_news(self) -> bool:
        """Tell whether a person has asked for something that nobody has looked at yet."""
        return self._controls.has_news()

    async def look(self, venue_account: str) -> None:
        """Fetch prices only: what protects needs them also while a sync takes its time."""
        if venue_account not in self._executions:
            return
        await self._portfolio.refresh(venue_account)

    async def listen(self, venue_account: str) -> None:
        """Do what people ask for, at the prices the market has now."""
        self._controls.listen()
        if (execution := self._executions.get(venue_account)) is not None:
            quotes = self._portfolio.current(venue_account)
            await self._controls.close_out(execution, quotes)

    async def guard(self, venue_account: str) -> None:
        """Protect what is held, at the prices the market has now."""
        if (execution := self._executions.get(venue_account)) is not None:
            await execution.guard(self._portfolio.current(venue_account))

    async def _try(self, venue_account: str, step: Callable[[], Awaitable[None]]) -> list[str]:
        """Return what a step raised that ends neither the engine nor a recording, in words."""
        try:
            await step()
        except BaseException as error:
            if is_fatal(error) or any(isinstance(leaf, EndOfDataError) for leaf in leaves(error)):
                raise
            log_failure(self._recorder, "sync_failed", venue_account, error)
            return [each_in_words(error)]
        return []

    def _tell_unquoted(self, venue_account: str) -> None:
        """Tell about coins that have no price, each once until it has one again."""
        lacking = self._portfolio.unquoted(venue_account)
        if not lacking and not self._unquoted.raised:
            return
        others = {key for key in self._unquoted.raised if key[0] != venue_account}
        self._unquoted.clear_all_but(others | {(venue_account, symbol) for symbol in lacking})
        for symbol in sorted(lacking.intersection(self._portfolio.watched(venue_account))):
            message = f"{venue_account}: the market has no price for {symbol}; whoever holds it"
            message += " opens nothing; exits the engine watches are judged by the price that the"
            message += " exchange's report implies"
            self._unquoted.alert((venue_account, symbol), message, symbol=symbol)
