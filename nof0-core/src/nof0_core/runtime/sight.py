"""What each trader looks at: its own indicators, order books, the others on its venue account."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from nof0_core.config.model import Config, IndicatorConfig, TraderConfig
from nof0_core.ids import TraderId
from nof0_core.indicators.computed import key_of
from nof0_core.manager.sight import Sight
from nof0_core.plugins.kinds import BackendKind, PolicyKind
from nof0_core.prompts.book_use import uses_order_books
from nof0_core.protocols import MarketCapability, MarketProvider, market_with


def sight_of(config: Config, trader: TraderConfig) -> Sight:
    """Return what a trader's settings, templates and risk checks ask for."""
    kinds = _checks(config, trader)
    return Sight(
        indicators=list_name(config, trader),
        books=any(kind.needs_order_books for kind in kinds) or shows_books(config, trader),
        venue=any(kind.sees_venue_account for kind in kinds),
    )


def shows_books(config: Config, trader: TraderConfig) -> bool:
    """Tell whether a template of the trader shows order books to somebody who reads it."""
    texts = (config.templates[trader.system_template], config.templates[trader.user_template])
    if not any(map(uses_order_books, texts)):
        return False
    kinds = (config.backends[model.backend].kind for model in (trader.model, *trader.fallbacks))
    return any(not isinstance(kind, BackendKind) or kind.reads_prompt for kind in kinds)


def list_name(config: Config, trader: TraderConfig) -> str:
    """Name a trader's list of indicators by what is in it; "" is that of `market.yaml`.

    Two lists with the same results under the same names, in the same order, are one.
    """
    own = trader.indicators
    if own is None or _content(own) == _content(config.indicators):
        return ""
    return hashlib.sha256(msgspec.json.encode(_content(own))).hexdigest()[:16]


def in_vain(config: Config, market: str, provider: MarketProvider) -> list[TraderId]:
    """Name the traders that ask for order books of a market that shows none."""
    if market_with(provider, MarketCapability.ORDER_BOOKS) is not None:
        return []
    return [t.id for t in config.traders if t.market == market and sight_of(config, t).books]


def own_lists(config: Config, market: str) -> Mapping[str, Sequence[IndicatorConfig]]:
    """Return the lists of indicators that traders of a market have of their own, by name."""
    named = ((list_name(config, t), t) for t in config.traders if t.market == market)
    return {name: config.indicators_of(trader) for name, trader in named if name}


def _content(indicators: Sequence[IndicatorConfig]) -> list[object]:
    return [(each.name, key_of(each)) for each in indicators]


def _checks(config: Config, trader: TraderConfig) -> list[PolicyKind[object, object]]:
    found = (config.registry.kind("risk", type_) for type_, _ in trader.risk_checks)
    return [kind for kind in found if isinstance(kind, PolicyKind)]
