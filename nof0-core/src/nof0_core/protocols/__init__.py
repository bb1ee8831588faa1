"""What a provider, backend, check, allocator or exporter must be.

These are `typing.Protocol` classes: nothing has to be inherited. Behaviour, not only shape, is
checked by the contract suites in `nof0_core.testing`.
"""

from nof0_core.protocols.allocator import AllocationRequest, Allocator
from nof0_core.protocols.capabilities import (
    exchange_faults,
    exchange_with,
    market_faults,
    market_with,
)
from nof0_core.protocols.exchange import (
    Capability,
    ExchangeProvider,
    OptionalExchangeMethods,
    UpdateStream,
)
from nof0_core.protocols.exporter import Exporter
from nof0_core.protocols.llm import CallLog, CompletionRequest, LLMBackend
from nof0_core.protocols.market import (
    FundingRate,
    MarketCapability,
    MarketProvider,
    OptionalMarketMethods,
    QuoteStream,
    RecordedRange,
)
from nof0_core.protocols.risk import RiskCheck, RiskContext
from nof0_core.protocols.wrapping import ExchangeWrapper

__all__ = [
    "AllocationRequest",
    "Allocator",
    "CallLog",
    "Capability",
    "CompletionRequest",
    "ExchangeProvider",
    "ExchangeWrapper",
    "Exporter",
    "FundingRate",
    "LLMBackend",
    "MarketCapability",
    "MarketProvider",
    "OptionalExchangeMethods",
    "OptionalMarketMethods",
    "QuoteStream",
    "RecordedRange",
    "RiskCheck",
    "RiskContext",
    "UpdateStream",
    "exchange_faults",
    "exchange_with",
    "market_faults",
    "market_with",
]
