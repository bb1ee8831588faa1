"""Opening a `type: sim` market section."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.outlook import MarketOutlook
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_core.recordings.folder import load_folder
from nof0_core.recordings.recording import Recording
from nof0_provider_sim.config import SimMarketConfig
from nof0_provider_sim.market.provider import SimMarket
from nof0_provider_sim.market.rules import instruments_for
from nof0_provider_sim.market.synthetic import DEFAULT_SYMBOLS, synthesize

BUNDLED = Path(__file__).parent.parent / "data" / "hyperliquid_2025_07"
"""The recording that comes with the package."""


def load_market(config: SimMarketConfig, env: Env) -> SimMarket:
    """Load or make the candles of a section. Takes a good part of a second.

    Raises:
        DataError: saying which file, line or key is wrong.
    """
    try:
        recording, instruments = _load(config, env.rng)
    except DataError as error:
        error.section = error.section or env.section
        raise
    covers = recording.covers
    env.log.info(
        "simulated market loaded",
        source="database" if config.data_source == "database" else config.source,
        symbols=list(recording.symbols),
        resolution=covers.resolution,
        start=covers.start.isoformat(),
        end=covers.end.isoformat(),
    )
    return SimMarket(
        section=env.section,
        clock=env.clock,
        recording=recording,
        instruments=instruments,
        open_interest_usd=config.open_interest_usd,
    )


def foreseen(config: SimMarketConfig) -> MarketOutlook:
    """Tell what the market of a section will have, reading its files or its database.

    Raises:
        DataError: as `load_market`.
    """
    # Coins, bars and period of an invented market do not depend on the seed.
    recording, _ = _load(config, random.Random(0))
    covers = recording.covers
    return MarketOutlook(
        intervals=recording.intervals(),
        resolution=covers.resolution,
        start=covers.start,
        end=covers.end,
        derives=config.source == "synthetic",
        periods=recording.periods(),
    )


def _load(
    config: SimMarketConfig, rng: random.Random
) -> tuple[Recording, Mapping[Symbol, Instrument]]:
    if config.source == "synthetic":
        names = [Symbol(symbol) for symbol in config.symbols or DEFAULT_SYMBOLS]
        instruments = instruments_for(names, config.instruments)
        seed = rng.getrandbits(64) if config.seed is None else config.seed
        return synthesize(config, instruments, seed), instruments
    allow_gaps = config.gaps == "allow"
    if config.data_source == "database":
        from nof0_core.sources import load_recording

        recording = load_recording(
            config.database, config.symbols, section=config.section, allow_gaps=allow_gaps
        )
    else:
        recording = load_folder(config.data or BUNDLED, config.symbols, allow_gaps=allow_gaps)
    return recording, instruments_for(recording.symbols, config.instruments)
