"""What is reported of approved decisions. Pure."""

from __future__ import annotations

import attrs

from nof0_core.domain.decision import Signal
from nof0_core.domain.event import OrderReport
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderPurpose
from nof0_core.risk.approval import ApprovedDecision


@attrs.frozen(kw_only=True)
class ExecutionReport:
    """What became of the approved decisions of one cycle.

    `trouble` says what could not be read after the orders were sent, empty if nothing.
    """

    orders: tuple[OrderReport, ...] = ()
    fills: tuple[Fill, ...] = ()
    trouble: str = ""


def not_sent(approved: ApprovedDecision, reason: str) -> OrderReport:
    """Report an approved decision that no order was made of."""
    is_close = approved.decision.signal is Signal.CLOSE
    purpose = OrderPurpose.CLOSE if is_close else OrderPurpose.OPEN
    return OrderReport(purpose=purpose, symbol=approved.decision.symbol, reason=reason)
