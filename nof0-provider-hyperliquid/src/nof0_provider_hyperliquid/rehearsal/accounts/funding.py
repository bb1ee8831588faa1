"""Funding, every hour on the hour."""

from __future__ import annotations

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import text, truncated
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState

HOUR_MS = 3_600_000


def fund_hours(state: ExchangeState) -> None:
    """Pay what is due since the last look: each full hour that passed, at present oracle prices."""
    hour = state.now // HOUR_MS
    if state.funded_hour is None:
        state.funded_hour = hour
    while state.funded_hour < hour:
        state.funded_hour += 1
        for account in state.accounts.values():
            _fund(state, account, state.funded_hour * HOUR_MS)
            worth = state.worth(account)
            account.values.append((state.now, worth, worth - account.flows))


def _fund(state: ExchangeState, account: Account, time: int) -> None:
    for coin, position in account.positions.items():
        rate = state.funding_rates.get(coin, state.rules.funding_rate)
        oracle = state.oracles.get(coin, state.marks[coin])
        paid = truncated(position.szi * oracle * rate)
        position.fund(paid)
        account.funding_paid[coin] = position.funding_all
        if position.is_cross:
            account.add_cash(account.pool(position.asset), -paid)
        else:
            position.raw -= paid
        delta = {
            "coin": coin,
            "usdc": text(ZERO - paid),
            "szi": text(position.szi),
            "fundingRate": text(rate),
            "nSamples": None,
        }
        row = {
            "time": time,
            "hash": state.next_hash(),
            "delta": {"type": "funding", **delta},
        }
        account.funding.append(row)
        heard = {"time": time, **delta}
        state.tell("userEvents", account.address, {"funding": heard})
        state.tell("userFundings", account.address, {"user": account.address, "fundings": [heard]})
