"""What stands in for services that are not open yet: they know nothing, and say why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NoReturn

from nof0_core.domain.candles import Candles, Interval
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.model import Completion
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import LLMError, TransientError
from nof0_core.ids import Symbol
from nof0_core.protocols import CompletionRequest, LLMBackend, MarketCapability


class UnopenedMarket:
    """A market that has no price and no coin."""

    capabilities: frozenset[MarketCapability] = frozenset()

    def __init__(self, section: str) -> None:
        self._section = section

    async def instruments(self) -> Mapping[Symbol, Instrument]:
        """Fail."""
        self._fail()

    async def candles(
        self,
        symbol: Symbol,  # noqa: ARG002 - protocol
        interval: Interval,  # noqa: ARG002 - protocol
        end: datetime,  # noqa: ARG002 - protocol
        limit: int,  # noqa: ARG002 - protocol
    ) -> Candles:
        """Fail."""
        self._fail()

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:  # noqa: ARG002 - protocol
        """Fail."""
        self._fail()

    def _fail(self) -> NoReturn:
        message = f"market {self._section} is not open yet"
        raise TransientError(message, section=self._section)


class LateBackend:
    """A backend that answers nothing until it is open: `service` is put in then."""

    def __init__(self, section: str) -> None:
        self.service: LLMBackend | None = None
        self._section = section

    async def complete(self, request: CompletionRequest) -> Completion:
        """Pass on, or fail, so that a fallback can answer."""
        if self.service is None:
            message = f"backend {self._section} is not open yet"
            raise LLMError(message)
        return await self.service.complete(request)
