"""The configuration of a backtest: recorded markets, paper venues, a folder of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from nof0_core.backtest.window import Window, minute
from nof0_core.config.effective import Writer, digest_of
from nof0_core.config.model import ClockConfig, Config, Section
from nof0_core.domain.outlook import MarketOutlook
from nof0_core.errors import DataError, UsageError
from nof0_core.plugins.env import MarketRef
from nof0_core.plugins.kinds import ExchangeKind
from nof0_core.recordings.keeping import history_folder
from nof0_core.runtime import compatibility

SIM = "sim"
_SYNTHETIC = ("start", "end", "seed", "interval", "volatility", "drift", "first_price")


@attrs.frozen(kw_only=True)
class Source:
    """Where history comes from.

    `data` is a directory of candle files in place of all markets; None: recorded markets are taken
    as configured, live ones from the history that was downloaded. `gaps` (`refuse`, `allow`) is
    what to do where bars are missing; None: as configured, and refused.
    """

    data: Path | None = None
    gaps: str | None = None


def staged(config: Config, window: Window, source: Source, folder: Path) -> Config:
    """Return the configuration of a backtest, which writes to `folder` alone.

    Every market is a recording, every exchange a paper one under its own name; nothing is exported.

    Raises:
        UsageError: a live market has no history, or a recording not what the window asks for.
        UnknownKindError: the simulated market is not installed.
    """
    markets = {
        name: _market(config, section, window, source) for name, section in config.markets.items()
    }
    exchanges = {name: _exchange(config, section) for name, section in config.exchanges.items()}
    made = attrs.evolve(
        config,
        markets=markets,
        exchanges=exchanges,
        exporters=(),
        clock=ClockConfig(start=window.start),
        state_dir=folder,
        state_file=folder / config.state_file.name,
        data_path=folder / "api",
        traders=tuple(attrs.evolve(trader, journal_dir=None) for trader in config.traders),
    )
    writer = Writer(directory=config.file.parent, secrets=config.secrets)
    document = {
        **config.document,
        "Clock": writer.names(made.clock),
        "Market": _written(writer, config.document["Market"], markets),
        "Exchange": _written(writer, config.document["Exchange"], exchanges),
    }
    return attrs.evolve(made, document=document, digest=digest_of(document))


def name_of(config: Config, window: Window, source: Source) -> str:
    """Return the name of a backtest's folder; the same question has the same name."""
    asked = [config.digest, str(window), str(source.data or ""), source.gaps or ""]
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    return f"{window.start:%Y%m%d}-{window.end:%Y%m%d}-{digest[:12]}"


def widest(config: Config, source: Source) -> tuple[MarketOutlook, str] | None:
    """Return what the first market with a known period will have, and its section's name."""
    for name, section in config.markets.items():
        kept = section if _is_kept(section, source) else None
        if kept is None and not section.markets:
            kept = _replaced(config, section, source)
        outlook = None if kept is None else _outlook(kept)
        if outlook is not None:
            return outlook, name
    return None


def _market(config: Config, section: Section, window: Window, source: Source) -> Section:
    if section.markets:
        # It stands on another section, which is replaced.
        return section
    kept = section if _is_kept(section, source) else _replaced(config, section, source)
    outlook = _outlook(kept)
    if outlook is None:
        return kept
    if not outlook.start <= window.start < window.end <= outlook.end:
        message = (
            f"market {section.name} has prices from {minute(outlook.start)} to "
            f"{minute(outlook.end)} UTC, and the window is {window}"
        )
        choose = "choose --from and --to inside of that, or add candles to the recording"
        hints = (*_bounding(outlook, window), choose)
        raise UsageError(message, hints=hints)
    # Who asks again need not read all files again.
    return attrs.evolve(kept, kind=attrs.evolve(kept.kind, foresee=lambda _: outlook))


def _bounding(outlook: MarketOutlook, window: Window) -> Iterator[str]:
    """Name the coins that begin later or end sooner than the window, where others do not."""
    periods = outlook.periods
    late = {coin: start for coin, (start, _) in periods.items() if start > window.start}
    gone = {coin: end for coin, (_, end) in periods.items() if end < window.end}
    for what, found in (("begins", late), ("ends", gone)):
        if len(found) < len(periods):
            for coin, moment in sorted(found.items()):
                yield f"{coin} {what} at {minute(moment)} UTC, where other coins have prices"


def _is_kept(section: Section, source: Source) -> bool:
    """Tell whether a market is a recording that is wanted as it is."""
    if source.gaps is not None and section.kind.type == SIM and _is_recorded_sim(section):
        return False
    tell = section.kind.is_recorded
    return source.data is None and tell is not None and bool(tell(section.config))


def _is_recorded_sim(section: Section) -> bool:
    return getattr(section.config, "source", "") == "recorded"


def _replaced(config: Config, section: Section, source: Source) -> Section:
    """Return a section that plays candle files under the name of another."""
    kind: Any = config.registry.kind("market", SIM)
    symbols = tuple(dict.fromkeys(str(s) for t in config.traders for s in t.symbols))
    gaps = {} if source.gaps is None else {"gaps": source.gaps}
    if section.kind.type == SIM:
        if source.data is None:
            return attrs.evolve(section, config=attrs.evolve(section.config, **gaps))
        rules = {c: r for c, r in section.config.instruments.items() if c in symbols}
        changed = attrs.evolve(
            section.config,
            source="recorded",
            data=source.data,
            symbols=symbols,
            instruments=rules,
            **dict.fromkeys(_SYNTHETIC),
            **gaps,
        )
        return attrs.evolve(section, config=changed)
    folder = source.data or history_folder(config.state_dir, section.name)
    if source.data is None and not (folder.is_dir() and any(folder.iterdir())):
        name = section.name
        message = f"market {name} ({section.kind.type}) is live, and {folder} has no history"
        download = f"`nof0 data download CONFIG {name} --from …` fetches it, where the market can"
        hints = (download, "--data DIR reads candle files instead")
        raise UsageError(message, hints=hints)
    made = kind.config(data=folder, symbols=symbols, **gaps)
    return attrs.evolve(section, kind=kind, config=made, markets=(), timeout=None)


def _outlook(section: Section) -> MarketOutlook | None:
    if section.kind.foresee is None:
        return None
    try:
        found: MarketOutlook = section.kind.foresee(section.config)
    except DataError as error:
        error.hints = (*error.hints, *_about_gaps(error))
        raise
    return found


def _about_gaps(error: DataError) -> Iterator[str]:
    if any("gaps: allow" in text for text in (str(error), *error.hints)):
        yield "--gaps allow runs on without these bars, and the report counts them"


def _exchange(config: Config, section: Section) -> Section:
    if section.kind.type == SIM:
        return section
    kind: Any = config.registry.kind("exchange", SIM)
    market = compatibility.pricing(config)[section.name]
    fees: dict[str, Any] = {}
    if isinstance(section.kind, ExchangeKind) and section.kind.taker_fee_bps is not None:
        fees["taker_fee_bps"] = section.kind.taker_fee_bps(section.config)
    made = kind.config(
        market=MarketRef(market), initial_balance_usd=config.total_equity_usd, **fees
    )
    return attrs.evolve(section, kind=kind, config=made, markets=(market,), timeout=None)


def _written(
    writer: Writer, document: Mapping[str, Any], sections: Mapping[str, Section]
) -> dict[str, Any]:
    return {**document, "providers": {n: writer.section(each) for n, each in sections.items()}}
