"""Approval: the only thing that may become an order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, NoReturn, final

import attrs

from nof0_core.domain.decision import Decision
from nof0_core.ids import CycleId, TraderId


@final
class _Seal:
    """The values an approval was given for; whatever else its object holds was not approved."""

    def __init__(self, values: tuple[object, ...]) -> None:
        self.values = values


@final
@attrs.frozen(kw_only=True, init=False, getstate_setstate=False)
class ApprovedDecision:
    """A decision that passed the risk gate, with the engine's own numbers.

    Only `RiskGate` makes one, and `rejudged` restates it on the prices of sending. Calling the
    class, subclassing it, `attrs.evolve` and pickling raise TypeError; a copy is the object itself.
    `require_approval` tells a real one from an object that was put together by other means or
    changed since.

    For an entry: `size_usd` is the notional of whole lots at `reference_price` (the mark it was
    judged on), `leverage` what is to be used, `stop_loss` and `take_profit` venue-valid prices,
    None where the trader has that exit switched off, `risk_usd` the loss at the stop with fees and
    expected slippage (without a stop: what the account could lose on it), `reward_risk` None where
    one side is missing. For a close: `size_usd` and `risk_usd` are 0, there are no exits, and
    `leverage` is the position's. `decided_on` is the time of the prices the decision was made on
    (UTC); without a price, of the look at the account.
    """

    trader: TraderId
    cycle: CycleId
    decision: Decision
    size_usd: Decimal
    leverage: int
    stop_loss: Decimal | None
    take_profit: Decimal | None
    reference_price: Decimal
    risk_usd: Decimal
    reward_risk: Decimal | None
    confidence: float
    invalidation_condition: str
    decided_on: datetime
    _seal: object = attrs.field(init=False, eq=False, repr=False)

    def __init__(self, **_: object) -> None:
        _refuse("made")

    def __init_subclass__(cls) -> None:
        """Refuse: a subclass could skip the gate."""
        _refuse("subclassed")

    def __copy__(self) -> ApprovedDecision:
        """Return the object itself; it cannot change."""
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> ApprovedDecision:
        """Return the object itself; it cannot change."""
        return self

    def __reduce_ex__(self, _: object) -> NoReturn:
        """Refuse: an approval is good for the moment it was given, not for storing."""
        _refuse("pickled")


def require_approval(value: object) -> ApprovedDecision:
    """Return `value` if the risk gate made it.

    Raises:
        TypeError: for anything else, imitations of an `ApprovedDecision` included.
    """
    if type(value) is ApprovedDecision and type(getattr(value, "decision", None)) is Decision:
        seal = getattr(value, "_seal", None)
        if type(seal) is _Seal and seal.values == _values(value):
            return value
    message = (
        f"only decisions approved by the risk gate are carried out, got {type(value).__name__}"
    )
    raise TypeError(message)


def _issue(values: Mapping[str, Any]) -> ApprovedDecision:
    """Make an approval; called by the gate and by `rejudged`, by nobody else."""
    approved = object.__new__(ApprovedDecision)
    ApprovedDecision.__attrs_init__(approved, **values)
    object.__setattr__(approved, "_seal", _Seal(_values(approved)))
    return approved


_of_decision = attrgetter(*(field.name for field in attrs.fields(Decision)))
_of_approval = attrgetter(*(field.name for field in attrs.fields(ApprovedDecision) if field.init))


def _values(approved: ApprovedDecision) -> tuple[object, ...]:
    """Return all single values: a decision that is another object with the same ones is as good."""
    return (*_of_decision(approved.decision), *_of_approval(approved))


def _refuse(how: str) -> NoReturn:
    message = f"an ApprovedDecision cannot be {how}: only the risk gate approves decisions"
    raise TypeError(message)
