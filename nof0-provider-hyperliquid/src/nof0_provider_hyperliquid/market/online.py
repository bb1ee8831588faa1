"""Looking at the venue before a run: `nof0 check --online`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

from nof0_core.domain.candles import to_ms
from nof0_core.domain.finding import Finding, FindingLevel
from nof0_core.errors import DataError, ProviderError
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig
from nof0_provider_hyperliquid.transport.budget import shared_budget
from nof0_provider_hyperliquid.transport.client import InfoClient, Patience
from nof0_provider_hyperliquid.wire.meta import TAKER_FEE_BPS, USDC, Universe, read_universe
from nof0_provider_hyperliquid.wire.reading import record, rows
from nof0_provider_hyperliquid.wire.status import read_time

SKEW = timedelta(seconds=2)
WORST_SKEW = timedelta(minutes=1)
"""A quote that is further ahead than this is refused by the engine."""
_WITHIN = timedelta(seconds=4)


async def findings(config: HyperliquidMarketConfig, env: Env) -> list[Finding]:
    """Ask the venue for its time, its dexes and its coins: three requests, each asked once."""
    budget = await shared_budget(env, config.address)
    patience = Patience(request=min(_WITHIN, config.request_within), retries=0, room=_WITHIN)
    with closing(InfoClient(config.address, budget=budget, patience=patience, env=env)) as client:
        try:
            return await _look(client, config, env)
        except ProviderError as error:
            return [Finding(level=FindingLevel.PROBLEM, sentence=str(error))]


async def _look(client: InfoClient, config: HyperliquidMarketConfig, env: Env) -> list[Finding]:
    found = [await clock_finding(client, config.address, env)]
    return [*found, *await coin_findings(client, config.dex, env)]


async def coin_findings(client: InfoClient, dex: str, env: Env) -> list[Finding]:
    """Say whether a dex is there, and all coins that are traded on it.

    Raises:
        ProviderError: the venue does not tell.
    """
    if dex:
        there = _names(await client.info({"type": "perpDexs"}))
        if dex not in there:
            known = ", ".join(there) or "none"
            return [_problem(f"there is no dex {dex}; there are: {known}")]
    request = {"type": "meta"} | ({"dex": dex} if dex else {})
    return list(_coins(read_universe(await client.info(request), dex), env))


async def clock_finding(client: InfoClient, address: str, env: Env) -> Finding:
    """Say how far the venue's clock is from this machine's.

    Raises:
        ProviderError: the venue does not tell.
    """
    before = env.clock.now()
    venue_ms = read_time(await client.info({"type": "exchangeStatus"}))
    after = env.clock.now()
    # The venue looked at its clock at some moment in between.
    ahead = max(0, venue_ms - to_ms(after)) - max(0, to_ms(before) - venue_ms)
    skew = timedelta(milliseconds=ahead)
    if abs(skew) <= SKEW:
        sentence = f"{address} answers, and its clock is this machine's"
        return Finding(level=FindingLevel.OK, sentence=sentence)
    which = "ahead of" if ahead > 0 else "behind"
    sentence = (
        f"the venue's clock is {abs(skew).total_seconds():.0f} s {which} this machine's:"
        " let the machine set its clock (NTP)"
    )
    level = FindingLevel.PROBLEM if abs(skew) > WORST_SKEW else FindingLevel.WARNING
    return Finding(level=level, sentence=sentence)


def _coins(universe: Universe, env: Env) -> Iterator[Finding]:
    for symbol in env.symbols:
        try:
            asset = universe.asset(symbol)
        except DataError as error:
            yield _problem(str(error))
            continue
        if asset.is_isolated:
            yield Finding(level=FindingLevel.OK, sentence=f"{symbol} has isolated margin only")
        instrument = asset.instrument
        if instrument.taker_fee_bps not in {None, TAKER_FEE_BPS}:
            yield Finding(
                level=FindingLevel.OK,
                sentence=f"{symbol} costs {instrument.taker_fee_bps:f} bps of what is taken and"
                f" {instrument.maker_fee_bps:f} of what rests: traders reckon with taker_fee_bps of"
                " their exchange section",
            )
    if universe.collateral != USDC:
        yield Finding(
            level=FindingLevel.WARNING,
            sentence=f"the dex {universe.dex} settles in token {universe.collateral}, not in USDC:"
            " its prices count as USD here",
        )
    count = len(universe.instruments())
    yield Finding(level=FindingLevel.OK, sentence=f"{count} perpetuals are traded")


def _names(answer: object) -> list[str]:
    # The first is null: the venue's own.
    found = [record(each, "perpDexs") for each in rows(answer, "perpDexs") if each is not None]
    return [str(each.get("name")) for each in found]


def _problem(sentence: str) -> Finding:
    return Finding(level=FindingLevel.PROBLEM, sentence=sentence)
