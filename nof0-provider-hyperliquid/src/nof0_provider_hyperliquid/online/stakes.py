"""What is at stake on the account of a section; light to import."""

from __future__ import annotations

from urllib.parse import urlsplit

from nof0_core.plugins.kinds import Stake
from nof0_provider_hyperliquid.config import MAINNET, HyperliquidExchangeConfig

_OWN_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


def stake(config: HyperliquidExchangeConfig) -> Stake:
    """Tell real from test money; a venue on this machine has neither."""
    host = urlsplit(config.address).hostname
    if config.is_mainnet or host == urlsplit(MAINNET).hostname:
        return Stake.REAL
    return Stake.PAPER if host in _OWN_MACHINE else Stake.TEST


def identity(config: HyperliquidExchangeConfig) -> str:
    """Return what tells the account from all others: network and address; nothing of the key.

    One address is one account, whatever dex is traded with it.
    """
    owner = config.vault_address or config.main_address
    if not owner:
        from eth_account import Account

        owner = str(Account.from_key(config.private_key).address)
    parts = urlsplit(config.address)
    return f"hyperliquid {parts.netloc.lower()} {owner.lower()}"


def account_name(config: HyperliquidExchangeConfig) -> str:
    """Name the account that is traded; nothing of the key."""
    where = f" on dex {config.dex}" if config.dex else ""
    if config.vault_address:
        return f"{config.vault_address} (of {config.main_address}){where}"
    return (config.main_address or "the account of the key itself") + where
