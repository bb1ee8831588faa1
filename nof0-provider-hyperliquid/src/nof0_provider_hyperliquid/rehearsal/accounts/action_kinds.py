"""The actions of the exchange endpoint, by their `type`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nof0_provider_hyperliquid.rehearsal.accounts import (
    account_actions,
    cancels,
    leverage,
    order_entry,
    refusals,
)
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.accounts.answers import Answer, done, ok, refused
from nof0_provider_hyperliquid.rehearsal.accounts.envelope import (
    flag_of,
    integer_of,
)
from nof0_provider_hyperliquid.rehearsal.accounts.grouping import grouping_of
from nof0_provider_hyperliquid.rehearsal.accounts.order import OrderRequest
from nof0_provider_hyperliquid.rehearsal.accounts.order_wire import cloid, order_request
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MalformedError, RefusedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState
from nof0_provider_hyperliquid.rehearsal.assets import Asset

Deed = Callable[[ExchangeState, Account], Answer]
"""What an action does once it is allowed to."""

Reader = Callable[[Json], Deed]
"""From an action to its deed; raises MalformedError before anything is looked at."""


def _order(action: Json) -> Deed:
    requests = [order_request(each) for each in _rows(action, "orders")]
    grouping, has_builder = grouping_of(action.get("grouping")), "builder" in action

    def deed(state: ExchangeState, account: Account) -> Answer:
        if has_builder:
            raise RefusedError(refusals.BUILDER)
        statuses = order_entry.place_batch(state, account, requests, grouping)
        return ok("order", {"statuses": statuses})

    return deed


def _cancel(action: Json) -> Deed:
    keys, is_fast = cancels.cancel_keys(action), action.get("f") is True

    def deed(state: ExchangeState, account: Account) -> Answer:
        statuses = cancels.cancel(state, account, keys, is_fast=is_fast)
        return ok("cancel", {"statuses": statuses})

    return deed


def _modify(action: Json) -> Deed:
    key, request = _modification(action)

    def deed(state: ExchangeState, account: Account) -> Answer:
        status = cancels.replace(state, account, key, request, state.next_hash())
        return refused(status["error"]) if "error" in status else done()

    return deed


def _batch_modify(action: Json) -> Deed:
    wanted = [_modification(each) for each in _rows(action, "modifies")]

    def deed(state: ExchangeState, account: Account) -> Answer:
        digest = state.next_hash()
        statuses: list[Any] = [
            cancels.replace(state, account, key, request, digest) for key, request in wanted
        ]
        return ok("order", {"statuses": statuses})

    return deed


def _update_leverage(action: Json) -> Deed:
    number, wanted = integer_of(action, "asset"), integer_of(action, "leverage")
    is_cross = flag_of(action, "isCross")

    def deed(state: ExchangeState, account: Account) -> Answer:
        asset = _asset(state, number)
        leverage.update_leverage(state, account, asset, is_cross=is_cross, leverage=wanted)
        return done()

    return deed


def _update_isolated_margin(action: Json) -> Deed:
    number, micros = integer_of(action, "asset"), integer_of(action, "ntli")
    flag_of(action, "isBuy")

    def deed(state: ExchangeState, account: Account) -> Answer:
        leverage.update_isolated_margin(state, account, _asset(state, number), micros)
        return done()

    return deed


def _schedule_cancel(action: Json) -> Deed:
    time = None if action.get("time") is None else integer_of(action, "time")

    def deed(state: ExchangeState, account: Account) -> Answer:
        cancels.schedule_cancel(state, account, time)
        return done()

    return deed


def _noop(_: Json) -> Deed:
    return lambda _state, _account: done()


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "order": _order,
        "cancel": _cancel,
        "cancelByCloid": _cancel,
        "modify": _modify,
        "batchModify": _batch_modify,
        "updateLeverage": _update_leverage,
        "updateIsolatedMargin": _update_isolated_margin,
        "scheduleCancel": _schedule_cancel,
        "noop": _noop,
        **account_actions.READERS,
    }
)
CANCELS = frozenset({"cancel", "cancelByCloid"})
BATCHES = MappingProxyType(
    {"order": "orders", "cancel": "cancels", "cancelByCloid": "cancels", "batchModify": "modifies"}
)


def read(action: Json) -> Deed:
    """Return what an action is to do.

    Raises:
        MalformedError: if its type is unknown or a part has the wrong shape.
    """
    reader = READERS.get(action["type"])
    if reader is None:
        raise MalformedError
    return reader(action)


def count(action: Json) -> int:
    """Return how many requests of its address an action is."""
    batch = BATCHES.get(action["type"])
    return 1 if batch is None else max(1, len(action[batch]))


def _rows(action: Json, key: str) -> list[Json]:
    rows = action.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MalformedError
    return rows


def _modification(wire: Json) -> tuple[int | str, OrderRequest]:
    key = wire.get("oid")
    named = cloid(key) if isinstance(key, str) else integer_of(wire, "oid")
    return named, order_request(wire.get("order"))


def _asset(state: ExchangeState, number: int) -> Asset:
    asset = state.assets.get(number)
    if asset is None or asset.name not in state.marks:
        reason = f"{refusals.LEVERAGE} asset={number}" if asset else f"Invalid asset {number}"
        raise RefusedError(reason)
    return asset
