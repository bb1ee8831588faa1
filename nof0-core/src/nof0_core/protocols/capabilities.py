"""Whether a provider has just the methods its words say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

from nof0_core.protocols.exchange import Capability, ExchangeProvider, OptionalExchangeMethods
from nof0_core.protocols.exporter import (
    Exporter,
    ExporterCapability,
    OptionalExporterMethods,
)
from nof0_core.protocols.health import ServiceCapability
from nof0_core.protocols.market import MarketCapability, MarketProvider, OptionalMarketMethods

_Words: TypeAlias = type[Capability | MarketCapability | ExporterCapability | ServiceCapability]
_Methods: TypeAlias = (
    Mapping[str, Capability]
    | Mapping[str, MarketCapability]
    | Mapping[str, ExporterCapability]
    | Mapping[str, ServiceCapability]
)

EXCHANGE_METHODS: Mapping[str, Capability] = {
    "funding": Capability.FUNDING,
    "prove": Capability.PROOF,
    "updates": Capability.ORDER_STREAM,
    "accept_marks": Capability.ACCEPTS_MARKS,
    "next_event": Capability.NEXT_EVENT,
    "health": Capability.HEALTH,
    "figures": Capability.FIGURES,
}
"""The word each optional method of an exchange provider needs."""

MARKET_METHODS: Mapping[str, MarketCapability] = {
    "recorded": MarketCapability.RECORDING,
    "history": MarketCapability.RECORDING,
    "books": MarketCapability.ORDER_BOOKS,
    "quote_updates": MarketCapability.QUOTE_STREAM,
    "download": MarketCapability.DOWNLOAD,
    "download_funding": MarketCapability.DOWNLOAD,
    "health": MarketCapability.HEALTH,
    "figures": MarketCapability.FIGURES,
}
"""The word each optional method of a market provider needs."""


EXPORTER_METHODS: Mapping[str, ExporterCapability] = {
    "projections": ExporterCapability.PROJECTIONS,
    "health": ExporterCapability.HEALTH,
    "figures": ExporterCapability.FIGURES,
    "read_lines_from": ExporterCapability.LINES,
    "begin_after": ExporterCapability.GAP,
}
"""The word each optional method of an exporter needs."""

SERVICE_METHODS: Mapping[str, ServiceCapability] = {
    "health": ServiceCapability.HEALTH,
    "figures": ServiceCapability.FIGURES,
}
"""The word each optional method of a model backend or a companion needs."""


def exchange_with(provider: ExchangeProvider, word: Capability) -> OptionalExchangeMethods | None:
    """Return the provider with the methods of a word, None if it does not have the word."""
    return cast("OptionalExchangeMethods", provider) if word in provider.capabilities else None


def market_with(provider: MarketProvider, word: MarketCapability) -> OptionalMarketMethods | None:
    """Return the provider with the methods of a word, None if it does not have the word."""
    return cast("OptionalMarketMethods", provider) if word in provider.capabilities else None


def exporter_with(exporter: Exporter, word: ExporterCapability) -> OptionalExporterMethods | None:
    """Return the exporter with the methods of a word, None if it does not have the word."""
    has = word in getattr(exporter, "capabilities", ())
    return cast("OptionalExporterMethods", exporter) if has else None


def exchange_faults(provider: object) -> tuple[str, ...]:
    """Return what is wrong with an exchange provider's words and methods, a sentence each."""
    return _faults(provider, Capability, EXCHANGE_METHODS)


def market_faults(provider: object) -> tuple[str, ...]:
    """Return what is wrong with a market provider's words and methods, a sentence each."""
    return _faults(provider, MarketCapability, MARKET_METHODS)


def exporter_faults(exporter: object) -> tuple[str, ...]:
    """Return what is wrong with an exporter's words and methods; it may do without both."""
    return _optional_faults(exporter, ExporterCapability, EXPORTER_METHODS)


def service_faults(service: object) -> tuple[str, ...]:
    """Return what is wrong with the words and methods of a model backend or a companion.

    It may do without both.
    """
    return _optional_faults(service, ServiceCapability, SERVICE_METHODS)


def _optional_faults(service: object, words: _Words, methods: _Methods) -> tuple[str, ...]:
    if not any(hasattr(service, name) for name in ("capabilities", *methods)):
        return ()
    return _faults(service, words, methods)


def _faults(
    provider: object,
    words: _Words,
    methods: _Methods,
) -> tuple[str, ...]:
    name = type(provider).__name__
    said = getattr(provider, "capabilities", None)
    if not isinstance(said, frozenset):
        return (f"{name} has no capabilities: return a frozenset of {words.__name__}",)
    strange = sorted(repr(word) for word in said if not isinstance(word, words))
    if strange:
        return (f"{name} names {', '.join(strange)}, which is no {words.__name__}",)
    found = []
    for method, word in methods.items():
        has = callable(getattr(provider, method, None))
        if word in said and not has:
            found.append(f"{name} says {word.name} but has no method {method}()")
        elif has and word not in said:
            found.append(f"{name} has a method {method}() but does not say {word.name}")
    return tuple(found)
