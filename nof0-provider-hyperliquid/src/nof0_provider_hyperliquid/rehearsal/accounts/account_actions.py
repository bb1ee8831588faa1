"""The actions on accounts themselves: agents, transfers, sub-accounts, modes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from nof0_core.money import USD
from nof0_provider_hyperliquid.rehearsal.accounts import ledger, modes
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account, Mode
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, amount
from nof0_provider_hyperliquid.rehearsal.accounts.answers import Answer, done, ok
from nof0_provider_hyperliquid.rehearsal.accounts.envelope import (
    address,
    flag_of,
    integer_of,
    text_of,
)
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MalformedError, RefusedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState

Deed = Callable[[ExchangeState, Account], Answer]
NAME_LENGTH = 16


def _approve_agent(action: Json) -> Deed:
    agent, name = address(action.get("agentAddress")), str(action.get("agentName") or "")

    def deed(state: ExchangeState, account: Account) -> Answer:
        subs = sum(1 for each in state.accounts.values() if each.master == account.address)
        state.agents.approve(account.address, agent, name, state.now, subs)
        return done()

    return deed


def _usd_class_transfer(action: Json) -> Deed:
    plain, _, sub = text_of(action, "amount").partition(" subaccount:")
    usd, is_to_perp = _dollars(plain), flag_of(action, "toPerp")
    named = address(sub) if sub else None

    def deed(state: ExchangeState, account: Account) -> Answer:
        acting = account if named is None else _own(state, account, named)
        ledger.change_class(state, acting, usd, is_to_perp=is_to_perp)
        return done()

    return deed


def _usd_send(action: Json) -> Deed:
    other, usd = address(action.get("destination")), _dollars(action.get("amount"))

    def deed(state: ExchangeState, account: Account) -> Answer:
        delta = {"type": "internalTransfer", "user": account.address, "destination": other}
        ledger.give(state, account, state.account(other), usd, {**delta, "fee": "0.0"})
        return done()

    return deed


def _withdraw(action: Json) -> Deed:
    address(action.get("destination"))
    usd = _dollars(action.get("amount"))

    def deed(state: ExchangeState, account: Account) -> Answer:
        ledger.withdraw(state, account, usd)
        return done()

    return deed


def _send_asset(action: Json) -> Deed:
    other, usd = address(action.get("destination")), _dollars(action.get("amount"))
    source, target = text_of(action, "sourceDex"), text_of(action, "destinationDex")

    def deed(state: ExchangeState, account: Account) -> Answer:
        if other == account.address:
            ledger.move_between_dexes(state, account, source, target, usd)
        else:
            delta = {"type": "send", "user": account.address, "destination": other}
            ledger.give(state, account, state.account(other), usd, delta)
        return done()

    return deed


def _create_sub_account(action: Json) -> Deed:
    name = text_of(action, "name")
    if not 1 <= len(name) <= NAME_LENGTH:
        raise MalformedError

    def deed(state: ExchangeState, account: Account) -> Answer:
        made = hashlib.sha256(f"{account.address} {name}".encode()).hexdigest()[:40]
        sub = state.account(f"0x{made}")
        if sub.master is not None:
            reason = f"Sub-account name already used: {name}"
            raise RefusedError(reason)
        sub.master, sub.name, sub.role, sub.mode = account.address, name, "subAccount", account.mode
        return ok("createSubAccount", sub.address)

    return deed


def _sub_account_transfer(action: Json) -> Deed:
    named, is_deposit = address(action.get("subAccountUser")), flag_of(action, "isDeposit")
    usd = integer_of(action, "usd") * USD

    def deed(state: ExchangeState, account: Account) -> Answer:
        sub = _own(state, account, named)
        source, target = (account, sub) if is_deposit else (sub, account)
        delta = {"type": "subAccountTransfer", "user": source.address}
        ledger.give(state, source, target, usd, {**delta, "destination": target.address})
        return done()

    return deed


def _reserve(action: Json) -> Deed:
    weight = integer_of(action, "weight")
    if weight <= 0:
        raise MalformedError

    def deed(state: ExchangeState, account: Account) -> Answer:
        pool, price = modes.main_pool(account), weight * Decimal("0.0005")
        if price > ledger.transferable(state, account, pool):
            reason = "Insufficient balance to reserve request weight"
            raise RefusedError(reason)
        account.add_cash(pool, -price)
        account.flows -= price
        account.bought_requests += weight
        return done()

    return deed


def _set_abstraction(action: Json) -> Deed:
    wanted = action.get("abstraction")
    is_agents = action["type"] == "agentSetAbstraction"
    if not is_agents:
        address(action.get("user"))

    def deed(state: ExchangeState, account: Account) -> Answer:
        if is_agents and account.mode is not Mode.DEFAULT:
            reason = "Agents can set the abstraction of default accounts only."
            raise RefusedError(reason)
        modes.switch(state, account, modes.mode_of(wanted))
        return done()

    return deed


def _set_dex_abstraction(action: Json) -> Deed:
    is_on = action["type"] == "agentEnableDexAbstraction" or flag_of(action, "enabled")

    def deed(state: ExchangeState, account: Account) -> Answer:
        modes.switch(state, account, Mode.DEX if is_on else Mode.DISABLED)
        return done()

    return deed


READERS: Mapping[str, Callable[[Json], Deed]] = MappingProxyType(
    {
        "approveAgent": _approve_agent,
        "usdClassTransfer": _usd_class_transfer,
        "usdSend": _usd_send,
        "withdraw3": _withdraw,
        "sendAsset": _send_asset,
        "createSubAccount": _create_sub_account,
        "subAccountTransfer": _sub_account_transfer,
        "reserveRequestWeight": _reserve,
        "userSetAbstraction": _set_abstraction,
        "agentSetAbstraction": _set_abstraction,
        "userDexAbstraction": _set_dex_abstraction,
        "agentEnableDexAbstraction": _set_dex_abstraction,
    }
)


def _own(state: ExchangeState, account: Account, named: str) -> Account:
    sub = state.accounts.get(named)
    if sub is None or sub.master != account.address:
        reason = f"Invalid sub-account: {named}"
        raise RefusedError(reason)
    return sub


def _dollars(value: object) -> Decimal:
    try:
        return amount(value)
    except ValueError:
        raise MalformedError from None
