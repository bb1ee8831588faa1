"""By what an account is known, so that two engines never trade one."""

from __future__ import annotations

from eth_account import Account as Wallet

from nof0_provider_hyperliquid.config import HyperliquidExchangeConfig
from nof0_provider_hyperliquid.online.stakes import identity

KEY, AGENT_KEY = ("0x" + digits * 32 for digits in ("11", "33"))
MAIN = Wallet.from_key(KEY).address
VAULT = "0x" + "ab" * 20


def known(**settings):
    return identity(HyperliquidExchangeConfig(**{"private_key": AGENT_KEY, **settings}))


def test_it_is_the_same_whoever_signs_and_however_the_address_is_written():
    agent = known(main_address=MAIN)
    assert agent == known(private_key=KEY)
    assert agent == known(main_address=MAIN.lower())
    assert agent == known(main_address=MAIN, dex="xyz")
    assert AGENT_KEY[2:] not in agent


def test_other_networks_and_other_accounts_are_others():
    found = {
        known(main_address=MAIN),
        known(main_address=MAIN, testnet=False),
        known(main_address=MAIN, base_url="http://127.0.0.1:4000"),
        known(main_address=MAIN, base_url="http://127.0.0.1:4001"),
        known(main_address=MAIN, vault_address=VAULT),
        known(),
    }
    assert len(found) == 6
