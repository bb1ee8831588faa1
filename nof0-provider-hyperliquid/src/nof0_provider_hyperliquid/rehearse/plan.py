"""What a rehearsal puts in the place of what a configuration says."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

import attrs
import msgspec
from eth_account import Account

RHYTHM = timedelta(seconds=15)
"""How often traders decide in a rehearsal."""


@attrs.frozen(kw_only=True)
class ScratchAccount:
    """An account at the local venue, with keys made for it alone; addresses in lower case.

    `vault` is empty where the section trades for no vault or sub-account.
    """

    main: str
    agent_key: str = attrs.field(repr=False)
    agent: str
    vault: str = ""

    @property
    def traded(self) -> str:
        """Return the address whose positions are traded."""
        return self.vault or self.main


def make_account(*, has_vault: bool) -> ScratchAccount:
    """Make throw-away keys; that of the main account is not even kept."""
    main, agent = Account.create(), Account.create()
    return ScratchAccount(
        main=main.address.lower(),
        agent_key=f"0x{bytes(agent.key).hex()}",
        agent=agent.address.lower(),
        vault=f"0x{secrets.token_hex(20)}" if has_vault else "",
    )


@attrs.frozen(kw_only=True)
class RehearsalPlan:
    """What the engine of a rehearsal is told: where the venue is, and who it is there.

    Attributes:
        config_file: CONFIG, as the user names it.
        data_dir: the scratch data directory.
        base_url: of the local venue.
        accounts: by exchange section.
        variables: for environment variables that are not set.
        rhythm: how often traders decide.
    """

    config_file: Path
    data_dir: Path
    base_url: str
    accounts: dict[str, ScratchAccount]
    variables: dict[str, str] = attrs.field(factory=dict, repr=False)
    rhythm: timedelta = RHYTHM


def as_bytes(plan: RehearsalPlan) -> bytes:
    """Write a plan down for another process; it holds keys, so it belongs in no file."""
    return msgspec.json.encode(plan, enc_hook=str)


def from_bytes(text: bytes) -> RehearsalPlan:
    """Read a plan."""
    return msgspec.json.decode(text, type=RehearsalPlan, dec_hook=lambda cls, value: cls(value))
