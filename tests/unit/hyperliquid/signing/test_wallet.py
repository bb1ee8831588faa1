"""Signatures are those of the SDK, and the key is nowhere to be seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hyperliquid.utils import signing
from hyperliquid_desk import AGENT_KEY, KEY

from nof0_provider_hyperliquid.signing.wallet import Wallet

SIGNING = Path(__file__).parents[3] / "data" / "hyperliquid" / "signing"
VECTORS = json.loads((SIGNING / "vectors.json").read_text())["vectors"]
MAIN, VAULT = "0x" + "Ab" * 20, "0x" + "Cd" * 20


@pytest.mark.parametrize(
    ("vector", "network"),
    [(v, network) for v in VECTORS for network in ("testnet", "mainnet") if network in v],
)
def test_a_vector_is_signed_as_it_says(vector, network):
    wallet = Wallet(
        vector["key"], vault=vector["vaultAddress"] or "", is_mainnet=network == "mainnet"
    )

    body = wallet.sign(vector["action"], nonce=vector["nonce"], expires=vector["expiresAfter"])

    assert body["signature"] == vector[network]
    assert body["nonce"] == vector["nonce"]
    assert body["expiresAfter"] == vector["expiresAfter"]


def test_a_signature_leads_back_to_the_key_with_vault_and_expiry():
    wallet = Wallet(AGENT_KEY, main=MAIN, vault=VAULT)

    body = json.loads(json.dumps(wallet.sign({"type": "noop"}, nonce=5, expires=9)))

    found = signing.recover_agent_or_user_from_l1_action(
        body["action"], body["signature"], body["vaultAddress"], 5, 9, False
    )
    assert found.lower() == wallet.address
    assert body["vaultAddress"] == VAULT.lower()


def test_what_is_asked_about_is_never_the_agent():
    """nautilus_trader issue 4010: asked about an agent, the venue shows an empty account."""
    assert Wallet(AGENT_KEY, main=MAIN, vault=VAULT).user == VAULT.lower()
    assert Wallet(AGENT_KEY, main=MAIN).user == MAIN.lower()
    alone = Wallet(KEY)
    assert alone.user == alone.address
    assert alone.vault is None


def test_the_key_is_not_shown():
    wallet = Wallet(KEY)
    assert KEY[2:] not in repr(wallet) + str(wallet) + str(vars(wallet))
