"""What is reported of approved decisions that did not become orders at the venue. Pure."""

from __future__ import annotations

from nof0_core.domain.decision import Signal
from nof0_core.domain.event import OrderIntended, OrderReport
from nof0_core.domain.order import OrderPurpose
from nof0_core.risk.approval import ApprovedDecision


def not_sent(approved: ApprovedDecision, reason: str) -> OrderReport:
    """Report an approved decision that no order was made of."""
    is_close = approved.decision.signal is Signal.CLOSE
    purpose = OrderPurpose.CLOSE if is_close else OrderPurpose.OPEN
    return OrderReport(purpose=purpose, symbol=approved.decision.symbol, reason=reason)


def held_back(intent: OrderIntended, reason: str) -> OrderReport:
    """Report an order that was not sent after all; it was never written as intended."""
    request = intent.request
    return OrderReport(
        purpose=intent.purpose, symbol=request.symbol, request=request, reason=reason
    )
