"""Money that comes and goes otherwise than by trades and funding."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.account import MAIN, Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, text
from nof0_provider_hyperliquid.rehearsal.accounts.margin import (
    available,
    cross_equity,
    cross_used,
)
from nof0_provider_hyperliquid.rehearsal.accounts.modes import main_pool
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import RefusedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState

TENTH = Decimal("0.1")
WITHDRAWAL_FEE = Decimal(1)


def deposit(state: ExchangeState, account: Account, usd: Decimal) -> None:
    """Add USDC from outside to the collateral of the main dex."""
    account.has_deposited = True
    account.flows += usd
    account.add_cash(main_pool(account), usd)
    tell(state, account, {"type": "deposit", "usdc": text(usd)})


def withdraw(state: ExchangeState, account: Account, usd: Decimal) -> None:
    """Send USDC away from the venue, its fee of a dollar included.

    Raises:
        RefusedError: if it is not free.
    """
    pool = main_pool(account)
    if not WITHDRAWAL_FEE <= usd <= transferable(state, account, pool):
        raise RefusedError(refusals.WITHDRAWAL)
    account.flows -= usd
    account.add_cash(pool, -usd)
    sent = text(usd - WITHDRAWAL_FEE)
    tell(state, account, {"type": "withdraw", "usdc": sent, "nonce": 0, "fee": "1.0"})


def give(state: ExchangeState, account: Account, other: Account, usd: Decimal, delta: Json) -> None:
    """Move USDC from one account's perpetuals to another's; both are told.

    Raises:
        RefusedError: if it is not free.
    """
    pool = main_pool(account)
    if not ZERO < usd <= transferable(state, account, pool):
        raise RefusedError(refusals.WITHDRAWAL)
    account.flows -= usd
    other.flows += usd
    other.has_deposited = True
    account.add_cash(pool, -usd)
    other.add_cash(main_pool(other), usd)
    for each in (account, other):
        tell(state, each, {**delta, "usdc": text(usd)})


def change_class(state: ExchangeState, account: Account, usd: Decimal, *, is_to_perp: bool) -> None:
    """Move USDC between spot and the main dex.

    Raises:
        RefusedError: if it is not there, or the mode knows no such difference.
    """
    if account.mode.is_unified:
        raise RefusedError(refusals.UNIFIED)
    pool, spot = main_pool(account), account.spot.get(MAIN, ZERO)
    limit = spot if is_to_perp else transferable(state, account, pool)
    if not ZERO < usd <= limit:
        raise RefusedError(refusals.TRANSFER if is_to_perp else refusals.WITHDRAWAL)
    signed = usd if is_to_perp else -usd
    account.add_cash(pool, signed)
    account.spot[MAIN] = spot - signed
    tell(
        state,
        account,
        {"type": "accountClassTransfer", "usdc": text(usd), "toPerp": is_to_perp},
    )


def move_between_dexes(
    state: ExchangeState, account: Account, source: str, target: str, usd: Decimal
) -> None:
    """Move collateral between dexes (`spot`: the spot balance) of one account.

    Raises:
        RefusedError: if there is no such dex, its token differs, or it is not free.
    """
    for place in (source, target):
        if place != "spot" and place not in state.dexes():
            reason = f"Invalid dex: {place}"
            raise RefusedError(reason)
    token = MAIN if source == "spot" else state.collateral(source)
    if target != "spot" and state.collateral(target) != token:
        raise RefusedError(refusals.TRANSFER)
    pool = account.pool_of(source, token)
    is_spot = source == "spot" and not account.mode.is_unified
    limit = account.spot.get(token, ZERO) if is_spot else transferable(state, account, pool)
    if not ZERO < usd <= limit:
        raise RefusedError(refusals.TRANSFER)
    for place, signed in ((source, -usd), (target, usd)):
        if place == "spot" and not account.mode.is_unified:
            account.spot[token] = account.spot.get(token, ZERO) + signed
        else:
            account.add_cash(account.pool_of("" if place == "spot" else place, token), signed)
    delta = {"type": "send", "usdcValue": text(usd), "token": token, "amount": text(usd)}
    tell(state, account, {**delta, "sourceDex": source, "destinationDex": target})


def transferable(state: ExchangeState, account: Account, pool: str) -> Decimal:
    """Return what may leave a pool.

    What remains must cover initial margins and a tenth of the notional of cross positions.
    """
    marks = state.marks
    notional = sum(
        (each.value(marks[each.asset.name]) for each in account.in_pool(pool) if each.is_cross),
        ZERO,
    )
    used = cross_used(account, pool, marks)
    over_tenth = cross_equity(account, pool, marks) - max(used, notional * TENTH)
    return min(over_tenth, available(account, pool, marks))


def tell(state: ExchangeState, account: Account, delta: Json) -> None:
    """Record an update of the ledger."""
    row = {"time": state.now, "hash": state.next_hash(), "delta": delta}
    account.updates.append(row)
    state.tell(
        "userNonFundingLedgerUpdates",
        account.address,
        {"user": account.address, "nonFundingLedgerUpdates": [row]},
    )
