"""The venue of a rehearsal: it lists what is traded, and holds an account for each section."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

from nof0_core.clock import SystemClock
from nof0_provider_hyperliquid.rehearsal.assets import Asset
from nof0_provider_hyperliquid.rehearsal.listing import ASSETS
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings
from nof0_provider_hyperliquid.rehearse.plan import ScratchAccount

LEVERAGE = 20
"""Most leverage of a coin that the local venue does not know by itself."""
DECIMALS = 2


def listing(coins: Iterable[tuple[str, str]]) -> tuple[Asset, ...]:
    """Return the assets of a venue on which these (dex, coin) can be traded."""
    assets = list(ASSETS)
    for dex, coin in coins:
        name = f"{dex}:{coin}" if dex else coin
        if any(asset.name == name and not asset.is_delisted for asset in assets):
            continue
        index = sum(asset.dex == dex for asset in assets)
        assets.append(
            Asset(
                index=index,
                name=name,
                sz_decimals=DECIMALS,
                max_leverage=LEVERAGE,
                only_isolated=bool(dex),
                dex=dex,
            )
        )
    return tuple(assets)


@asynccontextmanager
async def local_venue(
    coins: Iterable[tuple[str, str]],
    accounts: Mapping[str, ScratchAccount],
    usd: Decimal,
    seed: int,
) -> AsyncIterator[Venue]:
    """Serve a venue on the machine's clock.

    Args:
        coins: what must be listed, (dex, coin) each.
        accounts: by section; each gets a deposit.
        usd: how much, in USD.
        seed: of prices and books.
    """
    settings = VenueSettings(seed=seed, assets=listing(coins))
    async with Venue.open(settings, SystemClock()) as venue:
        for account in accounts.values():
            exchange = venue.exchange
            exchange.open_account(account.main, usd, agents={account.agent: "rehearsal"})
            if account.vault:
                exchange.open_account(account.vault, usd)
                vault = exchange.state.accounts[account.vault]
                vault.master, vault.role = account.main, "vault"
        yield venue
