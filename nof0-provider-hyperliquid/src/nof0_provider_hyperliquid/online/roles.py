"""What an address is at the venue, as `userRole` tells."""

from __future__ import annotations

import attrs

from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.wire.reading import bad, record, shown

USER, AGENT, VAULT, SUB_ACCOUNT, MISSING = "user", "agent", "vault", "subAccount", "missing"
_OWNERS = {AGENT: "user", SUB_ACCOUNT: "master"}
"""Where the owner of an address stands, by its role."""


@attrs.frozen
class Role:
    """One of the words above, and whose agent or sub-account it is (lower case), else empty."""

    word: str
    owner: str = ""


async def role_of(client: InfoClient, address: str) -> Role:
    """Ask what an address is; a vault's owner is who leads it.

    Raises:
        DataError: the answer is none.
        TransientError: for what may pass.
    """
    found = record(await client.info({"type": "userRole", "user": address}), "userRole")
    word = found.get("role")
    if word not in {USER, AGENT, VAULT, SUB_ACCOUNT, MISSING}:
        bad("userRole", f"knows a role nobody here knows: {shown(word)}")
    if word == VAULT:
        request = {"type": "vaultDetails", "vaultAddress": address}
        details = record(await client.info(request), "vaultDetails")
        return Role(VAULT, _address(details.get("leader"), "vaultDetails.leader"))
    if word in _OWNERS:
        owner = record(found.get("data"), "userRole.data").get(_OWNERS[word])
        return Role(str(word), _address(owner, "userRole.data"))
    return Role(str(word))


def _address(value: object, where: str) -> str:
    if not isinstance(value, str):
        bad(where, f"is {shown(value)}, not an address")
    return value.lower()
