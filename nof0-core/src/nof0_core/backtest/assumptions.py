"""What a backtest takes for granted, and where its data are thinner than they should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nof0_core.analysis.bootstrap import MINIMUM_HOURS
from nof0_core.backtest.market_facts import CoinFacts
from nof0_core.backtest.one_run import Lived
from nof0_core.backtest.paid_models import asked_models
from nof0_core.backtest.result import TraderResult
from nof0_core.backtest.window import minute
from nof0_core.config.fields import written
from nof0_core.config.model import Config
from nof0_core.domain.vocabulary import CycleStatus


def assumptions_of(config: Config, staged: Config, coins: Iterable[CoinFacts]) -> Iterator[str]:
    """Yield how prices, fills, costs and funding come about, a sentence each.

    Args:
        config: as the user has it.
        staged: with recordings and paper venues in it.
        coins: of the run.
    """
    for market, resolution in sorted({(one.section, one.resolution) for one in coins}):
        yield (
            f"market {market}: mark, mid and oracle are the close of the last closed {resolution} "
            "bar; between two closes no price moves"
        )
    yield (
        "in a bar that reaches both a stop and a target the stop comes first; a bar that opens "
        "beyond a trigger fills at its open"
    )
    yield "holding a coin is its price alone: no fees, no spread, no funding"
    yield "own orders do not change later prices; nobody else reacts to them"
    for name, section in staged.exchanges.items():
        paper: Any = section.config
        was = config.exchanges[name].kind.type
        instead = "" if was == section.kind.type else f" in the place of {was}"
        yield (
            f"venue {name}: paper account{instead}, taker fee {_fee(paper, section.kind)}, half "
            f"spread {paper.slippage_bps} bps and impact by volume, latency "
            f"{written(paper.latency)}{_spread_of(paper)}, funding of an hour without a recorded "
            f"rate at the newest one before it, {paper.default_funding_rate} where there is none"
        )


def flags_of(
    config: Config, staged: Config, lived: Lived, traders: Sequence[TraderResult], ended: str
) -> Iterator[str]:
    """Yield what a reader should know before believing a figure, a sentence each.

    `ended` says what ended the run early, "" if nothing did.
    """
    if ended:
        until = minute(lived.reached)
        yield f"the run ended at {until} UTC: all figures are of the time until then"
    for one in lived.coins:
        yield from _of_coin(one)
    for name, section in staged.markets.items():
        if section.kind.type != config.markets[name].kind.type:
            yield (
                f"market {name}: coin rules (lots, leverage, margin tiers) are those of the "
                "simulated market, not the venue's of that time"
            )
    if traders and all(one.figures.sharpe_ci is None for one in traders):
        yield (
            f"fewer than {MINIMUM_HOURS} hourly returns, the first begins an hour after the start: "
            "no intervals, and no Sharpe ratio is shown"
        )
    yield from (f"{one.trader} closed no trade" for one in traders if not one.figures.num_trades)
    statuses = lived.log.statuses
    asked = sum(statuses.values())
    for status in sorted(statuses):
        if status is not CycleStatus.OK:
            yield f"{statuses[status]} of {asked} cycles ended as {status}"
    for code, count in sorted(lived.log.alerts.items()):
        yield f"{count} × alert {code}: the journal of the run tells when and why"
    models = {t.model.name for t in config.traders if t.model.backend in asked_models(config)}
    for model in sorted(models):
        yield f"{model}: its knowledge cut-off is not known; it may remember this window"


def checked_in_words(moments: int, cycles: int) -> str:
    """Say what a look-ahead check that found nothing has compared; where it had no moment, that."""
    if not moments:
        return "not checked for look-ahead: no decision has a bar of the window after it"
    return f"look-ahead: none found, {cycles} cycles compared at {moments} moments"


def _of_coin(one: CoinFacts) -> Iterator[str]:
    if one.missing:
        yield f"{one.symbol}: {one.missing} of {one.bars + one.missing} bars are missing"
    if one.rates < one.hours:
        yield (
            f"{one.symbol}: funding of {one.hours - one.rates} of {one.hours} hours was not "
            "recorded"
        )
    if one.odd:
        who, names = ("1 bar is", "it") if one.odd == 1 else (f"{one.odd} bars are", "them")
        yield f"{one.symbol}: {who} far from those around {names}; `nof0 data check` names {names}"
    if one.still:
        yield (
            f"{one.symbol}: nobody traded in {one.still} of {one.bars} bars; orders fill poorly "
            "there"
        )
    for interval, pct in one.apart:
        yield (
            f"{one.symbol}: {interval} bars close elsewhere than {one.resolution} bars, by up to "
            f"{pct:.1f} %: are they of one market?"
        )
    for interval, bars, needed in one.short:
        yield (
            f"{one.symbol}: warm-up is short, {bars} of {needed} {interval} bars come before "
            "the window"
        )


def _spread_of(paper: Any) -> str:
    return f" (log-normal around it, sigma {paper.latency_sigma})" if paper.latency_sigma else ""


def _fee(paper: Any, kind: Any) -> str:
    return f"{kind.taker_fee_bps(paper).normalize():f} bps"
