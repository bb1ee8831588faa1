"""Agents: keys that may trade for an account."""

from __future__ import annotations

from attrs import define, field, frozen

from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.accounts.nonces import DAY_MS
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import RefusedError

LIFE_MS = 90 * DAY_MS
MOST_MS = 180 * DAY_MS
NAMED = 3
NAMED_PER_SUB_ACCOUNT = 2
NAME_LENGTH = 16
UNTIL = " valid_until "


@frozen(kw_only=True)
class Agent:
    """An approved key; addresses in lower case."""

    address: str
    master: str
    name: str
    valid_until: int


@define
class Agents:
    """All agents that were approved and not replaced, by their address."""

    _known: dict[str, Agent] = field(factory=dict)

    def approve(
        self, master: str, address: str, name: str, now_ms: int, sub_accounts: int = 0
    ) -> None:
        """Approve an agent; one of the same name, or the other unnamed one, goes.

        A name may end in ` valid_until <ms>`, at most 180 days from now; 90 days without.

        Raises:
            RefusedError: if the key is another account's, the name too long, or there are too many.
        """
        bare, until = _life(name, now_ms)
        before = self.find(address, now_ms)
        if before is not None and (before.master, before.name) != (master, bare):
            raise RefusedError(refusals.AGENT_TAKEN)
        others = [each for each in self.of(master, now_ms) if each.name != bare]
        allowed = NAMED + NAMED_PER_SUB_ACCOUNT * sub_accounts
        if bare and sum(1 for each in others if each.name) >= allowed:
            raise RefusedError(refusals.MANY_AGENTS)
        self._known = {
            key: each
            for key, each in self._known.items()
            if (each.master, each.name) != (master, bare)
        }
        self._known[address] = Agent(address=address, master=master, name=bare, valid_until=until)

    def find(self, address: str, now_ms: int) -> Agent | None:
        """Return the agent of this address while it is valid."""
        agent = self._known.get(address)
        return agent if agent is not None and now_ms < agent.valid_until else None

    def of(self, master: str, now_ms: int) -> list[Agent]:
        """Return the valid agents of an account, in the order of their approval."""
        return [
            each
            for each in self._known.values()
            if each.master == master and now_ms < each.valid_until
        ]

    def listed(self, master: str, now_ms: int) -> list[Json]:
        """Return what `extraAgents` tells: the named ones only."""
        return [
            {"name": each.name, "address": each.address, "validUntil": each.valid_until}
            for each in self.of(master, now_ms)
            if each.name
        ]


def _life(name: str, now_ms: int) -> tuple[str, int]:
    bare, separator, until = name.partition(UNTIL)
    if len(bare) > NAME_LENGTH:
        reason = "Agent name too long."
        raise RefusedError(reason)
    if not separator:
        return bare, now_ms + LIFE_MS
    if not until.isdigit() or not now_ms < int(until) <= now_ms + MOST_MS:
        reason = "Invalid agent valid_until."
        raise RefusedError(reason)
    return bare, int(until)
