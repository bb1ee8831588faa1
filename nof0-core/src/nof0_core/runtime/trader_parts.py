"""What a trader decides and orders with, made from a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from nof0_core.config.model import Config, TraderConfig
from nof0_core.decision import DecisionMaker
from nof0_core.domain.model import ModelSpec
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.ids import TraderId
from nof0_core.manager.drivers import Driver
from nof0_core.manager.sight import Sight
from nof0_core.plugins.env import Logger
from nof0_core.prompts.coins import CoinViews
from nof0_core.protocols import LLMBackend
from nof0_core.redaction import Redactor
from nof0_core.risk.gate import RiskGate
from nof0_core.runtime import origins
from nof0_core.runtime.preview import prompt_book
from nof0_core.runtime.sight import sight_of


@attrs.frozen(kw_only=True)
class TraderParts:
    """One trader's: its configuration, who decides, what is looked at, how is ordered."""

    config: TraderConfig
    maker: DecisionMaker
    sight: Sight
    terms: OrderPolicy


def make_parts(
    config: Config, backends: Mapping[str, LLMBackend], driver: Driver, log: Logger
) -> dict[TraderId, TraderParts]:
    """Make them for all traders; who sees the same indicators shares what is written out of them.

    `backends` are by section; `log` gets prompts and answers where the configuration asks for it.
    """
    sights = {t.id: sight_of(config, t) for t in config.traders}
    coins = {sights[t.id].indicators: CoinViews.of(config.indicators_of(t)) for t in config.traders}
    return {
        t.id: TraderParts(
            config=t,
            maker=_maker(
                config,
                t,
                [(model, backends[model.backend]) for model in (t.model, *t.fallbacks)],
                driver,
                coins[sights[t.id].indicators],
                log,
            ),
            sight=sights[t.id],
            terms=terms_of(t),
        )
        for t in config.traders
    }


def terms_of(trader: TraderConfig) -> OrderPolicy:
    """Return how a trader's orders are to be made."""
    return OrderPolicy(
        style=trader.order_style,
        slippage_bps=trader.slippage_bps,
        limits=trader.limits,
        stop_deadline=trader.stop_deadline,
        quote_deadline=trader.quote_deadline,
        margin_mode=trader.limits.margin_mode,
    )


def _maker(
    config: Config,
    trader: TraderConfig,
    chain: Sequence[tuple[ModelSpec, LLMBackend]],
    driver: Driver,
    coins: CoinViews,
    log: Logger,
) -> DecisionMaker:
    (_, backend), *fallbacks = chain
    return DecisionMaker(
        trader=trader,
        backend=backend,
        gate=RiskGate(trader.risk_checks, origins.of_checks(config, trader)),
        prompts=prompt_book(config, trader, coins=coins),
        clock=driver.clock,
        grace=driver.tempo.model_grace,
        fallbacks=fallbacks,
        origins=origins.of_backends(config),
        redact=Redactor(config.secrets).text,
        verbose=log if config.logging.verbose_llm else None,
    )
