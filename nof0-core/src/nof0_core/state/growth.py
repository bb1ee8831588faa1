"""How the growth of accounts follows from events."""

from __future__ import annotations

from collections.abc import Mapping

from nof0_core.domain.account import AccountState
from nof0_core.domain.event import Event, Transferred
from nof0_core.domain.growth import Growth
from nof0_core.ids import is_shared
from nof0_core.ledger.account import Account, VenueLedger
from nof0_core.state.changes import refused


def grown(event: Event, body: Transferred, account: Account) -> Growth:
    """Return the growth of an account after a transfer.

    Raises:
        UnbookableError: nobody says what a trader's account was worth before it.
    """
    if is_shared(account.trader):
        return account.growth
    before = body.equities.get(account.trader)
    if before is None:
        raise refused(event, f"it does not say what {account.trader} was worth before it")
    return account.growth.moved(before, body.amounts[account.trader])


def note_ruin(
    venue_accounts: Mapping[str, VenueLedger], home: str | None, state: AccountState
) -> None:
    """Let an account that was seen with nothing left have lost all for good.

    One that holds a coin without a price is worth nobody knows what. Judged is the account as it
    was seen, by the transfers until then: a cycle tells of the account it began with.
    """
    if home is None or state.unpriced or not state.growth.is_lost(state.equity):
        return
    account = venue_accounts[home].accounts.get(state.trader)
    if account is not None:
        account.growth = account.growth.ruined()
