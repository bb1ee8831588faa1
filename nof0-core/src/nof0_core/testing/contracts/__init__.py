"""Suites that every plugin must pass, one for each family.

Inherit from a suite and say which kind and config:

    class TestMine(ExchangeContract):
        @pytest.fixture
        def kind(self):
            return EXAMPLE

        @pytest.fixture
        def config(self):
            return ExampleConfig()

Each test opens the service anew, over a `HandMarket` and a clock that jumps. Override the fixture
`env` to open it in other surroundings, and `symbol` to trade something else than BTC.
"""

from __future__ import annotations

from nof0_core.testing.contracts.allocator import AllocatorContract
from nof0_core.testing.contracts.bench import Bench
from nof0_core.testing.contracts.books import OrderBookContract
from nof0_core.testing.contracts.commands import CommandContract
from nof0_core.testing.contracts.companion import CompanionContract
from nof0_core.testing.contracts.exchange import ExchangeContract
from nof0_core.testing.contracts.exporter import ExporterContract, Written
from nof0_core.testing.contracts.llm import LLMContract
from nof0_core.testing.contracts.market import MarketContract
from nof0_core.testing.contracts.orders import OrderContract
from nof0_core.testing.contracts.risk import RiskCheckContract
from nof0_core.testing.contracts.service import Opener, ServiceContract

__all__ = [
    "AllocatorContract",
    "Bench",
    "CommandContract",
    "CompanionContract",
    "ExchangeContract",
    "ExporterContract",
    "LLMContract",
    "MarketContract",
    "Opener",
    "OrderBookContract",
    "OrderContract",
    "RiskCheckContract",
    "ServiceContract",
    "Written",
]
