"""Which coins of the venue are perpetuals of a dex, and their names in nof0."""

from __future__ import annotations

import attrs

from nof0_core.ids import Symbol

_ELSEWHERE = frozenset("@#+/")
"""Letters in names of spot pairs (`@107`, `PURR/USDC`), outcome markets (`#30`) and their sides."""


@attrs.frozen
class DexCoins:
    """The coins of one dex; empty: the venue's own."""

    dex: str

    def symbol(self, coin: str) -> Symbol | None:
        """Return the name of a perpetual, None for what another dex or market trades."""
        if self.dex:
            prefix = f"{self.dex}:"
            return Symbol(coin.removeprefix(prefix)) if coin.startswith(prefix) else None
        if not coin or ":" in coin or _ELSEWHERE & set(coin):
            return None
        return Symbol(coin)
