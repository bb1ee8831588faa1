"""All that is asked about one account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from nof0_core.clock import Clock
from nof0_core.domain.account import AccountReport
from nof0_core.domain.candles import from_ms
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.health import Health
from nof0_core.domain.outcome import VenueOrder
from nof0_core.domain.position import VenuePosition
from nof0_core.errors import DataError
from nof0_core.ids import ClientOrderId
from nof0_core.money import ONE, ZERO, exactly
from nof0_provider_hyperliquid.account.coins import DexCoins
from nof0_provider_hyperliquid.account.history import AccountHistory
from nof0_provider_hyperliquid.account.limits_watch import LOW, LimitsWatch
from nof0_provider_hyperliquid.account.mode import AccountMode
from nof0_provider_hyperliquid.account.mode_watch import ModeWatch
from nof0_provider_hyperliquid.account.news import AccountNews
from nof0_provider_hyperliquid.account.order_status import OrderReader
from nof0_provider_hyperliquid.account.orders import read_open_orders
from nof0_provider_hyperliquid.account.signer import SignerReader
from nof0_provider_hyperliquid.account.standing import StandingReader
from nof0_provider_hyperliquid.account.user_limits import UserLimits
from nof0_provider_hyperliquid.transport.client import InfoClient

HIGH_RATIO = Decimal("0.8")
"""Of maintenance margin to what backs it; at 1 the venue liquidates."""


class AccountReader:
    """Reads one account on one dex. Calls may overlap, and each may be cancelled."""

    def __init__(
        self,
        client: InfoClient,
        *,
        user: str,
        signer: str,
        master: str = "",
        dex: str = "",
        clock: Clock,
        alert: Callable[[str, str], object],
        news: AccountNews | None = None,
    ) -> None:
        """Prepare; nothing is asked.

        Args:
            client: asks the venue.
            user: address of the account that is traded: a main address, sub-account or vault.
                Never an agent's, of which the venue says that it is empty.
            signer: address of the key that signs.
            master: address the key must belong to, or be an agent of; empty: the key's own.
            dex: short name of a builder's dex, empty for the venue's own.
            clock: engine time.
            alert: tells a person, a code and a text.
            news: is told of each report that succeeds.
        """
        user = user.lower()
        self._news = news or AccountNews()
        self._client = client
        self._user = user
        self._clock = clock
        self._alert = alert
        self._coins = coins = DexCoins(dex)
        self._modes = ModeWatch(client, user=user, clock=clock, alert=alert)
        self._standing = StandingReader(client, user=user, coins=coins)
        self._history = AccountHistory(client, user=user, coins=coins, clock=clock, alert=alert)
        self._orders = OrderReader(
            client, user=user, coins=coins, history=self._history, clock=clock
        )
        self._watch = LimitsWatch(
            client,
            user=user,
            signer=SignerReader(client, signer=signer, master=master or signer),
            mode=lambda: self._modes.known,
            clock=clock,
            alert=alert,
        )
        self._ratio = ZERO

    async def report(self) -> AccountReport:
        """Return the account, its positions and open orders on the dex.

        Orders are read first: one that fills in between is missing there and seen in the positions.

        Raises:
            DataError: the mode is unknown, an answer contradicts itself, or the key may sign for
                this account no more: whoever compares sends no entries then, and exits stay.
            TransientError: for what may pass.
        """
        begun = self._news.begin()
        if self._watch.limits.time is None:
            await self._watch.ensure()
        if problem := self._watch.limits.signer_problem:
            raise DataError(problem)
        mode = await self._modes.mode()
        asked = self._clock.now()
        request = {"type": "frontendOpenOrders", "user": self._user, "dex": self._coins.dex}
        orders = read_open_orders(await self._client.info(request), self._coins)
        found = await self._standing.read(mode, lambda held: _reserved(orders, held))
        time = min(asked, from_ms(found.state.time_ms))
        self._look_at_margin(found.worth.margin_ratio)
        self._news.seen(begun)
        return AccountReport(
            time=time,
            account=found.worth.account(time),
            positions=found.state.positions,
            orders=orders,
        )

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return all executions on the dex at or after `since` (UTC), oldest first.

        Raises:
            DataError: a page of one millisecond is full, so that others may be hidden.
            TransientError: for what may pass.
        """
        return await self._history.fills(since)

    async def funding(self, since: datetime) -> Sequence[FundingPayment]:
        """Return all settlements on the dex at or after `since` (UTC), oldest first.

        Raises:
            DataError: a page of one millisecond is full, so that others may be hidden.
            TransientError: for what may pass.
        """
        return await self._history.funding(since)

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order, None if the venue does not know it (yet).

        Raises:
            ProviderError: the venue does not tell.
        """
        return await self._orders.order(client_id)

    async def order_after(self, client_id: ClientOrderId, venue_ms: int) -> VenueOrder | None:
        """Return an order from a state of the venue younger than `venue_ms` (its milliseconds).

        None then is the venue's final word where nothing can arrive after that moment.

        Raises:
            TransientError: the venue's answers stay behind that moment; see `LAG` for how long it
                is waited.
        """
        return await self._orders.order_after(client_id, venue_ms)

    async def venue_time(self) -> int:
        """Return the time of the state the venue answers from now, in its milliseconds.

        Raises:
            ProviderError: the venue does not tell.
        """
        return await self._orders.venue_time()

    async def mode(self) -> AccountMode:
        """Return the account's mode.

        Raises:
            DataError: one nobody here knows.
            TransientError: for what may pass.
        """
        return await self._modes.mode()

    def limits(self) -> UserLimits:
        """Return what was last told of the user's limits; asks nobody."""
        return self._watch.limits

    async def watch(self) -> None:
        """Look at limits and the key's life again and again: a background task, without end."""
        await self._watch.run()

    async def look_at_signer(self) -> UserLimits:
        """Ask now whether the key may sign, such as after the venue has not known it.

        Raises:
            ProviderError: the venue does not tell.
        """
        return await self._watch.look_at_signer()

    def health(self) -> tuple[Health, str]:
        """Say how the account is: the key, its margin, its limits."""
        limits, now = self._watch.limits, self._clock.now()
        if limits.signer_problem:
            return Health.DOWN, limits.signer_problem
        if self._ratio >= HIGH_RATIO:
            return Health.DEGRADED, _near_liquidation(self._ratio)
        if (left := limits.requests_left) is not None and left < LOW:
            cap = f"{limits.requests_used} of {limits.requests_cap}"
            return Health.DEGRADED, f"{left} actions are left to this address ({cap} used)"
        if (left := limits.actions_left) is not None and left < LOW:
            return Health.DEGRADED, f"{left} actions are left of today's {limits.actions_daily}"
        if limits.signer_until is not None and (days := (limits.signer_until - now).days) < SOON:
            return Health.DEGRADED, (
                f"the key that signs expires on {limits.signer_until:%Y-%m-%d %H:%M} UTC"
                f" (in {max(0, days)} days)"
            )
        return Health.OK, ""

    def _look_at_margin(self, ratio: Decimal) -> None:
        self._ratio = ratio
        if ratio >= HIGH_RATIO:
            self._alert("margin_ratio_high", _near_liquidation(ratio))


SOON = 3
"""Days of life of a key that are few."""


@exactly
def _reserved(orders: Sequence[VenueOrder], positions: Sequence[VenuePosition]) -> Decimal:
    """Return the margin that resting orders may take, in USD.

    Only the leverage of coins that are held is known; other orders count in full.
    """
    leverage = {each.symbol: Decimal(each.leverage) for each in positions}
    return sum(
        (
            (order.size - order.filled_size) * order.limit_price / leverage.get(order.symbol, ONE)
            for order in orders
            if order.trigger is None and not order.is_reduce_only
        ),
        ZERO,
    )


def _near_liquidation(ratio: Decimal) -> str:
    return (
        f"{ratio * 100:.0f} % of the account's margin is needed to keep its positions; at 100 %"
        " the venue liquidates"
    )
