"""Trading rules of the coins the package has data for, and of those a configuration adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from nof0_core.domain.instrument import Instrument
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_provider_sim.config import InstrumentRules, TierRule

_MAX_DECIMALS = 6
"""Price decimals plus size decimals of a perpetual (Hyperliquid, "Tick and lot size")."""


def _rules(size_decimals: int, *leverage: int, bound_musd: int) -> InstrumentRules:
    first, second = leverage
    return InstrumentRules(
        size_decimals=size_decimals,
        max_leverage=first,
        tiers=(
            TierRule(lower_bound_usd=Decimal(0), max_leverage=first),
            TierRule(lower_bound_usd=Decimal(bound_musd * 1_000_000), max_leverage=second),
        ),
    )


BUILT_IN: Mapping[str, InstrumentRules] = {
    "BTC": _rules(5, 40, 20, bound_musd=150),
    "ETH": _rules(4, 25, 15, bound_musd=100),
    "SOL": _rules(2, 20, 10, bound_musd=70),
    "BNB": _rules(3, 10, 5, bound_musd=3),
    "DOGE": _rules(0, 10, 5, bound_musd=20),
    "XRP": _rules(0, 20, 10, bound_musd=40),
}
"""Hyperliquid's size decimals, leverage and margin tiers (documentation, "Margin tiers")."""


def instruments_for(
    symbols: Iterable[Symbol], configured: Mapping[str, InstrumentRules]
) -> dict[Symbol, Instrument]:
    """Return the instrument of each symbol; what is configured wins over what is built in.

    Raises:
        DataError: for a symbol without rules, and for rules of a symbol that is not offered.
    """
    offered = list(symbols)
    for name in configured:
        if name not in offered:
            msg = f"instruments.{name}: the simulated market has no such symbol"
            raise DataError(
                msg,
                hints=(f"it has {', '.join(offered)}",),
            )
    return {symbol: _instrument(symbol, configured) for symbol in offered}


def _instrument(symbol: Symbol, configured: Mapping[str, InstrumentRules]) -> Instrument:
    rules = configured.get(symbol) or BUILT_IN.get(symbol)
    if rules is None:
        msg = f"no trading rules are known for {symbol}"
        raise DataError(
            msg,
            hints=(f"add `instruments: {{{symbol}: {{size_decimals: 2, max_leverage: 10}}}}`",),
        )
    decimals = rules.price_decimals
    if decimals is None:
        decimals = max(0, _MAX_DECIMALS - rules.size_decimals)
    return Instrument(
        symbol=symbol,
        size_decimals=rules.size_decimals,
        price_decimals=decimals,
        max_leverage=rules.max_leverage,
        min_notional=rules.min_notional_usd,
        tiers=tuple(tier.tier for tier in rules.tiers),
    )
