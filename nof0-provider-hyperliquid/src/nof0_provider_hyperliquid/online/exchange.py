"""Looking at an account before a run: `nof0 check --online` of an exchange section."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from nof0_core.domain.finding import Finding, FindingLevel
from nof0_core.errors import DataError, ProviderError
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.config import HyperliquidExchangeConfig
from nof0_provider_hyperliquid.market.online import clock_finding, coin_findings
from nof0_provider_hyperliquid.online.network import Network, networks
from nof0_provider_hyperliquid.online.ownership import Owners, ownership
from nof0_provider_hyperliquid.online.roles import Role, role_of
from nof0_provider_hyperliquid.online.standing import standing
from nof0_provider_hyperliquid.transport.budget import shared_budget
from nof0_provider_hyperliquid.transport.client import InfoClient, Patience


async def findings(
    config: HyperliquidExchangeConfig, env: Env, other: Network | None = None
) -> list[Finding]:
    """Ask whether a run could trade: clock, key, addresses, mode, what is left, coins.

    Only reads; nothing is signed, and the key is asked for nothing but its address.

    Args:
        config: of the section.
        env: as services are given it.
        other: another network than the one that follows from `config`, to look for the key on.
    """
    network, mirror = networks(config)
    other = other or mirror
    with closing(await _client(config, env, network)) as client:
        try:
            return await _look(client, config, env, network, other)
        except ProviderError as error:
            return [Finding(level=FindingLevel.PROBLEM, sentence=str(error))]


async def _client(config: HyperliquidExchangeConfig, env: Env, network: Network) -> InfoClient:
    budget = await shared_budget(env, network.url)
    within = config.request_within
    return InfoClient(
        network.url,
        budget=budget,
        patience=Patience(request=within, retries=0, room=within),
        env=env,
    )


async def _look(
    client: InfoClient,
    config: HyperliquidExchangeConfig,
    env: Env,
    network: Network,
    other: Network | None,
) -> list[Finding]:
    found = [await clock_finding(client, network.url, env)]

    async def ask_other(address: str) -> Role:
        assert other is not None  # noqa: S101 - asked only where there is one
        with closing(await _client(config, env, other)) as elsewhere:
            return await role_of(elsewhere, address)

    owners = owners_of(config)
    found += await ownership(owners, partial(role_of, client), network, other, ask_other)
    if not any(each.level is FindingLevel.PROBLEM for each in found):
        # Of an account that is not the right one nobody wants to know more.
        found += await standing(client, owners, config.dex, env.clock.now())
    found += await coin_findings(client, config.dex, env)
    return found


def owners_of(config: HyperliquidExchangeConfig) -> Owners:
    """Return the addresses of a section; that of the key is derived from it.

    Raises:
        DataError: the key is a number that is none; it is not named.
    """
    from eth_account import Account

    try:
        signer = str(Account.from_key(config.private_key).address).lower()
    except Exception:  # noqa: BLE001 - whatever it says may hold the key
        message = "private_key is no key of a wallet: copy it anew"
        raise DataError(message) from None
    main = config.main_address.lower() or signer
    return Owners(signer=signer, main=main, vault=config.vault_address.lower())
