"""What fits together: clocks with markets, exchange sections with the prices that value them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from nof0_core.clock import Clock
from nof0_core.config.model import Config
from nof0_core.domain.candles import interval_ms
from nof0_core.errors import EndOfDataError, UsageError
from nof0_core.protocols import MarketCapability, MarketProvider, market_with


def check_clock(
    config: Config, clock: Clock, markets: Mapping[str, MarketProvider], *, is_resumed: bool
) -> None:
    """See that the clock suits the markets.

    Raises:
        UsageError: a live market on a clock of its own, or a recording of another time.
        EndOfDataError: an earlier run has come to the end of the recording.
    """
    for name, market in markets.items():
        recording = market_with(market, MarketCapability.RECORDING)
        if recording is None:
            if config.clock.start is not None:
                message = f"market {name} is live, but Clock.Start sets a time of its own"
                raise UsageError(message, hints=("remove Clock from the main file",))
            continue
        recorded = recording.recorded()
        if is_resumed and clock.now() > recorded.end:
            message = (
                f"the recorded market ended at {_minute(recorded.end)} UTC and the run with it; "
                "another --data-dir starts a new one"
            )
            raise EndOfDataError(message, section=name)
        if not recorded.start <= clock.now() <= recorded.end:
            message = (
                f"market {name} was recorded from {_minute(recorded.start)} to "
                f"{_minute(recorded.end)} UTC, but the clock says {_minute(clock.now())}"
            )
            raise UsageError(message, hints=("set Clock.Start (and Clock.Speed) in the main file",))


def end_of(markets: Mapping[str, MarketProvider]) -> datetime | None:
    """Return when the first recording ends, None if all markets are live."""
    found = (market_with(market, MarketCapability.RECORDING) for market in markets.values())
    return min((recording.recorded().end for recording in found if recording), default=None)


def pricing(config: Config) -> dict[str, str]:
    """Choose the market section each exchange section is valued with.

    That is the one its own configuration names, else the one of its first trader.
    """
    chosen = {}
    for name, section in config.exchanges.items():
        users = [t.market for t in config.traders if t.exchange == name]
        named = [market for market in section.markets if market in config.markets]
        chosen[name] = (named or users)[0]
    return chosen


def sync_step(config: Config, markets: Mapping[str, MarketProvider]) -> timedelta:
    """Return how often venues are looked at: no oftener than a recorded market can change."""
    steps = [config.update_interval]
    for market in markets.values():
        recording = market_with(market, MarketCapability.RECORDING)
        if recording is None:
            return config.update_interval
        steps.append(timedelta(milliseconds=interval_ms(recording.recorded().resolution)))
    return max(steps)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
