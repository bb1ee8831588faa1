"""Reading what an account is worth, where the venue tells it in one answer and where in several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import attrs

from nof0_core.domain.position import VenuePosition
from nof0_core.money import exactly
from nof0_provider_hyperliquid.account.balances import Balance, read_balance
from nof0_provider_hyperliquid.account.coins import DexCoins
from nof0_provider_hyperliquid.account.dex_state import DexState, read_dex_state
from nof0_provider_hyperliquid.account.mode import AccountMode
from nof0_provider_hyperliquid.account.worth import (
    Worth,
    apart,
    has_own_collateral,
    sharing,
    unified,
)
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.wire.meta import USDC, read_universe

LOOKS = 6
"""How often two answers are asked for again until they belong to the same marks."""
Reserved = Callable[[Sequence[VenuePosition]], Decimal]

SAME = Decimal("0.005")
"""USD; cash that differs by less is the same."""


@attrs.frozen
class Standing:
    """Positions of a dex, what the account is worth with them, and the time of the older part."""

    state: DexState
    worth: Worth


class StandingReader:
    """Reads worth and positions of one user on one dex."""

    def __init__(self, client: InfoClient, *, user: str, coins: DexCoins) -> None:
        self._client = client
        self._user = user
        self._coins = coins
        self._token: int | None = None if coins.dex else USDC
        self._proved: tuple[tuple[tuple[str, Decimal], ...], Decimal] | None = None

    async def read(self, mode: AccountMode, reserved: Reserved) -> Standing:
        """Ask for all that the mode needs.

        Where collateral is in another answer than positions, marks may move between the two, and
        cash would seem to change. Both are asked for until what backs the account is the same
        before and after, or the cash is what it was last time; after `LOOKS` times the nearest is
        taken, and core's comparison of ledger and venue is what notices.

        Args:
            mode: of the account.
            reserved: returns the margin (USD) that resting orders may take, for what is held.

        Raises:
            DataError: an answer contradicts itself.
            TransientError: for what may pass.
        """
        token = await self._collateral()
        if has_own_collateral(mode, self._coins.dex, token):
            state = await self.state()
            return Standing(state, apart(state, reserved(state.positions)))
        before = await self._backing(mode, token)
        near: Standing | None = None
        for _ in range(LOOKS):
            state = await self.state()
            if not state.positions:
                before = await self._backing(mode, token)
                return self._of(state, before, reserved)
            after = await self._backing(mode, token)
            found = self._of(state, after, reserved)
            if _same(before, after):
                self._proved = (state.quantities, found.worth.raw_usd)
                return found
            for each in (self._of(state, before, reserved), found):
                if self._is_proved(each):
                    return each
            near = self._nearer(near, found)
            before = after
        assert near is not None  # noqa: S101 - there was a look
        return near

    async def state(self, dex: str | None = None) -> DexState:
        """Ask for the state of a dex, None: the reader's own."""
        dex = self._coins.dex if dex is None else dex
        answer = await self._client.info(
            {"type": "clearinghouseState", "user": self._user, "dex": dex}
        )
        return read_dex_state(answer, DexCoins(dex))

    async def _backing(self, mode: AccountMode, token: int) -> Balance | DexState:
        if not mode.is_unified:
            return await self.state("")
        request = {"type": "spotClearinghouseState", "user": self._user}
        return read_balance(await self._client.info(request), token)

    async def _collateral(self) -> int:
        """Return the index of the token that the dex settles in; it never changes."""
        if self._token is None:
            dex = self._coins.dex
            answer = await self._client.info({"type": "meta", "dex": dex})
            self._token = read_universe(answer, dex).collateral
        return self._token

    def _of(self, state: DexState, backing: Balance | DexState, reserved: Reserved) -> Standing:
        if isinstance(backing, Balance):
            return Standing(state, unified(state, backing))
        older = min(state.time_ms, backing.time_ms)
        worth = sharing(state, backing, reserved(state.positions))
        return Standing(attrs.evolve(state, time_ms=older), worth)

    @exactly
    def _is_proved(self, found: Standing) -> bool:
        if self._proved is None or self._proved[0] != found.state.quantities:
            return False
        return abs(self._proved[1] - found.worth.raw_usd) <= SAME

    @exactly
    def _nearer(self, one: Standing | None, other: Standing) -> Standing:
        if one is None or self._proved is None:
            return other
        cash = self._proved[1]
        return min(other, one, key=lambda each: abs(each.worth.raw_usd - cash))


def _same(one: Balance | DexState, other: Balance | DexState) -> bool:
    """Tell whether what backs an account has stood still."""
    if isinstance(one, DexState) and isinstance(other, DexState):
        return attrs.evolve(one, time_ms=other.time_ms) == other
    return one == other
