"""Orders that belong together, and what a batch's payload alone shows to be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.order import OrderRequest, Tif
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import ZERO_SIZE, MalformedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState


class Grouping(Enum):
    """How the orders of an action belong together."""

    NONE = "na"
    NORMAL = "normalTpsl"
    POSITION = "positionTpsl"
    PRIORITY = "p"


def grouping_of(wire: object) -> Grouping:
    """Read the grouping of an action; `{"p": n}` buys priority.

    Raises:
        MalformedError: if there is no such grouping.
    """
    if isinstance(wire, dict) and wire.keys() == {"p"} and isinstance(wire["p"], int):
        return Grouping.PRIORITY
    if wire in {"na", "normalTpsl", "positionTpsl"}:
        return Grouping(wire)
    raise MalformedError


def batch_error(
    state: ExchangeState, requests: Sequence[OrderRequest], grouping: Grouping
) -> str | None:
    """Return what is wrong with a batch as a whole; the venue's own words are not known."""
    if not requests:
        return "Batch must not be empty."
    for request in requests:
        if request.asset not in state.assets:
            return f"Invalid asset. asset={request.asset}"
    if grouping is Grouping.NORMAL:
        return _normal(requests)
    if grouping is Grouping.POSITION and not all(
        each.trigger is not None and each.is_reduce_only for each in requests
    ):
        return "TP/SL orders must be reduce-only triggers."
    if grouping is Grouping.PRIORITY and {each.tif for each in requests} not in (
        {Tif.IOC},
        {Tif.ALO},
    ):
        return "Priority needs orders that are all IOC or all ALO."
    return None


def _normal(requests: Sequence[OrderRequest]) -> str | None:
    parent, *children = requests
    if parent.trigger is not None:
        return "Main order cannot be trigger order."
    for child in children:
        if child.trigger is None or not child.is_reduce_only:
            return "TP/SL orders must be reduce-only triggers."
        if child.is_buy == parent.is_buy or child.asset != parent.asset:
            return "TP/SL orders must close what the main order opens."
        if child.size == ZERO:
            return f"{ZERO_SIZE.text} asset={child.asset}"
    return None
