"""Configuration of sections with `type: hyperliquid`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import attrs

from nof0_core.config.fields import opt

MAINNET = "https://api.hyperliquid.xyz"
TESTNET = "https://api.hyperliquid-testnet.xyz"
_DEX = re.compile(r"[a-z0-9]{2,12}")


def check_address(address: str) -> None:
    """Refuse what is no base URL.

    Raises:
        ValueError: says what is wrong.
    """
    if not address:
        return
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "must be a URL that begins with https:// or http://"
        raise ValueError(message)
    if parts.username is not None or parts.query or parts.fragment:
        message = "must have no user name and nothing after ? or #"
        raise ValueError(message)


def check_dex(dex: str) -> None:
    """Refuse what is no name of a dex.

    Raises:
        ValueError: says what is wrong.
    """
    if dex and not _DEX.fullmatch(dex):
        message = "must be the short name of a dex, such as xyz"
        raise ValueError(message)


@attrs.frozen(kw_only=True)
class HyperliquidMarketConfig:
    """Schema of a market section with `type: hyperliquid`."""

    testnet: bool = opt(default=False, help="prices of the testnet instead of the real venue's")
    dex: str = opt(
        default="",
        check=check_dex,
        help="short name of a dex of a builder (HIP-3), such as xyz; empty: the venue's own",
    )
    timeout: timedelta = opt(
        default=timedelta(seconds=8),
        ge=timedelta(seconds=1),
        shaping=False,
        help="how long one call may take, with all its requests and retries",
    )
    http_timeout: timedelta = opt(
        default=timedelta(seconds=10),
        ge=timedelta(seconds=1),
        shaping=False,
        help="how long one request may take; never longer than timeout",
    )
    max_retries: int = opt(
        default=3,
        ge=0,
        le=10,
        shaping=False,
        help="how often a request that failed for a reason that may pass is repeated",
    )
    stream: bool = opt(
        default=True,
        shaping=False,
        help="listen to the venue's stream and ask only for what it does not tell; false: ask",
    )
    base_url: str = opt(
        default="",
        check=check_address,
        help="address to ask instead of the network's own, such as a local venue",
    )

    @property
    def address(self) -> str:
        """Return the base URL, without a slash at its end."""
        return (self.base_url or (TESTNET if self.testnet else MAINNET)).rstrip("/")

    @property
    def request_within(self) -> timedelta:
        """Return how long one request may take."""
        return min(self.http_timeout, self.timeout)


def faults(config: HyperliquidMarketConfig) -> Sequence[str]:
    """Say what is wrong with a section as a whole."""
    host = urlsplit(config.base_url).hostname
    own = {False: urlsplit(MAINNET).hostname, True: urlsplit(TESTNET).hostname}
    if host is not None and host == own[not config.testnet]:
        wanted = "false" if config.testnet else "true"
        return [f"base_url is the other network's: set testnet: {wanted}, or leave base_url out"]
    return []
