"""Managed capital: the whole that shares are percent of.

Of one exchange account that is its part of `total_equity_usd` and all profit and loss its traders
have made since. So it is the same whoever holds the money: what an allocator holds back rests in
the reserve and is still part of the whole. What else is on the exchange account never is.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

from nof0_core.config.model import Config
from nof0_core.domain.account import AccountState
from nof0_core.ids import TraderId
from nof0_core.money import ONE, ZERO, exactly

FINEST = Decimal("1E-24")
"""Decimals of a configured share in percent where it has to be divided."""


@exactly
def part_usd(config: Config, venue_account: str) -> Decimal:
    """Return the part of `total_equity_usd` that is to be managed on an exchange account, in USD.

    All of it where traders use one exchange account. Between several it is in proportion to what
    the `allocation_pct` of each one's traders add up to, so that reserve and unallocated capital
    are divided as the traders' capital is; alike where all of them are 0.
    """
    used = list(dict.fromkeys(trader.exchange for trader in config.traders))
    if used == [venue_account]:
        return config.total_equity_usd
    ours, all_ = _allocated(config, venue_account), _allocated(config)
    if not all_:
        return config.total_equity_usd / len(used) if venue_account in used else ZERO
    return config.total_equity_usd * ours / all_


@exactly
def configured_pct(config: Config, venue_account: str) -> dict[TraderId, Decimal]:
    """Return what each trader of an exchange account was given, in percent of its managed capital.

    That is `allocation_pct` where all traders use one exchange account. Between several, percent of
    all capital become percent of this account's part of it.
    """
    ours, all_ = _allocated(config, venue_account), _allocated(config)
    scale = all_ / ours if ours else ONE
    members = [trader for trader in config.traders if trader.exchange == venue_account]
    if scale == 1:
        return {trader.id: trader.allocation_pct for trader in members}
    return {
        trader.id: (trader.allocation_pct * all_ / ours).quantize(FINEST, ROUND_HALF_EVEN)
        for trader in members
    }


@exactly
def managed_usd(part: Decimal, accounts: Iterable[AccountState]) -> Decimal:
    """Return the managed capital of an exchange account in USD; below 0 where more was lost.

    Args:
        part: of `total_equity_usd`, in USD.
        accounts: of all traders that ever had capital there, valued; without reserve and the like.
    """
    return part + sum((account.equity - account.deposited for account in accounts), ZERO)


def _allocated(config: Config, venue_account: str | None = None) -> Decimal:
    chosen = (
        trader.allocation_pct
        for trader in config.traders
        if venue_account is None or trader.exchange == venue_account
    )
    return sum(chosen, ZERO)
