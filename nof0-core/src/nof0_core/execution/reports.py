"""What is reported of approved decisions that did not become orders. Pure."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.domain.decision import Signal
from nof0_core.domain.event import OrderIntended, OrderReport
from nof0_core.domain.order import OrderOutcome, OrderRequest, OrderStatus, Side
from nof0_core.ids import client_order_id
from nof0_core.risk.approval import ApprovedDecision


def not_sent(approved: ApprovedDecision, reason: str) -> OrderReport:
    """Report an approved decision that no order was made of; its size is 0."""
    decision = approved.decision
    leg = "close" if decision.signal is Signal.CLOSE else "open"
    request = OrderRequest(
        client_id=client_order_id(approved.trader, approved.cycle, decision.symbol, leg),
        symbol=decision.symbol,
        side=Side.SELL if decision.signal is Signal.SELL_TO_ENTER else Side.BUY,
        size=Decimal(0),
        limit_price=approved.reference_price,
    )
    return _report(leg, request, reason)


def held_back(intent: OrderIntended, reason: str) -> OrderReport:
    """Report an order that was not sent after all; it was never written as intended."""
    return _report(intent.purpose, intent.request, reason)


def _report(purpose: str, request: OrderRequest, reason: str) -> OrderReport:
    outcome = OrderOutcome(client_id=request.client_id, status=OrderStatus.REJECTED, reason=reason)
    return OrderReport(purpose=purpose, request=request, outcome=outcome)
