"""What an account is worth, and what of it is free: for each mode in its own way. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.account import VenueAccount
from nof0_core.money import ONE, ZERO, exactly
from nof0_provider_hyperliquid.account.balances import Balance
from nof0_provider_hyperliquid.account.dex_state import DexState
from nof0_provider_hyperliquid.account.mode import AccountMode
from nof0_provider_hyperliquid.wire.reading import bad

CENT = Decimal("0.01")


@attrs.frozen(kw_only=True)
class Worth:
    """In USD. `equity` = `raw_usd` + sum of quantity x mark, by the venue's marks.

    `margin_ratio` is maintenance margin by what backs it: at 1 the account is liquidated. Only the
    positions of the dex that was asked count in it.
    """

    equity: Decimal
    raw_usd: Decimal
    used: Decimal
    available: Decimal
    margin_ratio: Decimal

    def account(self, time: datetime) -> VenueAccount:
        """Return it as a report has it."""
        return VenueAccount(
            time=time,
            equity=self.equity,
            raw_usd=self.raw_usd,
            margin_used=self.used,
            available=self.available,
        )


@exactly
def apart(state: DexState, reserved: Decimal) -> Worth:
    """Value an account whose dex has its own collateral (default, disabled).

    Args:
        state: the dex.
        reserved: margin that resting orders may take, in USD.

    Raises:
        DataError: the dex's own figures do not add up.
    """
    if abs(state.value - state.raw_usd - state.signed_value) > CENT:
        bad(
            "clearinghouseState",
            f"accountValue is {state.value}, but totalRawUsd and the positions come to"
            f" {state.raw_usd + state.signed_value}",
        )
    return Worth(
        equity=state.value,
        raw_usd=state.raw_usd,
        used=state.used,
        available=state.cross_value - state.cross_used - reserved,
        margin_ratio=_ratio(state.maintenance, state.cross_value),
    )


@exactly
def unified(state: DexState, balance: Balance) -> Worth:
    """Value an account whose spot balance backs all dexes (unified, portfolio margin).

    The balance is marked to market and contains the margin that dexes show, which is therefore not
    added ("Account abstraction modes", unified account ratio).
    """
    return Worth(
        equity=balance.total,
        raw_usd=balance.total - state.signed_value,
        used=balance.hold,
        available=balance.total - balance.hold,
        margin_ratio=_ratio(state.maintenance, balance.total - state.isolated),
    )


@exactly
def sharing(state: DexState, main: DexState, reserved: Decimal) -> Worth:
    """Value an account one of whose dexes takes its collateral from the main dex's.

    The dex shows what its positions hold, the main dex the rest.
    """
    equity = main.value + state.value
    return Worth(
        equity=equity,
        raw_usd=equity - state.signed_value,
        used=main.used + state.used,
        available=main.cross_value - main.cross_used - reserved,
        margin_ratio=_ratio(
            main.maintenance + state.maintenance, main.cross_value + state.cross_value
        ),
    )


def has_own_collateral(mode: AccountMode, dex: str, token: int) -> bool:
    """Tell whether one answer about the dex says all there is to know."""
    return not mode.is_unified and (mode is not AccountMode.DEX or not dex or token != 0)


def _ratio(maintenance: Decimal, backing: Decimal) -> Decimal:
    if not maintenance:
        return ZERO
    return maintenance / backing if backing > ZERO else max(ONE, maintenance)
