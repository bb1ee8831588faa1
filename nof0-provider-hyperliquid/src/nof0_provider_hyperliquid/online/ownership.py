"""Whether key, main address and vault belong together, and on which network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from nof0_core.domain.finding import Finding, FindingLevel
from nof0_core.errors import ProviderError
from nof0_provider_hyperliquid.online.network import Network
from nof0_provider_hyperliquid.online.roles import (
    AGENT,
    MISSING,
    SUB_ACCOUNT,
    USER,
    VAULT,
    Role,
)

Ask = Callable[[str], Awaitable[Role]]
"""Asks a network for the role of an address."""


@attrs.frozen(kw_only=True)
class Owners:
    """The addresses of a section, lower case: of the key, of the main account, of the vault."""

    signer: str
    main: str
    vault: str = ""

    @property
    def traded(self) -> str:
        """Return the account that is traded."""
        return self.vault or self.main


async def ownership(
    owners: Owners, ask: Ask, network: Network, other: Network | None, ask_other: Ask
) -> list[Finding]:
    """Say of the key, the main address and the vault whether they are what they should be.

    Where the key is nothing here, the other network is asked too: keys are mixed up most often.
    """
    signer = await ask(owners.signer)
    if signer.word == MISSING:
        return [await _unknown_key(owners, network, other, ask_other)]
    found = [_key(owners, signer)]
    if owners.main != owners.signer:
        found.append(_main(owners.main, await ask(owners.main), network))
    if owners.vault:
        found.append(_vault(owners, await ask(owners.vault)))
    return found


def _key(owners: Owners, signer: Role) -> Finding:
    main = owners.main
    if signer.word == AGENT and signer.owner == main:
        return _ok(f"private_key is that of an API wallet of {main}")
    if signer.word == AGENT and main == owners.signer:
        return _problem(
            f"private_key is that of an API wallet of {signer.owner}: set main_address to that"
        )
    if signer.word == AGENT:
        return _problem(
            f"private_key is that of an API wallet of {signer.owner}, not of main_address {main}:"
            " set main_address to the one or take a key of the other"
        )
    if signer.word == USER and main == owners.signer:
        return _warning(
            f"private_key is that of the main wallet {main} itself, which can withdraw: make an"
            " API wallet, which cannot, and take its key"
        )
    return _problem(
        f"private_key is that of another wallet ({owners.signer}, a {signer.word}), neither of"
        f" main_address {main} nor of an API wallet of it"
    )


async def _unknown_key(
    owners: Owners, network: Network, other: Network | None, ask_other: Ask
) -> Finding:
    whose = "" if owners.main == owners.signer else f" of {owners.main}"
    if other is not None:
        try:
            there = await ask_other(owners.signer)
        except ProviderError:
            there = Role(MISSING)
        if there.word != MISSING:
            what = "an API wallet" if there.word == AGENT else "an account"
            return _problem(
                f"private_key is nothing on {network.name}, but {what} on {other.name}: it is the"
                f" wrong network's; take a key made at {network.app}, or change testnet"
            )
    if owners.main == owners.signer:
        return _problem(
            f"private_key has no account on {network.name}: pay in first, or set main_address if it"
            " is an API wallet's (expired and replaced ones are unknown too)"
        )
    at = f" at {network.app}/API" if network.app else ""
    return _problem(
        f"private_key is no API wallet{whose} on {network.name}: never approved, expired or"
        f" replaced; make a new one{at} and take its key"
    )


def _main(main: str, role: Role, network: Network) -> Finding:
    if role.word == USER:
        return _ok(f"main_address {main} is an account on {network.name}")
    said = {
        MISSING: f"has no account on {network.name}: pay in first",
        AGENT: f"is an API wallet of {role.owner}: set main_address to that",
        VAULT: f"is a vault: set main_address to who leads it ({role.owner}) and vault_address"
        " to it",
        SUB_ACCOUNT: f"is a sub-account: set main_address to {role.owner} and vault_address to it",
    }
    return _problem(f"main_address {main} {said[role.word]}")


def _vault(owners: Owners, role: Role) -> Finding:
    vault, main = owners.vault, owners.main
    if role.word not in {VAULT, SUB_ACCOUNT}:
        said = "is not known here" if role.word == MISSING else f"is of role {role.word}"
        return _problem(
            f"vault_address {vault} {said}, neither a vault nor a sub-account: leave it out to"
            " trade for main_address"
        )
    what = "vault" if role.word == VAULT else "sub-account"
    if role.owner != main:
        return _problem(
            f"vault_address {vault} is a {what} of {role.owner}, not of main_address {main}: its"
            " orders would be refused"
        )
    return _ok(f"vault_address {vault} is a {what} of main_address")


def _ok(sentence: str) -> Finding:
    return Finding(level=FindingLevel.OK, sentence=sentence)


def _warning(sentence: str) -> Finding:
    return Finding(level=FindingLevel.WARNING, sentence=sentence)


def _problem(sentence: str) -> Finding:
    return Finding(level=FindingLevel.PROBLEM, sentence=sentence)
