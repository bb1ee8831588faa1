"""Requests to the info endpoint that are about a user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from nof0_provider_hyperliquid.rehearsal.accounts import (
    budgets,
    history_infos,
    order_infos,
    state_infos,
)
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, text
from nof0_provider_hyperliquid.rehearsal.accounts.envelope import (
    address,
    integer_of,
    text_of,
)
from nof0_provider_hyperliquid.rehearsal.accounts.order_wire import cloid
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MalformedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState

TIERS = (
    ("5000000.0", "0.0004", "0.00012"),
    ("25000000.0", "0.00035", "0.00008"),
    ("100000000.0", "0.0003", "0.00004"),
    ("500000000.0", "0.00028", "0.0"),
    ("2000000000.0", "0.00026", "0.0"),
    ("7000000000.0", "0.00024", "0.0"),
)
"""Volume of 14 days above which taker's and maker's fee hold."""

Info = Callable[[ExchangeState, Account, Json], object]


def _dex(request: Json) -> str:
    return text_of({"dex": "", **request}, "dex")


def _order_status(state: ExchangeState, account: Account, request: Json) -> object:
    key = request.get("oid")
    named = cloid(key) if isinstance(key, str) else integer_of(request, "oid")
    return order_infos.order_status(state, account, named)


def _timed(info: Info) -> Info:
    def checked(state: ExchangeState, account: Account, request: Json) -> object:
        integer_of(request, "startTime")
        if request.get("endTime") is not None:
            integer_of(request, "endTime")
        return info(state, account, request)

    return checked


def _active_asset_data(state: ExchangeState, account: Account, request: Json) -> object:
    asset = state.coins.get(text_of(request, "coin"))
    if asset is None or asset.name not in state.marks:
        raise MalformedError
    return state_infos.active_asset_data(state, account, asset)


def _fees(state: ExchangeState, account: Account, _: Json) -> object:
    taker, maker = (text(rate) for rate in account.rates)
    tiers = [{"ntlCutoff": cutoff, "cross": cross, "add": add} for cutoff, cross, add in TIERS]
    return {
        "dailyUserVlm": [],
        "feeSchedule": {
            "cross": text(state.rules.taker),
            "add": text(state.rules.maker),
            "spotCross": "0.0007",
            "spotAdd": "0.0004",
            "tiers": {"vip": tiers, "mm": []},
            "referralDiscount": "0.04",
            "stakingDiscountTiers": [{"bpsOfMaxSupply": "0.0", "discount": "0.0"}],
        },
        "userCrossRate": taker,
        "userAddRate": maker,
        "activeReferralDiscount": "0.0",
        "activeStakingDiscount": {"bpsOfMaxSupply": "0.0", "discount": "0.0"},
    }


def _rate_limit(state: ExchangeState, account: Account, _: Json) -> object:
    cap = budgets.cap(account, state.rules)
    return {
        "cumVlm": text(account.volume),
        "nRequestsUsed": account.used_requests,
        "nRequestsCap": cap,
        "nRequestsSurplus": max(0, cap - account.used_requests),
    }


def _sub_accounts(state: ExchangeState, account: Account, _: Json) -> object:
    rows = [
        {
            "name": each.name,
            "subAccountUser": each.address,
            "master": account.address,
            "clearinghouseState": state_infos.clearinghouse_state(state, each, ""),
            "spotState": state_infos.spot_state(state, each),
        }
        for each in state.accounts.values()
        if each.master == account.address and each.role == "subAccount"
    ]
    return rows or None


def _vault_details(_: ExchangeState, account: Account, __: Json) -> object:
    if account.role != "vault":
        return None
    return {
        "name": account.name,
        "vaultAddress": account.address,
        "leader": account.master,
        "description": "",
        "followers": [],
        "isClosed": False,
    }


INFOS: Mapping[str, Info] = MappingProxyType(
    {
        "clearinghouseState": lambda state, account, request: state_infos.clearinghouse_state(
            state, account, _dex(request)
        ),
        "spotClearinghouseState": lambda state, account, _: state_infos.spot_state(state, account),
        "userAbstraction": lambda _state, account, _: account.mode_word or account.mode.value,
        "openOrders": lambda state, account, request: order_infos.open_orders(
            state, account, _dex(request)
        ),
        "frontendOpenOrders": lambda state, account, request: order_infos.frontend_open_orders(
            state, account, _dex(request)
        ),
        "orderStatus": _order_status,
        "historicalOrders": lambda state, account, _: order_infos.historical_orders(state, account),
        "userFills": history_infos.user_fills,
        "userFillsByTime": _timed(history_infos.user_fills_by_time),
        "userFunding": _timed(history_infos.user_funding),
        "userNonFundingLedgerUpdates": _timed(history_infos.ledger_updates),
        "activeAssetData": _active_asset_data,
        "userFees": _fees,
        "userRateLimit": _rate_limit,
        "subAccounts": _sub_accounts,
        "portfolio": lambda state, account, _: history_infos.portfolio(state, account),
        "extraAgents": lambda state, account, _: state.agents.listed(account.address, state.now),
        "vaultDetails": _vault_details,
        "userRole": lambda state, account, _: role(state, account.address),
    }
)


def answer(state: ExchangeState, request: Json) -> object:
    """Answer a request about a user; one that the venue does not know has an empty account.

    Raises:
        MalformedError: if a part of the request is missing or has the wrong type.
    """
    key = "vaultAddress" if request["type"] == "vaultDetails" else "user"
    user = address(request.get(key))
    account = state.accounts.get(user)
    if account is None:
        rates = (state.rules.taker, state.rules.maker)
        account = Account(address=user, mode=state.rules.strangers, rates=rates)
    return INFOS[request["type"]](state, account, request)


def role(state: ExchangeState, user: str) -> Json:
    """Return what an address is at the venue."""
    agent = state.agents.find(user, state.now)
    if agent is not None:
        return {"role": "agent", "data": {"user": agent.master}}
    account = state.accounts.get(user)
    if account is None:
        return {"role": "missing"}
    if account.role == "subAccount":
        return {"role": "subAccount", "data": {"master": account.master}}
    return {"role": account.role}
