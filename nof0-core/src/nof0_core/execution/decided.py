"""The orders that approved decisions ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nof0_core.domain.event import OrderIntended, OrderReport
from nof0_core.domain.instrument import Instrument
from nof0_core.execution import order_factory
from nof0_core.execution.approvals import Approvals
from nof0_core.execution.forced import ForcedCloses
from nof0_core.execution.leverage import Leverage
from nof0_core.execution.order_factory import OrderPolicy, Refusal
from nof0_core.execution.pre_trade import PreTradeCheck
from nof0_core.execution.prices import Prices
from nof0_core.execution.reports import not_sent
from nof0_core.ids import Symbol, TraderId
from nof0_core.risk.approval import ApprovedDecision


class DecidedOrders:
    """Sends closes and makes entries of one venue account, or says why there are none."""

    def __init__(
        self,
        *,
        venue_account: str,
        instruments: Mapping[Symbol, Instrument],
        policies: Mapping[TraderId, OrderPolicy],
        prices: Prices,
        pre_trade: PreTradeCheck,
        approvals: Approvals,
        leverage: Leverage,
        closes: ForcedCloses,
    ) -> None:
        self._venue_account = venue_account
        self._instruments = instruments
        self._policies = policies
        self._prices = prices
        self._pre_trade = pre_trade
        self._approvals = approvals
        self._leverage = leverage
        self._closes = closes

    async def entry(
        self, approved: ApprovedDecision, turned: Collection[Symbol]
    ) -> OrderIntended | OrderReport:
        """Make the order of an entry; `turned` are coins whose close came right before it."""
        symbol, policies = approved.decision.symbol, self._policies[approved.trader]
        quote, instrument = self._prices.quotes.get(symbol), self._instruments.get(symbol)
        if quote is None or instrument is None:
            return not_sent(approved, "no price for the coin")
        refused = self._refusal(approved, turned)
        if refused:
            return not_sent(approved, refused)
        found = self._approvals.now(approved)
        if isinstance(found, Refusal):
            return not_sent(approved, found.reason)
        made = order_factory.open_order(found, quote, instrument, policies, self._venue_account)
        if isinstance(made, Refusal):
            return not_sent(approved, made.reason)
        if not self._leverage.is_set(symbol, approved.leverage, policies.margin_mode):
            refused = await self._leverage.prepare(symbol, approved.leverage, policies.margin_mode)
            # Setting leverage takes time, in which a halt may have come.
            refused = refused or self._refusal(approved, turned)
            if refused:
                return not_sent(approved, refused)
        self._approvals.leave(made.request.client_id, approved)
        return made

    async def close(self, approved: ApprovedDecision) -> list[OrderIntended] | OrderReport:
        """Send what closes a position."""
        symbol, quotes = approved.decision.symbol, self._prices.quotes
        if symbol not in quotes or symbol not in self._instruments:
            return not_sent(approved, "no price for the coin")
        found = self._approvals.now(approved)
        if isinstance(found, Refusal):
            return not_sent(approved, found.reason)
        made = await self._closes.carry_out(approved.trader, symbol, quotes, approved.cycle)
        if isinstance(made, Refusal):
            return not_sent(approved, made.reason)
        return made or not_sent(approved, "closed without an order: set off against @unassigned")

    def _refusal(self, approved: ApprovedDecision, turned: Collection[Symbol]) -> str:
        refusal = self._pre_trade.refusal(approved)
        if refusal or approved.decision.symbol not in turned:
            return refusal
        return self._pre_trade.standing_exit(approved)
