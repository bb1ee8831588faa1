"""The actions that place orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts import matching
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.accounts.grouping import Grouping, batch_error
from nof0_provider_hyperliquid.rehearsal.accounts.lifecycle import enter, note, rest
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, OrderRequest, label
from nof0_provider_hyperliquid.rehearsal.accounts.order_rules import refusal
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import Refusal
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState


def place_batch(
    state: ExchangeState, account: Account, requests: Sequence[OrderRequest], grouping: Grouping
) -> list[Any]:
    """Place the orders of one action and return their statuses.

    What the payload alone shows to be wrong gives one error for all. Grouped orders are answered by
    one status where the rules say so.
    """
    wrong = batch_error(state, requests, grouping)
    if wrong is not None:
        return [{"error": wrong}]
    digest = state.next_hash()
    if grouping is Grouping.NORMAL:
        statuses = _bracket(state, account, requests, digest)
    else:
        tied = grouping is Grouping.POSITION
        made = [place(state, account, each, digest, is_tied=tied) for each in requests]
        statuses = [status for status, _ in made]
        if tied:
            _link([order for _, order in made if order is not None])
    is_group = grouping is not Grouping.NONE
    return statuses[:1] if is_group and state.rules.has_short_groups else statuses


def place(
    state: ExchangeState,
    account: Account,
    request: OrderRequest,
    digest: str,
    *,
    is_tied: bool = False,
    replaced: Order | None = None,
) -> tuple[Json, Order | None]:
    """Place one order; returns its status and the order, None if it was refused."""
    parent = None if replaced is None else replaced.parent
    found = planned_refusal(state, account, request) or refusal(
        state, account, request, is_child=parent is not None, replaced=replaced
    )
    if found is not None:
        return reject(state, account, request, found), None
    order = made(state, account, request, is_tied=is_tied)
    enter(account, order)
    if parent is not None:
        order.parent = parent
        parent.children.append(order)
    if order.trigger is not None:
        rest(state, account, order)
        return matching.outcome(order), order
    found = matching.meet(state, account, order, digest)
    if found is not None:
        note(state, order, found.status or "rejected")
        return error(request, found), None
    return matching.outcome(order), order


def made(
    state: ExchangeState, account: Account, request: OrderRequest, *, is_tied: bool = False
) -> Order:
    """Return the order that a request asks for; a size of 0 becomes the whole position."""
    asset = state.assets[request.asset]
    takes_all = request.size == ZERO and request.trigger is not None
    size = request.size
    if size == ZERO and not takes_all:
        size = abs(account.held(asset.name))
    return Order(
        oid=state.next_oid(),
        user=account.address,
        asset=asset,
        is_buy=request.is_buy,
        limit=request.limit,
        size=size,
        left=size,
        is_reduce_only=request.is_reduce_only,
        tif=request.tif,
        kind=label(request),
        time=state.now,
        cloid=request.cloid,
        trigger=request.trigger,
        is_position_tied=is_tied,
        takes_all=takes_all,
    )


def reject(state: ExchangeState, account: Account, request: OrderRequest, found: Refusal) -> Json:
    """Record an order that was refused, if the venue records such, and return its status."""
    if found.status is not None:
        order = made(state, account, request)
        enter(account, order)
        note(state, order, found.status)
    return error(request, found)


def error(request: OrderRequest, found: Refusal) -> Json:
    """Return the status of an order that was refused."""
    return {"error": f"{found.text} asset={request.asset}"}


def planned_refusal(
    state: ExchangeState, account: Account, request: OrderRequest
) -> Refusal | None:
    """Return the refusal that somebody planned for an order like this, once for each planned."""
    for plan in state.planned:
        is_kind = plan.only_triggers in {None, request.trigger is not None}
        if plan.left > 0 and is_kind and plan.user in {None, account.address}:
            plan.left -= 1
            return plan.refusal
    return None


def _bracket(
    state: ExchangeState, account: Account, requests: Sequence[OrderRequest], digest: str
) -> list[Any]:
    for request in requests[1:]:
        found = planned_refusal(state, account, request) or refusal(
            state, account, request, is_child=True
        )
        if found is not None:
            wrong = reject(state, account, request, found)
            return [wrong for _ in requests]
    status, parent = place(state, account, requests[0], digest)
    if parent is None:
        return [status for _ in requests]
    children = [made(state, account, each) for each in requests[1:]]
    _link(children)
    is_armed = parent.left == ZERO
    parent.children.extend(children)
    for child in children:
        child.parent = None if is_armed else parent
        enter(account, child)
        if is_armed or parent.is_live:
            rest(state, account, child)
        else:
            # The parent traded in part and the rest is gone: children are never placed.
            note(state, child, "canceled")
    word = "waitingForTrigger" if is_armed else "waitingForFill"
    return [status, *(word for _ in children)]


def _link(orders: Sequence[Order]) -> None:
    for order in orders:
        order.siblings.extend(each for each in orders if each is not order)
