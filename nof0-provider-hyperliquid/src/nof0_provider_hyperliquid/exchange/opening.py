"""Opening a `type: hyperliquid` exchange section."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread

from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.account.news import AccountNews
from nof0_provider_hyperliquid.account.reader import AccountReader
from nof0_provider_hyperliquid.account.stream import UserStream
from nof0_provider_hyperliquid.config import HyperliquidExchangeConfig
from nof0_provider_hyperliquid.exchange.provider import (
    HyperliquidExchange,
    Parts,
    StreamedExchange,
)
from nof0_provider_hyperliquid.orders.action_client import ActionClient
from nof0_provider_hyperliquid.orders.assets import Assets
from nof0_provider_hyperliquid.orders.cancelling import Cancelling
from nof0_provider_hyperliquid.orders.placing import Placing
from nof0_provider_hyperliquid.orders.proof import Proof
from nof0_provider_hyperliquid.orders.register import SentOrders, open_register
from nof0_provider_hyperliquid.signing.nonces import shared_nonces
from nof0_provider_hyperliquid.signing.wallet import Wallet
from nof0_provider_hyperliquid.transport.budget import NetworkBudget, shared_budget
from nof0_provider_hyperliquid.transport.client import InfoClient, Patience


@asynccontextmanager
async def open_live_exchange(
    config: HyperliquidExchangeConfig, env: Env
) -> AsyncIterator[HyperliquidExchange]:
    """Open the account of a section; the venue is first asked when somebody wants to know.

    Raises:
        ProviderError: the register of what was sent cannot be used.
    """
    wallet = await to_thread.run_sync(_wallet, config)
    budget = await shared_budget(env, config.address)
    register = await to_thread.run_sync(open_register, env)
    patience = Patience(
        request=config.request_within, retries=config.max_retries, room=config.timeout
    )
    news = AccountNews()
    info = InfoClient(
        config.address, budget=budget, patience=patience, env=env, urgency=news.urgency
    )
    nonces = await shared_nonces(env, config.address, wallet.address)
    nonces.seen(register.last_nonce(wallet.address))
    client = ActionClient(
        config.address,
        wallet=wallet,
        nonces=nonces,
        budget=budget,
        request_within=config.request_within,
        env=env,
    )
    parts = _parts(config, env, info, client, register, budget, news)
    stream = _stream(config, wallet, budget, env, news)
    _start(env, "account", parts.reader.watch)
    try:
        if stream is None:
            yield HyperliquidExchange(parts)
        else:
            yield StreamedExchange(parts, stream)
    finally:
        if stream is not None:
            stream.close()
        client.close()
        info.close()
        register.close()


def _wallet(config: HyperliquidExchangeConfig) -> Wallet:
    return Wallet(
        config.private_key,
        main=config.main_address,
        vault=config.vault_address,
        is_mainnet=config.is_mainnet,
    )


def _parts(
    config: HyperliquidExchangeConfig,
    env: Env,
    info: InfoClient,
    client: ActionClient,
    register: SentOrders,
    budget: NetworkBudget,
    news: AccountNews,
) -> Parts:
    reader = AccountReader(
        info,
        user=client.wallet.user,
        signer=client.wallet.address,
        master=config.main_address.lower(),
        dex=config.dex,
        clock=env.clock,
        alert=env.alert,
        news=news,
    )
    assets = Assets(
        info, dex=config.dex, network=config.address, clock=env.clock, folder=env.data_dir
    )
    placing = Placing(
        client=client,
        assets=assets,
        register=register,
        clock=env.clock,
        entries_refusal=lambda: reader.limits().entries_refusal,
    )
    return Parts(
        client=client,
        reader=reader,
        register=register,
        assets=assets,
        placing=placing,
        cancelling=Cancelling(client=client, assets=assets, register=register, reader=reader),
        proof=Proof(
            client=client,
            info=info,
            register=register,
            reader=reader,
            clock=env.clock,
            is_leaving=placing.is_under_way,
        ),
        budget=budget,
        news=news,
    )


def _stream(
    config: HyperliquidExchangeConfig,
    wallet: Wallet,
    budget: NetworkBudget,
    env: Env,
    news: AccountNews,
) -> UserStream | None:
    if not config.stream:
        return None
    stream: UserStream = UserStream(
        base_url=config.address,
        user=wallet.user,
        dex=config.dex,
        clock=env.clock,
        rng=random.Random(env.rng.random()),
        log=env.log,
        budget=budget,
        news=news,
        start=lambda: _start(env, "stream", stream.run),
    )
    return stream


def _start(env: Env, name: str, run: Callable[[], Coroutine[Any, Any, object]]) -> None:
    try:
        env.tasks.start(name, run)
    except RuntimeError as error:  # a command that looks once
        env.log.debug("nothing goes on in the background", task=name, because=str(error))
