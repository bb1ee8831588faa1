"""Account modes: where the venue holds collateral, and where it reports it."""

from __future__ import annotations

from enum import StrEnum

from nof0_core.errors import DataError
from nof0_provider_hyperliquid.wire.reading import shown


class AccountMode(StrEnum):
    """The venue's word for it, as `userAbstraction` answers (gitbook, "Account abstraction modes").

    DEFAULT and DISABLED: each dex has its own collateral, spot is apart. UNIFIED and PORTFOLIO: the
    spot balances are the collateral of all dexes. DEX: dexes that settle in USDC share the main
    dex's collateral, spot is apart.
    """

    DEFAULT = "default"
    DISABLED = "disabled"
    UNIFIED = "unifiedAccount"
    PORTFOLIO = "portfolioMargin"
    DEX = "dexAbstraction"

    @property
    def is_unified(self) -> bool:
        """Tell whether spot balances are the collateral of perpetuals."""
        return self in {AccountMode.UNIFIED, AccountMode.PORTFOLIO}


def read_mode(answer: object) -> AccountMode:
    """Return the mode of an answer to `userAbstraction`.

    Raises:
        DataError: it is none that is known: nobody can tell then what the account is worth.
    """
    try:
        return AccountMode(str(answer))
    except ValueError:
        message = (
            f"the account is in a mode nobody here knows ({shown(answer)}), so what it is worth"
            " cannot be told"
        )
        hint = f"known are {', '.join(AccountMode)}; choose one of them at the venue, or update"
        raise DataError(message, hints=(hint,)) from None
