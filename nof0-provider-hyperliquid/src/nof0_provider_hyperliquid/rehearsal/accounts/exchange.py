"""The exchange side of a rehearsal venue: no socket, no clock, no chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from nof0_core.money import exactly
from nof0_provider_hyperliquid.rehearsal.accounts import user_infos
from nof0_provider_hyperliquid.rehearsal.accounts.account import Mode
from nof0_provider_hyperliquid.rehearsal.accounts.answers import Answer
from nof0_provider_hyperliquid.rehearsal.accounts.cancels import cancel_scheduled
from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth, Liquidity
from nof0_provider_hyperliquid.rehearsal.accounts.funding import fund_hours
from nof0_provider_hyperliquid.rehearsal.accounts.ledger import deposit
from nof0_provider_hyperliquid.rehearsal.accounts.lifecycle import cancel_by_venue
from nof0_provider_hyperliquid.rehearsal.accounts.liquidation import liquidate
from nof0_provider_hyperliquid.rehearsal.accounts.matching import fill_resting
from nof0_provider_hyperliquid.rehearsal.accounts.outsiders import Outsiders
from nof0_provider_hyperliquid.rehearsal.accounts.pipeline import Pipeline
from nof0_provider_hyperliquid.rehearsal.accounts.state import Event, ExchangeState, Rules
from nof0_provider_hyperliquid.rehearsal.accounts.triggers import fire_triggers
from nof0_provider_hyperliquid.rehearsal.assets import Asset

Amounts = Mapping[str, Decimal]
"""A price or rate of each coin."""


class VenueExchange:
    """Accounts at the venue, and everything that may be asked of them or done to them.

    Times are milliseconds and must not go backwards; addresses are taken in any case. Not for
    several threads.
    """

    def __init__(
        self, assets: Sequence[Asset], *, rules: Rules | None = None, seed: int = 0
    ) -> None:
        """Begin without accounts, for the perpetuals that the venue lists.

        `seed` makes hashes and trade ids.
        """
        self.state = ExchangeState.of(assets, rules or Rules(), seed)
        self.outsiders = Outsiders(self.state)
        """What others than the one under test do."""
        self._pipeline = Pipeline(self.state)

    @exactly
    def open_account(
        self,
        address: str,
        usd: Decimal,
        *,
        mode: str = Mode.UNIFIED.value,
        agents: Mapping[str, str] | None = None,
    ) -> None:
        """Open an account with a deposit; `agents` are approved: address to name."""
        account = self.state.account(address.lower())
        account.mode = Mode(mode)
        deposit(self.state, account, usd)
        for agent, name in (agents or {}).items():
            self.state.agents.approve(address.lower(), agent.lower(), name, self.state.now)

    @exactly
    def act(self, envelope: object, now_ms: int) -> Answer:
        """Answer a request to the exchange endpoint: the decoded body, its keys in their order."""
        self._go(now_ms)
        return self._pipeline.answer(envelope)

    @exactly
    def info(self, request: Mapping[str, object], now_ms: int) -> object | None:
        """Answer a request to the info endpoint if it is about a user, None if it is not.

        An answer that is JSON's `null` is `NULL`.

        Raises:
            MalformedError: if the request is about a user and not understood: HTTP 422.
        """
        self._go(now_ms)
        if request.get("type") not in user_infos.INFOS:
            return None
        found = user_infos.answer(self.state, dict(request))
        return NULL if found is None else found

    @exactly
    def tick(
        self,
        now_ms: int,
        marks: Amounts,
        mids: Amounts,
        oracles: Amounts,
        books: Mapping[str, Depth],
        *,
        rates: Amounts | None = None,
    ) -> list[Event]:
        """Take new prices, and do what time and prices bring about.

        Hours that passed are funded first; then come scheduled cancels, resting orders, triggers
        and liquidations. A coin's book replaces the one before, consumed or not; a coin without
        one keeps what is left of its last.

        Returns:
            All events since they were last taken, those of actions included, in their order.
        """
        state = self.state
        self._go(now_ms)
        state.marks.update(marks)
        state.mids.update(mids)
        state.oracles.update(oracles)
        state.funding_rates.update(rates or {})
        for coin, depth in books.items():
            state.liquidity[coin] = Liquidity.of(depth)
        fund_hours(state)
        for account in list(state.accounts.values()):
            cancel_scheduled(state, account)
            fill_resting(state, account)
            fire_triggers(state, account)
            liquidate(state, account)
        return self.take_events()

    @exactly
    def list_assets(self, assets: Sequence[Asset]) -> None:
        """List assets, or change the rules of some; orders of a delisted coin end."""
        state = self.state
        state.list_assets(assets)
        for account in state.accounts.values():
            for order in list(account.live.values()):
                if order.is_live and state.coins[order.asset.name].is_delisted:
                    cancel_by_venue(state, account, order, "delistedCanceled")

    def take_events(self) -> list[Event]:
        """Return what happened since the last time, oldest first."""
        events, self.state.events = self.state.events, []
        return events

    def _go(self, now_ms: int) -> None:
        self.state.now = max(self.state.now, now_ms)


class _Null:
    """The answer `null`, which is not the same as no answer."""


NULL = _Null()
"""What `info` returns where the venue answers `null`."""
