"""Is the decision complete, finite and in range?"""

from __future__ import annotations

import math
from decimal import Decimal

from nof0_core.domain.decision import ALLOW, Decision, Signal, Verdict
from nof0_core.protocols.risk import RiskContext
from nof0_core.risk.verdicts import veto

LARGEST = Decimal(10) ** 12
"""No price, size or risk of one decision is larger; beyond it a model has lost the unit."""

_REQUIRED = ("position_size_usd", "entry_price")
_OPTIONAL = ("stop_loss", "take_profit", "risk_usd")


class Schema:
    """Types and ranges of a decision, and that the trader may trade the symbol.

    A backend may hand over typed decisions that no parser has seen, so nothing is taken on trust.
    A close needs no numbers and may name a symbol that has left the trader's list, as long as the
    trader holds it.
    """

    type = "schema"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto what does not fit the contract."""
        signal: object = decision.signal
        if not isinstance(signal, Signal):
            return veto(self.type, "malformed", f'unknown signal "{signal}"')
        if not decision.signal.is_entry:
            return ALLOW
        if decision.symbol not in context.context.symbols:
            return veto(
                self.type,
                "symbol_not_allowed",
                f'"{decision.symbol}" is not among the symbols of this trader',
            )
        reason = _problem(decision)
        return ALLOW if reason is None else veto(self.type, "malformed", reason)


def _problem(decision: Decision) -> str | None:
    for name in _REQUIRED:
        value = getattr(decision, name)
        if value is None:
            return f"{name} is missing"
        if not _is_amount(value):
            return f"{name} must be a number above 0 and at most 1e12, got {value!r}"
    for name in _OPTIONAL:
        value = getattr(decision, name)
        if value is not None and not _is_amount(value):
            return f"{name} must be a number above 0 and at most 1e12, got {value!r}"
    leverage = decision.leverage
    if leverage is None:
        return "leverage is missing"
    if type(leverage) is not int or leverage < 1:
        return f"leverage must be a whole number from 1, got {leverage!r}"
    confidence = decision.confidence
    if confidence is None:
        return "confidence is missing"
    if (
        type(confidence) not in (int, float)
        or not math.isfinite(confidence)
        or not 0 <= confidence <= 100
    ):
        return f"confidence must be a number from 0 to 100, got {confidence!r}"
    return None


def _is_amount(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and 0 < value <= LARGEST
