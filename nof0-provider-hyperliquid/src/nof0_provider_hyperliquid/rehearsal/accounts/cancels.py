"""The actions that cancel and replace orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.accounts.envelope import integer_of
from nof0_provider_hyperliquid.rehearsal.accounts.lifecycle import (
    CANCELED,
    cancel_by_venue,
    finish,
)
from nof0_provider_hyperliquid.rehearsal.accounts.nonces import DAY_MS
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, OrderRequest
from nof0_provider_hyperliquid.rehearsal.accounts.order_entry import place
from nof0_provider_hyperliquid.rehearsal.accounts.order_wire import cloid
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MalformedError, RefusedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState

LEAD_MS = 5_000
FIRED_A_DAY = 10
VOLUME = 1_000_000

Key = tuple[int, int | str]
"""Asset and oid or cloid."""


def cancel_keys(action: Json) -> list[Key]:
    """Read what a `cancel` or `cancelByCloid` names.

    Raises:
        MalformedError: if it has the wrong shape.
    """
    rows = action.get("cancels")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MalformedError
    if action["type"] == "cancel":
        return [(integer_of(row, "a"), integer_of(row, "o")) for row in rows]
    return [(integer_of(row, "asset"), cloid(row.get("cloid"))) for row in rows]


def cancel(
    state: ExchangeState, account: Account, keys: Iterable[Key], *, is_fast: bool
) -> list[Any]:
    """Cancel orders and return their statuses; a fast cancel refuses triggers."""
    statuses: list[Any] = []
    for asset, key in keys:
        order = find_live(account, key)
        is_there = order is not None and state.assets.get(asset) == order.asset
        if order is None or not is_there or (is_fast and order.trigger is not None):
            statuses.append({"error": refusals.NEVER_PLACED})
        else:
            finish(state, account, order, CANCELED)
            statuses.append("success")
    return statuses


def find_live(account: Account, key: int | str) -> Order | None:
    """Return an open order by its oid or cloid."""
    if isinstance(key, int):
        return account.live.get(key)
    order = account.by_cloid.get(key)
    return order if order is not None and order.is_live else None


def replace(
    state: ExchangeState, account: Account, key: int | str, request: OrderRequest, digest: str
) -> Json:
    """Put an order in the place of one that is open and return its status.

    The new one has a new oid and, unless it names another, the same cloid. If it is refused, the
    old one stays.
    """
    old = find_live(account, key)
    if old is None:
        return {"error": refusals.CANNOT_MODIFY}
    if request.asset not in state.assets:
        return {"error": f"Invalid asset. asset={request.asset}"}
    wanted = request if request.cloid is not None else evolve(request, cloid=old.cloid)
    status, new = place(state, account, wanted, digest, is_tied=old.is_position_tied, replaced=old)
    if new is None:
        if old.cloid is not None:
            account.by_cloid[old.cloid] = old
        return status
    new.siblings.extend(old.siblings)
    for sibling in old.siblings:
        sibling.siblings.remove(old)
        sibling.siblings.append(new)
    if new.left > ZERO:
        new.children, old.children = old.children, []
        for child in new.children:
            child.parent = new if child.is_waiting else None
    if old.is_live:
        finish(state, account, old, CANCELED)
    return status


def schedule_cancel(state: ExchangeState, account: Account, time: int | None) -> None:
    """Plan to cancel everything at `time`, in milliseconds; None takes the plan back.

    Raises:
        RefusedError: for accounts with little volume, times too early, or after 10 today.
    """
    if account.volume < VOLUME:
        raise RefusedError(refusals.little_volume(account.volume))
    if time is not None and time < state.now + LEAD_MS:
        raise RefusedError(refusals.TOO_EARLY)
    fired = account.cancels_fired if account.cancel_day == state.now // DAY_MS else 0
    if time is not None and fired >= FIRED_A_DAY:
        raise RefusedError(refusals.TOO_OFTEN)
    account.cancel_at = time


def cancel_scheduled(state: ExchangeState, account: Account) -> None:
    """Cancel every order, stops as well, if the planned time has come."""
    if account.cancel_at is None or state.now < account.cancel_at:
        return
    day = state.now // DAY_MS
    account.cancels_fired = 1 + (account.cancels_fired if account.cancel_day == day else 0)
    account.cancel_day, account.cancel_at = day, None
    for order in list(account.live.values()):
        if order.is_live:
            cancel_by_venue(state, account, order, "scheduledCancel")
