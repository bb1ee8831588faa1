"""What a run would find in its markets: files, period, coins, bars, ages against the rhythm."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from nof0_core.border.values import shown
from nof0_core.clock import wall_time
from nof0_core.config.fields import written
from nof0_core.config.model import Config, Section, TraderConfig
from nof0_core.domain.candles import interval_ms, to_ms
from nof0_core.domain.outlook import MarketOutlook
from nof0_core.errors import ConfigError, DataError, Problem
from nof0_core.plugins.messages import failure
from nof0_core.redaction import READ

_LONGEST = 300
"""Letters of what a plugin raised."""


def foresee(config: Config) -> list[str]:
    """Open the files of all recorded markets, hold them against what traders want, tell the rest.

    What a trader's model could never answer is told with it.

    A kind whose `foresee` fails otherwise than it may is told with its plugin; nothing is known of
    its markets then, and the others are looked at all the same.

    Raises:
        ConfigError: a run would stop at what was found, or trade nothing for it.
    """
    problems = list(config.misfits)
    notes: list[str] = []
    for section in config.markets.values():
        try:
            outlook = _outlook(section)
        except DataError as error:
            problems.append(_problem(section, str(error), *error.hints))
            continue
        except Exception as error:  # noqa: BLE001 - a plugin's code raises anything
            notes.append(_defect(config, section, error))
            continue
        if outlook is None:
            continue
        problems += _period(config, section, outlook)
        for trader in config.traders:
            if trader.market == section.name:
                problems += _wanted(config, section, outlook, trader)
                problems += _too_old(config, section, outlook, trader)
                notes += _ages(config, outlook, trader)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return notes


def _outlook(section: Section) -> MarketOutlook | None:
    tell = section.kind.foresee
    found: object = tell(section.config) if tell is not None else None
    if found is None or isinstance(found, MarketOutlook):
        return found
    message = f"{shown(found)} is no MarketOutlook"
    raise TypeError(message)


def _defect(config: Config, section: Section, error: Exception) -> str:
    owner = config.registry.owner("market", section.kind.type)
    said = READ.out_of_sentence(failure(error))[:_LONGEST]
    place = section.place
    return (
        f"{place.file}:{place.line}: of market {section.name} nothing is known before it opens: "
        f"foresee raised {said}: a defect of {owner}"
    )


def _period(config: Config, section: Section, outlook: MarketOutlook) -> Iterator[Problem]:
    start = config.clock.start
    moment = start or wall_time()
    if outlook.start <= moment <= outlook.end:
        return
    says = f"Clock.Start is {moment:%Y-%m-%d %H:%M}" if start else "there is no Clock.Start"
    yield _problem(
        section,
        f"has prices from {outlook.start:%Y-%m-%d %H:%M} to {outlook.end:%Y-%m-%d %H:%M} UTC, "
        f"but {says}",
        f"set Clock.Start in the main file, for example to {outlook.start:%Y-%m-%dT%H:%M:%SZ}",
    )


def _wanted(
    config: Config, section: Section, outlook: MarketOutlook, trader: TraderConfig
) -> Iterator[Problem]:
    lacking = [symbol for symbol in trader.symbols if symbol not in outlook.intervals]
    if lacking:
        yield _problem(
            section,
            f"has no {', '.join(lacking)}, which {trader.id} trades",
            f"it has {', '.join(sorted(outlook.intervals))}: change `symbols`",
        )
    for interval in config.intervals:
        without = [
            symbol
            for symbol in trader.symbols
            if symbol in outlook.intervals and not _has(outlook, symbol, interval)
        ]
        if without:
            have = ", ".join(outlook.intervals[without[0]])
            yield _problem(
                section,
                f"has no {interval} bars of {', '.join(without)}",
                f"it has {have}: change `intervals` in market.yaml, or make them with "
                "`nof0 data resample`",
            )


def _has(outlook: MarketOutlook, symbol: str, interval: str) -> bool:
    have = {str(name): names for name, names in outlook.intervals.items()}[symbol]
    length = interval_ms(interval)
    return interval in have or (
        outlook.derives and any(length % interval_ms(each) == 0 for each in have)
    )


def _moments(config: Config, outlook: MarketOutlook, trader: TraderConfig) -> tuple[int, int, int]:
    """Return the least and the greatest age of prices at decisions, in ms, and their step."""
    length = interval_ms(outlook.resolution)
    step = math.gcd(length, trader.decision_interval // timedelta(milliseconds=1))
    first = to_ms(config.clock.start or outlook.start) % step
    return first, first + length - step, step


def _too_old(
    config: Config, section: Section, outlook: MarketOutlook, trader: TraderConfig
) -> Iterator[Problem]:
    least, _, _ = _moments(config, outlook, trader)
    limit = trader.limits.max_data_age
    if timedelta(milliseconds=least) > limit and not config.decision_spread:
        yield _problem(
            section,
            f"has prices every {outlook.resolution}: they are {least // 60_000} min old whenever "
            f"{trader.id} decides, and max_data_age is {written(limit)}, so it can never enter",
            f"start the clock at a multiple of {outlook.resolution}, or raise max_data_age",
        )


def _ages(config: Config, outlook: MarketOutlook, trader: TraderConfig) -> Iterator[str]:
    least, most, step = _moments(config, outlook, trader)
    limit = trader.limits.max_data_age // timedelta(milliseconds=1)
    if most <= limit or least > limit:
        return
    count = (most - least) // step + 1
    fresh = (limit - least) // step + 1
    yield (
        f"{trader.id} decides every {written(trader.decision_interval)} on prices that change "
        f"every {outlook.resolution}: in {count - fresh} of {count} cycles they are older than its "
        f"max_data_age ({written(trader.limits.max_data_age)}) and entries are refused; "
        f"decide every {outlook.resolution}, or raise max_data_age"
    )


def _problem(section: Section, message: str, *hints: str) -> Problem:
    place = section.place
    return Problem(
        file=place.file, line=place.line, path=place.path, message=message, hints=tuple(hints)
    )
