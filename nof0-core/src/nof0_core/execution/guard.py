"""Keeping what is held protected, on what is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import anyio

from nof0_core.domain.event import OrderIntended
from nof0_core.domain.order import OrderPurpose
from nof0_core.execution.catching_up import CatchUp
from nof0_core.execution.forced import ForcedCloses
from nof0_core.execution.margin_watch import MarginWatch
from nof0_core.execution.prices import Prices
from nof0_core.execution.protection import Protection
from nof0_core.ledger import Position
from nof0_core.state.recorder import Recorder
from nof0_core.tempo import Tempo


class Guard:
    """Closes what has to be closed and keeps the exits of the rest, for one venue account.

    Reads nothing before it acts. Calls may overlap: each position is worked on by one at a time.
    """

    def __init__(
        self,
        *,
        venue_account: str,
        recorder: Recorder,
        prices: Prices,
        margin_watch: MarginWatch,
        protection: Protection,
        closes: ForcedCloses,
        catch_up: CatchUp,
        tempo: Tempo,
    ) -> None:
        self._venue_account = venue_account
        self._recorder = recorder
        self._at_once = tempo.at_once
        self._is_passing = tempo.is_passing
        self._prices = prices
        self._margin_watch = margin_watch
        self._protection = protection
        self._closes = closes
        self._catch_up = catch_up
        self.exits = protection.quiet

    def is_settled(self) -> bool:
        """Tell whether all is as it should be: margin, prices, exits, and what the venue says.

        Exits are judged by `QuietExits`.
        """
        return (
            self._margin_watch.is_sound
            and self._prices.is_known
            and self._catch_up.is_caught_up
            and self._catch_up.reconciliation.is_quiet
            and not self._closes.tries.is_any
            and self.exits.is_quiet()
        )

    def next_record(self) -> datetime | None:
        """Return when what the venue says of its account is recorded again at the latest."""
        return self._catch_up.record.next_due()

    def begin_round(self) -> None:
        """Let a sync begin: what may wait for the next one is tried again."""
        self._closes.begin_round()
        self._protection.begin_round()

    async def protect(self) -> None:
        """Close what is due, then see that every position has its exits.

        Where a look has found that well and nothing is new, only margin and prices are looked at.
        """
        closes, prices = self._closes, self._prices.best
        sent: list[OrderIntended] = []
        short = self._margin_watch.due(prices)
        is_well = not short and not closes.tries.is_any and self._protection.is_well()
        if is_well and not self._prices.overdue():
            return
        for position in short:
            sent += await closes.close(position, prices, OrderPurpose.LIQUIDATION)
        for position, kind in self._protection.due(prices):
            sent += await closes.close(position, prices, OrderPurpose(kind.value))
        for position in self._prices.overdue():
            sent += await closes.close(position, prices, OrderPurpose.UNPROTECTED)
        pressing = self._protection.pressing()
        if not self._at_once or len(pressing) < 2:
            for position in pressing:
                sent += await self._keep(position)
        else:
            async with anyio.create_task_group() as tasks:

                async def keep(position: Position) -> None:
                    sent.extend(await self._keep(position))

                for position in pressing:
                    tasks.start_soon(keep, position)
        await self.after(sent)

    async def after(self, sent: Sequence[OrderIntended]) -> None:
        """Take away the exits of what was closed, by the orders that were `sent` or without any.

        Where time runs by itself nothing is read for that: what was answered counts as done, and a
        sync asks for the rest. So nothing that hangs keeps the next look from being taken.
        """
        await self._protection.cancel_orphans()
        if sent and not self._is_passing:
            await self._catch_up.book_sent(sent)
            await self._protection.cancel_orphans()
        self._closes.forget_gone()
        self._protection.forget_gone()

    async def _keep(self, position: Position) -> list[OrderIntended]:
        if await self._protection.keep(position):
            return []
        return await self._closes.close(position, self._prices.best, OrderPurpose.UNPROTECTED)
