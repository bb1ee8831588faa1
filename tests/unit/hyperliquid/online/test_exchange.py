"""`nof0 check --online` of an account, held against two rehearsal venues: here and elsewhere."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest
from eth_account import Account as Wallet

from nof0_core.domain.finding import FindingLevel
from nof0_core.testing.environment import Lines
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import MAINNET, TESTNET, HyperliquidExchangeConfig
from nof0_provider_hyperliquid.online.exchange import findings
from nof0_provider_hyperliquid.online.network import Network, networks
from nof0_provider_hyperliquid.online.stakes import account_name, stake
from nof0_provider_hyperliquid.rehearsal.venue import Venue

pytestmark = pytest.mark.anyio
OK, WARNING, PROBLEM = FindingLevel.OK, FindingLevel.WARNING, FindingLevel.PROBLEM
KEY, AGENT_KEY, OTHER_KEY = ("0x" + digits * 32 for digits in ("11", "33", "22"))
MAIN, AGENT, OTHER = (Wallet.from_key(key).address.lower() for key in (KEY, AGENT_KEY, OTHER_KEY))
VAULT = "0x" + "ab" * 20


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def venue(anyio_backend):
    async with Venue.open() as venue:
        venue.exchange.open_account(MAIN, Decimal(5_000), agents={AGENT: "bot"})
        yield venue


@pytest.fixture
async def elsewhere(venue):
    async with Venue.open(clock=venue.clock) as other:
        yield other


@pytest.fixture
async def looked(venue):
    async def look(symbols=("BTC", "ETH"), other=None, **keys):
        keys = {"private_key": AGENT_KEY, "main_address": MAIN, **keys}
        config = HyperliquidExchangeConfig(base_url=venue.base_url, **keys)
        lines = Lines()
        async with make_env(clock=venue.clock, log=lines) as env:
            there = other and Network(url=other.base_url, name="the other one", app="https://app")
            found = await findings(config, attrs.evolve(env, symbols=symbols), there)
        told = str(found) + str(vars(lines))
        for key in (KEY, AGENT_KEY, OTHER_KEY):
            assert key not in told
            assert key[2:] not in told
        return [(each.level, each.sentence) for each in found]

    return look


def problems(found):
    return [sentence for level, sentence in found if level is PROBLEM]


async def test_an_api_wallet_of_the_main_address_is_all_well(looked, venue):
    assert await looked() == [
        (OK, f"{venue.base_url} answers, and its clock is this machine's"),
        (OK, f"private_key is that of an API wallet of {MAIN}"),
        (OK, f"main_address {MAIN} is an account on {venue.base_url}"),
        (OK, "the account is in mode unifiedAccount"),
        (OK, "the account holds 5000 USD"),
        (OK, "the API wallet ends on 2025-10-21 00:00 UTC, in 90 days"),
        (OK, "0 of 10000 actions of the address are used"),
        (OK, "8 perpetuals are traded"),
    ]
    assert not venue.audit.count("order")


async def test_nothing_is_signed_and_each_question_is_asked_once(looked, venue):
    await looked()
    assert {request.path for request in venue.audit.requests} == {"/info"}
    assert max(count for kind, count in venue.audit.by_type().items() if kind != "userRole") == 1


async def test_the_main_wallets_own_key_works_but_is_worth_a_warning(looked):
    found = await looked(private_key=KEY)
    [warned] = [sentence for level, sentence in found if level is WARNING]
    assert warned.startswith(f"private_key is that of the main wallet {MAIN} itself, which can")
    assert not problems(found)
    assert not problems(await looked(private_key=KEY, main_address=""))


async def test_a_key_without_an_address_says_whose_agent_it_is(looked):
    [said] = problems(await looked(main_address=""))
    assert said == f"private_key is that of an API wallet of {MAIN}: set main_address to that"


async def test_an_agent_of_somebody_else(looked, venue):
    venue.exchange.open_account(OTHER, Decimal(100))
    [said] = problems(await looked(main_address=OTHER))
    assert f"an API wallet of {MAIN}, not of main_address {OTHER}" in said


async def test_a_wallet_of_its_own_is_neither(looked, venue):
    venue.exchange.open_account(OTHER, Decimal(100))
    [said] = problems(await looked(private_key=OTHER_KEY))
    assert f"that of another wallet ({OTHER}, a user)" in said


async def test_a_key_nobody_knows(looked):
    [said] = problems(await looked(private_key=OTHER_KEY))
    assert said.startswith(f"private_key is no API wallet of {MAIN} on http://127.0.0.1")
    assert "never approved, expired or replaced" in said
    [said] = problems(await looked(private_key=OTHER_KEY, main_address=""))
    assert "has no account" in said


@pytest.mark.parametrize(("agents", "what"), [({}, "an account"), ({OTHER: "x"}, "an API wallet")])
async def test_the_wrong_networks_key_is_found_where_it_is_known(looked, elsewhere, agents, what):
    elsewhere.exchange.open_account(MAIN if agents else OTHER, Decimal(1), agents=agents)
    [said] = problems(await looked(private_key=OTHER_KEY, other=elsewhere))
    assert f"but {what} on the other one: it is the wrong network's" in said
    assert "change testnet" in said


async def test_the_other_network_is_only_asked_for_an_unknown_key(looked, elsewhere):
    await looked(other=elsewhere)
    assert not elsewhere.audit.requests
    elsewhere.faults.add("bad_gateway_before")
    [said] = problems(await looked(private_key=OTHER_KEY, other=elsewhere))
    assert "never approved" in said


async def test_an_agent_that_expired_or_was_replaced(looked, venue):
    venue.exchange.outsiders.approve_agent(MAIN, OTHER, "bot")
    assert "expired or replaced" in problems(await looked())[0]
    venue.clock.move(timedelta(days=91))
    assert "expired or replaced" in problems(await looked(private_key=OTHER_KEY))[0]


@pytest.mark.parametrize(
    ("days", "said"),
    [(77, "in 13 days: no order is taken"), (89.5, "in 12 hours: no order is taken")],
)
async def test_an_agent_that_ends_soon(looked, venue, days, said):
    venue.clock.move(timedelta(days=days))
    [warned] = [sentence for level, sentence in await looked() if level is WARNING]
    assert said in warned


async def test_an_agent_without_a_name_does_not_tell_its_life(looked, venue):
    venue.exchange.outsiders.approve_agent(MAIN, OTHER)
    found = await looked(private_key=OTHER_KEY)
    assert not problems(found)
    assert any("has no name" in sentence for _, sentence in found)


async def test_a_main_address_that_is_none(looked, venue):
    sub = "0x" + "cd" * 20
    made = venue.exchange.state.account(sub)
    made.master, made.role = MAIN, "subAccount"
    said = problems(await looked(main_address=sub))
    assert f"set main_address to {MAIN} and vault_address to it" in said[1]
    assert "set main_address to that" in problems(await looked(main_address=AGENT))[0]


async def test_vaults_and_sub_accounts_of_the_main_address(looked, venue):
    made = venue.exchange.state.account(VAULT)
    made.master, made.role = MAIN, "vault"
    venue.exchange.open_account(VAULT, Decimal(700))
    found = await looked(vault_address=VAULT)
    assert (OK, f"vault_address {VAULT} is a vault of main_address") in found
    assert (OK, "the account holds 700 USD") in found
    made.role = "subAccount"
    assert (OK, f"vault_address {VAULT} is a sub-account of main_address") in await looked(
        vault_address=VAULT
    )
    made.master = OTHER
    assert "its orders would be refused" in problems(await looked(vault_address=VAULT))[0]


async def test_a_vault_that_is_none(looked, venue):
    assert "is not known here" in problems(await looked(vault_address=VAULT))[0]
    venue.exchange.open_account(VAULT, Decimal(1))
    assert "is of role user" in problems(await looked(vault_address=VAULT))[0]


@pytest.mark.parametrize(
    "mode", ["default", "disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction"]
)
async def test_every_mode_tells_what_the_account_holds(looked, venue, mode):
    venue.exchange.outsiders.switch_mode(MAIN, mode)
    found = await looked()
    assert (OK, f"the account is in mode {mode}") in found
    assert (OK, "the account holds 5000 USD") in found


async def test_a_mode_nobody_knows_is_a_problem(looked, venue):
    venue.exchange.outsiders.call_mode(MAIN, "hyperMode")
    [said] = problems(await looked())
    assert "'hyperMode'" in said
    assert "every entry would be refused" in said


async def test_an_empty_account_and_spent_actions(looked, venue):
    venue.exchange.outsiders.charge(MAIN, Decimal(5_000))
    venue.exchange.state.accounts[MAIN].used_requests = 9_800
    found = await looked()
    assert problems(found) == ["the account holds no USDC: pay in before traders are promised it"]
    assert any(level is WARNING and "9800 of 10000 actions" in said for level, said in found)


@pytest.mark.parametrize(("seconds", "level"), [(-90, PROBLEM), (5, WARNING)])
async def test_clocks_that_differ(looked, venue, seconds, level):
    venue.skew = timedelta(seconds=seconds)
    assert (await looked())[0][0] is level


async def test_coins_and_dexes_that_are_not_there(looked):
    assert problems(await looked(("BTC", "MATIC", "NOSUCHCOIN"))) == [
        "MATIC is delisted: the venue trades it no more",
        "the venue has no perpetual NOSUCHCOIN",
    ]
    assert problems(await looked(dex="abc")) == ["there is no dex abc; there are: xyz"]


async def test_a_number_that_is_no_key_is_not_shown(looked):
    [said] = problems(await looked(private_key="0x" + "f" * 64))
    assert said == "private_key is no key of a wallet: copy it anew"


async def test_nobody_answers(looked, venue):
    venue.faults.add("lost_before")
    [(level, sentence)] = await looked()
    assert level is PROBLEM
    assert "exchangeStatus" in sentence


def test_the_kind_offers_it():
    [kind] = plugin.nof0_exchange_providers()
    assert (kind.check_online, kind.rehearsal) == (plugin.look_at_account, "rehearse")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "test money"),
        ({"testnet": False}, "real money"),
        ({"testnet": False, "base_url": f"{MAINNET}/"}, "real money"),
        ({"testnet": False, "base_url": "https://api.hyperliquid.xyz:443"}, "real money"),
        ({"testnet": True, "base_url": TESTNET}, "test money"),
        ({"testnet": True, "base_url": "https://venue.example"}, "test money"),
        ({"testnet": True, "base_url": "http://127.0.0.1:9"}, "paper money"),
    ],
)
def test_what_is_at_stake(keys, expected):
    config = HyperliquidExchangeConfig(private_key=KEY, main_address=MAIN, **keys)
    assert stake(config) == expected
    assert account_name(config) == MAIN
    assert KEY not in str(networks(config))
