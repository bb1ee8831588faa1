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
_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_ACCOUNT = re.compile(r"0x[0-9a-fA-F]{40}")


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


class _Access:
    """How a section reaches its network, by the settings that all sections have."""

    __slots__ = ()

    testnet: bool
    base_url: str
    timeout: timedelta
    http_timeout: timedelta

    @property
    def address(self) -> str:
        """Return the base URL, without a slash at its end."""
        return (self.base_url or (TESTNET if self.testnet else MAINNET)).rstrip("/")

    @property
    def request_within(self) -> timedelta:
        """Return how long one request may take."""
        return min(self.http_timeout, self.timeout)


@attrs.frozen(kw_only=True)
class HyperliquidMarketConfig(_Access):
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


def check_key(key: str) -> None:
    """Refuse what is no private key; the message never holds any of it.

    Raises:
        ValueError: says what a key looks like.
    """
    if not _KEY.fullmatch(key):
        message = "must be the private key of a wallet: 64 hexadecimal digits, 0x in front or not"
        raise ValueError(message)


def check_account(address: str) -> None:
    """Refuse what is no address of an account.

    Raises:
        ValueError: says what an address looks like.
    """
    if address and not _ACCOUNT.fullmatch(address):
        message = "must be an address: 0x and 40 hexadecimal digits"
        if _KEY.fullmatch(address):
            message += "; this may be a private key, which belongs elsewhere"
        raise ValueError(message)


@attrs.frozen(kw_only=True)
class HyperliquidExchangeConfig(_Access):
    """Schema of an exchange section with `type: hyperliquid`."""

    private_key: str = opt(
        secret=True,
        check=check_key,
        help="signs what is sent: the key of an API wallet, which cannot withdraw",
    )
    main_address: str = opt(
        default="",
        check=check_account,
        help="address of the account that is traded; empty: that of the key itself",
    )
    vault_address: str = opt(
        default="",
        check=check_account,
        help="address of a vault or sub-account of main_address to trade for instead",
    )
    testnet: bool = opt(default=True, help="trade on the testnet; false: real money")
    dex: str = opt(
        default="",
        check=check_dex,
        help="short name of a dex of a builder (HIP-3), such as xyz; empty: the venue's own",
    )
    timeout: timedelta = opt(
        default=timedelta(seconds=30),
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
        help="how often a question that failed is asked again; what is signed never is",
    )
    stream: bool = opt(
        default=True,
        shaping=False,
        help="hear at once what happens to the account; false: find out by asking",
    )
    base_url: str = opt(
        default="",
        check=check_address,
        help="address to ask instead of the network's own, such as a local venue",
    )

    @property
    def is_mainnet(self) -> bool:
        """Tell whether signatures count on the real venue: only where it is asked itself."""
        return not self.testnet and self.address == MAINNET


def faults(config: HyperliquidMarketConfig | HyperliquidExchangeConfig) -> Sequence[str]:
    """Say what is wrong with a section as a whole."""
    host = urlsplit(config.base_url).hostname
    own = {False: urlsplit(MAINNET).hostname, True: urlsplit(TESTNET).hostname}
    if host is not None and host == own[not config.testnet]:
        wanted = "false" if config.testnet else "true"
        return [f"base_url is the other network's: set testnet: {wanted}, or leave base_url out"]
    return []


def exchange_faults(config: HyperliquidExchangeConfig) -> Sequence[str]:
    """Say what is wrong with an exchange section as a whole."""
    found = list(faults(config))
    vault = config.vault_address.lower()
    if vault and vault == config.main_address.lower():
        found.append("vault_address is main_address: leave it out to trade for the account itself")
    if vault and not config.main_address:
        found.append("vault_address needs main_address: the account that owns the vault")
    return found
