"""Which networks there are to ask: that of a section, and the other one, where its key may be."""

from __future__ import annotations

import attrs

from nof0_provider_hyperliquid.config import MAINNET, TESTNET, HyperliquidExchangeConfig


@attrs.frozen(kw_only=True)
class Network:
    """A network: its base URL, its name for a person, and where accounts are made there."""

    url: str
    name: str
    app: str = ""


_MAINNET = Network(url=MAINNET, name="the mainnet", app="https://app.hyperliquid.xyz")
_TESTNET = Network(url=TESTNET, name="the testnet", app="https://app.hyperliquid-testnet.xyz")


def networks(config: HyperliquidExchangeConfig) -> tuple[Network, Network | None]:
    """Return the network of a section, and the other one; None for an address of one's own."""
    if config.base_url:
        return Network(url=config.address, name=config.address), None
    return (_TESTNET, _MAINNET) if config.testnet else (_MAINNET, _TESTNET)
