"""Requests to settle what ledger and venue differ on, as long as they have to wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from nof0_core.domain.snapshot import Quote
from nof0_core.domain.vocabulary import ControlOutcome
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.execution.settling import Settlement
from nof0_core.ids import Symbol
from nof0_core.manager.requests import Request
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder

PATIENCE = timedelta(minutes=15)
"""How long (engine time, from the first try of a run) a request waits before it is refused."""

QuoteSource = Callable[[Sequence[Symbol]], Awaitable[Mapping[Symbol, Quote]]]
"""Fetches quotes of coins; one without a quote is left out."""


class Settlements:
    """Tries such requests at every sync; one that waits is told once (`settle_waiting`)."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._since: dict[str, datetime] = {}
        self._waiting: AlertOnce[str] = AlertOnce(recorder, "settle_waiting")

    async def settle(
        self, request: Request, symbol: Symbol, execution: ExecutionEngine, prices: QuoteSource
    ) -> tuple[ControlOutcome, str] | None:
        """Try a request; return its answer, None while it waits.

        Raises:
            EndOfDataError: a recording is over.
            JournalError: the ledger does not add up, or cannot be written.
        """
        found = await self._try(request, symbol, execution, prices)
        if found.outcome is None:
            now = self._recorder.clock.now()
            if now - self._since.setdefault(request.id, now) < PATIENCE:
                self._waiting.alert(
                    request.id,
                    f"{execution.venue_account}: {symbol} is not settled yet: {found.message}; it "
                    f"is tried again at every sync for {PATIENCE.seconds // 60} minutes",
                    symbol=symbol,
                )
                return None
            message = f"given up after {PATIENCE.seconds // 60} minutes: {found.message}"
            return ControlOutcome.REFUSED, message
        return found.outcome, found.message

    async def _try(
        self, request: Request, symbol: Symbol, execution: ExecutionEngine, prices: QuoteSource
    ) -> Settlement:
        quote: Quote | None = None
        if execution.settling.is_listed(symbol):
            quote = (await prices([symbol])).get(symbol)
        mark = quote.mark if quote is not None else None
        return await execution.settling.settle(symbol, mark, request=request.id, by=request.by)
