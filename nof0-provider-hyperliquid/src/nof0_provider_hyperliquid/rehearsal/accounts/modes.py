"""From one account mode to another: where the cash goes."""

from __future__ import annotations

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.account import MAIN, Account, Mode
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import RefusedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState


def switch(state: ExchangeState, account: Account, mode: Mode) -> None:
    """Change an account's mode; nothing it owns changes, only where it is held.

    Where dexes share collateral, spot balances and cash of dexes become one pool. Back, all of it
    goes to the first dex of its token.
    """
    before, account.mode = account.mode, mode
    if before is mode:
        return
    old, account.pools = account.pools, {}
    for pool, cash in old.items():
        dex, token = pool, state.collateral(pool)
        if pool.startswith("@"):
            token = pool[1:]
            dex = next((each for each in state.dexes() if state.collateral(each) == token), "")
        account.add_cash(account.pool_of(dex, token), cash)
    if mode.is_unified:
        for token in [each for each in account.spot if each in tokens(state)]:
            account.add_cash(f"@{token}", account.spot.pop(token))


def tokens(state: ExchangeState) -> list[str]:
    """Return the tokens that dexes hold margin in, USDC first."""
    return list(dict.fromkeys([MAIN, *(state.collateral(dex) for dex in state.dexes())]))


def mode_of(value: object) -> Mode:
    """Read a mode that an action asks for: a word, or the SDK's letter of it.

    Raises:
        RefusedError: if there is no such mode.
    """
    letters = {"i": Mode.DISABLED, "u": Mode.UNIFIED, "p": Mode.PORTFOLIO}
    if isinstance(value, str) and value in letters:
        return letters[value]
    if isinstance(value, str) and value in {each.value for each in Mode}:
        return Mode(value)
    reason = "Invalid abstraction."
    raise RefusedError(reason)


def main_pool(account: Account) -> str:
    """Return the pool of the main dex."""
    return account.pool_of("", MAIN)


def is_empty(account: Account) -> bool:
    """Tell whether an account owns nothing and holds nothing."""
    cash = [*account.pools.values(), *account.spot.values()]
    return not account.positions and all(each == ZERO for each in cash)
