"""What somebody else does to an account: its owner by hand, the venue, another client."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.money import ZERO, exactly
from nof0_provider_hyperliquid.rehearsal.accounts import ledger, modes
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account, Mode
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.accounts.cancels import find_live
from nof0_provider_hyperliquid.rehearsal.accounts.deleveraging import deleverage_account
from nof0_provider_hyperliquid.rehearsal.accounts.lifecycle import CANCELED, finish
from nof0_provider_hyperliquid.rehearsal.accounts.order import OrderRequest, Tif
from nof0_provider_hyperliquid.rehearsal.accounts.order_entry import place
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import Refusal
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState, PlannedRefusal
from nof0_provider_hyperliquid.rehearsal.accounts.trading import Trade, book, end_idle

FAR = Decimal("0.5")
NO_HASH = "0x" + "0" * 64


class Outsiders:
    """Deeds that no request of the program under test asked for; they happen at the venue's now."""

    def __init__(self, state: ExchangeState) -> None:
        """Act on this state."""
        self._state = state

    @exactly
    def trade(self, user: str, coin: str, signed: Decimal) -> Json:
        """Trade by hand at the market; returns the status of the order."""
        state, asset = self._state, self._state.coins[coin]
        number = next(each for each, known in state.assets.items() if known is asset)
        is_buy = signed > ZERO
        limit = (state.marks[coin] * (1 + FAR if is_buy else 1 - FAR)).to_integral_value()
        request = OrderRequest(
            asset=number,
            is_buy=is_buy,
            limit=max(limit, Decimal(1)) if is_buy else Decimal(f"{state.marks[coin] * FAR:.1g}"),
            size=abs(signed),
            is_reduce_only=False,
            tif=Tif.FRONTEND_MARKET,
            trigger=None,
            cloid=None,
        )
        status, _ = place(state, self._account(user), request, state.next_hash())
        return status

    @exactly
    def close(self, user: str, coin: str) -> Json:
        """Close a position by hand."""
        return self.trade(user, coin, -self._account(user).held(coin))

    @exactly
    def cancel(self, user: str, order: int | str) -> bool:
        """Cancel an order by hand, by its oid or cloid; False if it is not open."""
        account = self._account(user)
        found = find_live(account, order)
        if found is not None:
            finish(self._state, account, found, CANCELED)
        return found is not None

    @exactly
    def deposit(self, user: str, usd: Decimal) -> None:
        """Pay in."""
        ledger.deposit(self._state, self._account(user), usd)

    @exactly
    def withdraw(self, user: str, usd: Decimal) -> None:
        """Take out, the venue's fee of a dollar included.

        Raises:
            RefusedError: if it is not free.
        """
        ledger.withdraw(self._state, self._account(user), usd)

    @exactly
    def switch_mode(self, user: str, mode: str) -> None:
        """Change the account's mode."""
        modes.switch(self._state, self._account(user), Mode(mode))

    @exactly
    def approve_agent(self, user: str, agent: str, name: str = "") -> None:
        """Approve another agent; one of the same name is replaced."""
        self._state.agents.approve(user.lower(), agent.lower(), name, self._state.now)

    @exactly
    def deleverage(self, user: str, coin: str, size: Decimal) -> None:
        """Close part of a position at its mark as auto-deleveraging does."""
        state = self._state
        deleverage_account(state, self._account(user), state.coins[coin], size, state.marks[coin])

    @exactly
    def fill(self, user: str, coin: str, signed: Decimal, price: Decimal, direction: str) -> Json:
        """Book a trade that no order asked for, with any word for `dir`, as `Settlement`."""
        state, account, asset = self._state, self._account(user), self._state.coins[coin]
        trade = Trade(
            asset=asset,
            signed=signed,
            price=price,
            is_taker=False,
            hash=NO_HASH,
            direction=direction,
            rate=ZERO,
        )
        row = book(state, account, trade, state.next_oid())
        end_idle(state, account, asset)
        return row

    def set_spot(self, user: str, token: str, total: Decimal) -> None:
        """Give a balance of a token that is no collateral, `+100` for a side of an outcome."""
        self._account(user).spot[token] = total

    def refuse_orders(
        self, refusal: Refusal, count: int = 1, *, triggers: bool | None = None, user: str = ""
    ) -> None:
        """Refuse the next `count` orders: all, only triggers (True) or only others (False)."""
        plan = PlannedRefusal(refusal, triggers, user.lower() or None, count)
        self._state.planned.append(plan)

    def cap_open_interest(self, coin: str, *, is_capped: bool = True) -> None:
        """Refuse what opens on a coin, or no longer."""
        (self._state.capped.add if is_capped else self._state.capped.discard)(coin)

    def _account(self, user: str) -> Account:
        return self._state.accounts[user.lower()]
