"""Quotes, asked for once for all traders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from nof0_core.border.quarantine import Ward
from nof0_core.border.records import QUOTE, mapping
from nof0_core.clock import Clock
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError, EndOfDataError, ProviderError
from nof0_core.ids import Symbol
from nof0_core.market.calls import MarketCalls
from nof0_core.market.turn import Turn

CLOCK_SKEW = timedelta(minutes=1)
"""How far a live venue's clock may be ahead of this machine's."""
VERB = "quotes"
WITHOUT = "{} has no price, and no entries, until the next good one"


class QuoteCache:
    """The newest answer for each symbol: a quote, or a sentence why there is none."""

    def __init__(
        self,
        *,
        section: str,
        calls: MarketCalls,
        clock: Clock,
        max_age: timedelta,
        is_recorded: bool,
        ward: Ward,
    ) -> None:
        """Start empty; `max_age` is how long an answer serves; zero: until time moves on.

        On a recorded market a quote from the future is an error; a live venue's clock may differ
        from this machine's by up to a minute. A coin with a bad quote is in quarantine in `ward`
        until the next good one.
        """
        self._ward = ward
        self._section = section
        self._calls = calls
        self._clock = clock
        self._max_age = max_age
        self._skew = timedelta(0) if is_recorded else CLOCK_SKEW
        self._turn = Turn()
        self._answers: dict[Symbol, tuple[datetime, Quote | str]] = {}

    async def get(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote | str]:
        """Return the answer for each symbol, from the provider where the last one is too old.

        Raises:
            EndOfDataError: a recording is over.
        """
        if not self._lacking(symbols):
            return {symbol: self._answers[symbol][1] for symbol in symbols}
        async with self._turn:
            # Whoever waited here finds what the one before has fetched.
            lacking = self._lacking(symbols)
            if lacking:
                answers = await self._ask(lacking)
                now = self._clock.now()
                for symbol in lacking:
                    self._answers[symbol] = (now, answers[symbol])
            return {symbol: self._answers[symbol][1] for symbol in symbols}

    def _lacking(self, symbols: Sequence[Symbol]) -> list[Symbol]:
        now = self._clock.now()
        oldest, answers = now - self._max_age, self._answers
        # What is from later than now was asked for before the clock was set back.
        return [s for s in symbols if s not in answers or not oldest <= answers[s][0] <= now]

    async def _ask(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote | str]:
        try:
            found = mapping(await self._calls.quotes(symbols))
        except EndOfDataError:
            raise
        except DataError as error:
            # One bad symbol must not take the others with it; a time-out would only repeat.
            if len(symbols) == 1:
                return {symbols[0]: str(error)}
            answers: dict[Symbol, Quote | str] = {}
            for symbol in symbols:
                answers.update(await self._ask([symbol]))
            return answers
        except ProviderError as error:
            return dict.fromkeys(symbols, str(error))
        if isinstance(found, str):
            return {symbol: self._refused(symbol, found) for symbol in symbols}
        now = self._clock.now()
        return {symbol: self._checked(symbol, found.get(symbol), now) for symbol in symbols}

    def _checked(self, symbol: Symbol, answer: object, now: datetime) -> Quote | str:
        if answer is None:
            return f"market {self._section}: no quote of {symbol}"
        wrong = QUOTE(answer)
        if wrong or not isinstance(answer, Quote):
            return self._refused(symbol, wrong)
        if answer.symbol != symbol:
            return self._refused(symbol, f"is one of {answer.symbol}")
        if answer.time > now + self._skew:
            return self._refused(
                symbol,
                f"is from the future: {answer.time:%Y-%m-%d %H:%M:%S}, now is "
                f"{now:%Y-%m-%d %H:%M:%S}",
            )
        self._ward.release(VERB, symbol)
        return answer

    def _refused(self, symbol: Symbol, wrong: str) -> str:
        self._ward.put(VERB, f"for {symbol} {wrong}", WITHOUT.format(symbol), symbol=symbol)
        return f"market {self._section}: the quote of {symbol} is refused: {wrong}"
