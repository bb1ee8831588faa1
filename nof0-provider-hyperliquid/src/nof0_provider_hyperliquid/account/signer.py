"""Whether a key may sign for an account, and for how long."""

from __future__ import annotations

import attrs

from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.wire.reading import milliseconds, record, rows, shown


@attrs.frozen
class SignerLife:
    """Why a key may not sign (empty: it may), and until when (ms) it may, None: not told."""

    problem: str = ""
    until_ms: int | None = None


class SignerReader:
    """Asks what the venue thinks of one key.

    `userRole` of the key is what counts: `extraAgents` leaves unnamed agents out, but has the time
    until which the others live.
    """

    def __init__(self, client: InfoClient, *, signer: str, master: str) -> None:
        self._client = client
        self._signer = signer.lower()
        self._master = master.lower()

    async def read(self) -> SignerLife:
        """Ask.

        Raises:
            ProviderError: the venue does not tell.
        """
        if self._signer == self._master:
            return SignerLife()
        told = record(
            await self._client.info({"type": "userRole", "user": self._signer}), "userRole"
        )
        role = told.get("role")
        if role != "agent":
            return SignerLife(
                f"the key that signs ({self._signer}) is no agent of {self._master}: it expired,"
                f" was replaced or was never approved (the venue calls it {shown(role)})"
            )
        owner = str(record(told.get("data"), "userRole: data").get("user")).lower()
        if owner != self._master:
            return SignerLife(
                f"the key that signs ({self._signer}) is an agent of {owner}, not of {self._master}"
            )
        return SignerLife(until_ms=await self._until())

    async def _until(self) -> int | None:
        answer = await self._client.info({"type": "extraAgents", "user": self._master})
        for entry in rows(answer, "extraAgents"):
            agent = record(entry, "extraAgents")
            if str(agent.get("address")).lower() == self._signer:
                return milliseconds(agent.get("validUntil"), "extraAgents: validUntil")
        return None
