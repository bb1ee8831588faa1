"""What buying bitcoin at the start and doing nothing would have brought."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from nof0_core.domain.account import AccountState
from nof0_core.domain.growth import Growth
from nof0_core.domain.position import ExitPlan, Holding
from nof0_core.ids import Symbol, TraderId

BENCHMARK = TraderId("buynhold_btc")
BITCOIN = Symbol("BTC")


class Benchmark:
    """An account that puts the average initial capital into BTC at the first price seen.

    Nothing is traded after that, and the purchase costs no fee: it is the market, not a trader.
    """

    def __init__(self, *, capital: Decimal, start: datetime, price: Decimal) -> None:
        self.capital = capital
        self.start = start
        self._entry = price
        self._size = capital / price

    def keep(self) -> tuple[Decimal, datetime, Decimal]:
        """Return what it was made of: capital, start, first price."""
        return self.capital, self.start, self._entry

    def account(self, time: datetime, price: Decimal) -> AccountState:
        """Value the account at a price of BTC in USD."""
        value = self._size * price
        unrealized = value - self.capital
        zero = Decimal(0)
        holding = Holding(
            symbol=BITCOIN,
            quantity=self._size,
            entry_price=self._entry,
            mark=price,
            leverage=1,
            margin=value,
            unrealized_pnl=unrealized,
            liquidation_price=None,
            opened_at=self.start,
            exit_plan=ExitPlan(),
            confidence=0.0,
            risk_usd=zero,
            fees=zero,
            funding=zero,
            realized_pnl=zero,
            entry_order_id="0",
        )
        return AccountState(
            trader=BENCHMARK,
            time=time,
            deposited=self.capital,
            cash=self.capital,
            equity=value,
            realized_pnl=zero,
            unrealized_pnl=unrealized,
            fees=zero,
            funding=zero,
            margin_used=value,
            growth=Growth(base=self.capital),
            holdings=(holding,),
        )
