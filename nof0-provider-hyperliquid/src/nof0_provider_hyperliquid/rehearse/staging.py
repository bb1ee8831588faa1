"""A user's configuration, led to the local venue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import attrs

from nof0_core.errors import UsageError
from nof0_core.plugins.kinds import BackendKind, Stake
from nof0_core.project import Config, Place, Section, TraderConfig
from nof0_provider_hyperliquid.config import HyperliquidExchangeConfig, HyperliquidMarketConfig
from nof0_provider_hyperliquid.rehearse.plan import RehearsalPlan, ScratchAccount
from nof0_provider_hyperliquid.rehearse.settings import RehearsalModelConfig

BACKEND = "rehearsal"
MOST_HELD = 4
"""So many decisions a position is held at most."""


def rehearsed_sections(config: Config) -> dict[str, HyperliquidExchangeConfig]:
    """Return the exchange sections of this venue that traders use, by name.

    Raises:
        UsageError: there is none, or their traders look at prices of another venue.
    """
    found = {
        name: section.config
        for name, section in config.exchanges.items()
        if isinstance(section.config, HyperliquidExchangeConfig)
    }
    if not found:
        message = f"{config.file}: no trader uses an exchange section of type hyperliquid"
        hint = f"exchange sections in use: {', '.join(config.exchanges) or 'none'}"
        raise UsageError(message, hints=(hint,))
    for trader in config.traders:
        market = config.markets[trader.market]
        if trader.exchange in found and not isinstance(market.config, HyperliquidMarketConfig):
            message = f"{trader.id} trades on {trader.exchange} by the prices of {trader.market}"
            hint = "only prices of type hyperliquid can be rehearsed: give it such a market"
            raise UsageError(message, hints=(hint,))
    return found


def staged(config: Config, plan: RehearsalPlan) -> Config:
    """Return the configuration as it is rehearsed.

    Prices and accounts are those of the local venue, with keys made for it; the model is that of
    rehearsals, asked as often as the plan says; nothing is exported. All else is as it was.

    Raises:
        UsageError: as `rehearsed_sections`.
    """
    sections = rehearsed_sections(config)
    traders = [trader for trader in config.traders if trader.exchange in sections]
    kind = cast("BackendKind[Any]", config.registry.kind("llm", BACKEND))
    place = Place(file=str(config.file), line=0, path="")
    # Many traders hold longer: the venue answers only so much in a minute.
    model = RehearsalModelConfig(
        traders=tuple(trader.id for trader in traders), hold=min(len(traders), MOST_HELD)
    )
    exchanges = {name: _exchange(config.exchanges[name], plan) for name in sections}
    markets = {trader.market for trader in traders}
    return attrs.evolve(
        config,
        exchanges=exchanges,
        markets={name: _market(config.markets[name], plan.base_url) for name in markets},
        backends={BACKEND: Section(name=BACKEND, kind=kind, config=model, place=place)},
        models={},
        exporters=(),
        traders=tuple(_trader(trader, plan) for trader in traders),
    )


def _exchange(section: Section, plan: RehearsalPlan) -> Section:
    account: ScratchAccount = plan.accounts[section.name]
    config = attrs.evolve(
        section.config,
        private_key=account.agent_key,
        main_address=account.main,
        vault_address=account.vault,
        base_url=plan.base_url,
    )
    return attrs.evolve(section, config=config, stake=Stake.PAPER, account="a rehearsal")


def _market(section: Section, base_url: str) -> Section:
    return attrs.evolve(section, config=attrs.evolve(section.config, base_url=base_url))


def _trader(trader: TraderConfig, plan: RehearsalPlan) -> TraderConfig:
    return attrs.evolve(
        trader,
        model=attrs.evolve(trader.model, backend=BACKEND, price=None, params=None),
        fallbacks=(),
        decision_interval=plan.rhythm,
        auto_start=True,
    )


def coins_of(config: Config, sections: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return what is traded, (dex, coin) each: what the local venue has to list."""
    return list(
        dict.fromkeys(
            (config.exchanges[trader.exchange].config.dex, str(coin))
            for trader in config.traders
            if trader.exchange in sections
            for coin in trader.symbols
        )
    )
