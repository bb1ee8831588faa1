"""The key that signs, and whom it signs for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_account import Account
from hyperliquid.utils.signing import sign_l1_action

Action = Mapping[str, Any]
"""What is to be done, its keys in the order in which they are hashed."""


class Wallet:
    """Signs actions with one private key, which it never shows.

    `address` is the key's own, in lower case: an API wallet's, or the main account's. `user` is the
    account whose money moves: the vault or sub-account, else the main account. `vault` is named in
    each action it acts for. Signatures count on the real venue only with `is_mainnet`.
    """

    def __init__(
        self, private_key: str, *, main: str = "", vault: str = "", is_mainnet: bool = False
    ) -> None:
        self._key = Account.from_key(private_key)
        self._is_mainnet = is_mainnet
        self.address = str(self._key.address).lower()
        self.vault = vault.lower() or None
        self.user = self.vault or main.lower() or self.address

    def __repr__(self) -> str:
        """Show the address alone."""
        return f"Wallet({self.address})"

    def sign(self, action: Action, *, nonce: int, expires: int | None = None) -> dict[str, Any]:
        """Return the body of the request that has an action carried out.

        Args:
            action: what is to be done.
            nonce: one that was never used.
            expires: time in milliseconds after which the venue is to refuse it.
        """
        signature = sign_l1_action(self._key, action, self.vault, nonce, expires, self._is_mainnet)
        return {
            "action": action,
            "nonce": nonce,
            "signature": signature,
            "vaultAddress": self.vault,
            "expiresAfter": expires,
        }
