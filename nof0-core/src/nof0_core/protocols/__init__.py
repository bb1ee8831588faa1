"""What a provider, backend, check, allocator or exporter must be.

These are `typing.Protocol` classes: nothing has to be inherited. Behaviour, not only shape, is
checked by the contract suites in `nof0_core.testing`.
"""

from nof0_core.protocols.allocator import AllocationRequest, Allocator
from nof0_core.protocols.exchange import (
    AcceptsMarks,
    Capability,
    ExchangeProvider,
    SupportsFunding,
)
from nof0_core.protocols.exporter import Exporter
from nof0_core.protocols.llm import LLMBackend
from nof0_core.protocols.market import (
    MarketProvider,
    RecordedRange,
    SupportsOrderBooks,
    SupportsRecording,
)
from nof0_core.protocols.risk import RiskCheck, RiskContext

__all__ = [
    "AcceptsMarks",
    "AllocationRequest",
    "Allocator",
    "Capability",
    "ExchangeProvider",
    "Exporter",
    "LLMBackend",
    "MarketProvider",
    "RecordedRange",
    "RiskCheck",
    "RiskContext",
    "SupportsFunding",
    "SupportsOrderBooks",
    "SupportsRecording",
]
