"""What a provider, backend, check, allocator or exporter must be.

These are `typing.Protocol` classes: nothing has to be inherited. Behaviour, not only shape, is
checked by the contract suites in `nof0_core.testing`.
"""

from nof0_core.protocols.allocator import AllocationRequest, Allocator
from nof0_core.protocols.capabilities import (
    exchange_faults,
    exchange_with,
    exporter_faults,
    exporter_with,
    market_faults,
    market_with,
    service_faults,
)
from nof0_core.protocols.exchange import (
    Capability,
    ExchangeProvider,
    OptionalExchangeMethods,
    UpdateStream,
)
from nof0_core.protocols.exporter import (
    Exporter,
    ExporterCapability,
    JournalLines,
    OptionalExporterMethods,
)
from nof0_core.protocols.health import (
    HasFigures,
    HasHealth,
    ServiceCapability,
    with_figures,
    with_health,
)
from nof0_core.protocols.llm import CallLog, CompletionRequest, LLMBackend
from nof0_core.protocols.market import (
    FundingRate,
    MarketCapability,
    MarketProvider,
    OptionalMarketMethods,
    QuoteStream,
    RecordedRange,
)
from nof0_core.protocols.projection import Projection
from nof0_core.protocols.risk import ApprovedEntry, RiskCheck, RiskContext
from nof0_core.protocols.wrapping import ExchangeWrapper

__all__ = [
    "AllocationRequest",
    "Allocator",
    "ApprovedEntry",
    "CallLog",
    "Capability",
    "CompletionRequest",
    "ExchangeProvider",
    "ExchangeWrapper",
    "Exporter",
    "ExporterCapability",
    "FundingRate",
    "HasFigures",
    "HasHealth",
    "JournalLines",
    "LLMBackend",
    "MarketCapability",
    "MarketProvider",
    "OptionalExchangeMethods",
    "OptionalExporterMethods",
    "OptionalMarketMethods",
    "Projection",
    "QuoteStream",
    "RecordedRange",
    "RiskCheck",
    "RiskContext",
    "ServiceCapability",
    "UpdateStream",
    "exchange_faults",
    "exchange_with",
    "exporter_faults",
    "exporter_with",
    "market_faults",
    "market_with",
    "service_faults",
    "with_figures",
    "with_health",
]
