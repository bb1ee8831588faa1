"""What the steps of a rehearsal see and touch: venue, engine, accounts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal

import anyio
import attrs

from nof0_core.clock import pause
from nof0_core.errors import ProviderError
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, Tpsl
from nof0_provider_hyperliquid.rehearsal.coverage import bare_positions
from nof0_provider_hyperliquid.rehearsal.venue import Venue
from nof0_provider_hyperliquid.rehearse.engine_process import EngineProcess
from nof0_provider_hyperliquid.rehearse.opposed import opposed
from nof0_provider_hyperliquid.rehearse.plan import RehearsalPlan

LOOK = 0.05
"""Seconds of real time between two looks at the venue."""
COMMAND_WITHIN = 60.0


@attrs.frozen(kw_only=True)
class Scene:
    """A rehearsal under way.

    `users` are the accounts that are traded; `has_stops` is whether traders protect positions.
    """

    venue: Venue
    engine: EngineProcess
    plan: RehearsalPlan
    users: Sequence[str]
    has_stops: bool = True

    @property
    def accounts(self) -> list[Account]:
        """Return the accounts that are traded."""
        return [self.venue.exchange.state.accounts[user] for user in self.users]

    def positions(self) -> Iterator[tuple[Account, str, Decimal]]:
        """Yield account, coin and signed size of each position that is open."""
        for account in self.accounts:
            for coin, position in account.positions.items():
                if position.szi:
                    yield account, coin, position.szi

    def is_covered(self) -> bool:
        """Tell whether every position has its stop at the venue, unless traders are opposed."""
        now_ms = self.venue.now_ms()
        both = {
            (each.user, each.coin)
            for account in self.accounts
            for each in opposed(account, now_ms)
            if each.until_ms == now_ms
        }
        bare = set(bare_positions(self.venue.exchange.state))
        return not self.has_stops or not bare - both

    def stops(self, account: Account, coin: str) -> list[Order]:
        """Return the live stops of a position."""
        return [
            order
            for order in account.live.values()
            if order.asset.name == coin
            and order.trigger is not None
            and order.trigger.tpsl is Tpsl.SL
        ]

    def exits(self, account: Account, coin: str) -> list[Order]:
        """Return all live orders on a coin that only reduce."""
        return [
            order
            for order in account.live.values()
            if order.asset.name == coin and order.is_reduce_only
        ]

    def entries_since(self, moment_ms: int) -> int:
        """Return how many orders that open something were placed after a moment."""
        return sum(
            1
            for account in self.accounts
            for order in account.orders.values()
            if order.time > moment_ms and not order.is_reduce_only and order.cloid is not None
        )

    def fills(self) -> int:
        """Return how many fills there have been."""
        return sum(len(account.fills) for account in self.accounts)

    async def until(self, is_so: Callable[[], bool], within: float) -> bool:
        """Wait until something is so, at most so many seconds of real time.

        Raises:
            ProviderError: the engine has ended.
        """
        with anyio.move_on_after(within):
            while not is_so():
                self.engine.check()
                await pause(LOOK)
        return is_so()

    async def nof0(self, *arguments: str) -> None:
        """Run a command of nof0 on the rehearsal's data directory.

        Raises:
            ProviderError: it failed.
        """
        command = [sys.executable, "-m", "nof0_core", *arguments]
        where = [str(self.plan.config_file), "--data-dir", str(self.plan.data_dir)]
        with anyio.fail_after(COMMAND_WITHIN):
            done = await anyio.run_process(
                [*command, *where], check=False, stderr=subprocess.STDOUT
            )
        if done.returncode:
            words = done.stdout.decode(errors="replace").strip()
            message = f"nof0 {' '.join(arguments)} ended with {done.returncode}: {words}"
            raise ProviderError(message)


def named(coins: Collection[str]) -> str:
    """Name coins in a sentence."""
    return " ".join(sorted(set(coins))) or "nothing"
