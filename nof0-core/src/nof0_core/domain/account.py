"""Accounts: the exchange account, and a trader's virtual one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.growth import Growth
from nof0_core.domain.outcome import VenueOrder
from nof0_core.domain.position import Holding, VenuePosition
from nof0_core.ids import Symbol, TraderId
from nof0_core.money import EXACT, HUNDRED, ONE


@attrs.frozen(kw_only=True)
class VenueAccount:
    """The exchange account, in USD.

    `equity` = `raw_usd` + Σ quantity x mark over all positions; `raw_usd` is deposits minus
    everything paid for coins plus everything got for them, fees and funding included (Hyperliquid:
    `totalRawUsd`). `available` is what may still be used as initial margin.
    """

    time: datetime
    equity: Decimal
    raw_usd: Decimal
    margin_used: Decimal
    available: Decimal


@attrs.frozen(kw_only=True)
class AccountReport:
    """What a venue says of the exchange account, in one answer where it has one.

    `time` (UTC) is that of the oldest part. `positions` are all open ones; closed ones are left
    out. `orders` are all resting and waiting trigger orders, oldest first.
    """

    time: datetime
    account: VenueAccount
    positions: tuple[VenuePosition, ...] = ()
    orders: tuple[VenueOrder, ...] = ()


@attrs.frozen(kw_only=True)
class AccountState:
    """A trader's virtual account, valued at `time`, in USD.

    `deposited` is the sum of all transfers into the account. `cash` = `deposited` + `realized_pnl`
    - `fees` + `funding`; `equity` = `cash` + `unrealized_pnl`. `realized_pnl` is gross;
    `net_realized_pnl` is what is left of it after fees and funding. `available` = `equity` -
    `margin_used`, not below 0. `unpriced` are held coins without a price now: their last known mark
    counts, else their entry price, and `equity` is a guess. `growth` is what `return_pct` is
    reckoned from.
    """

    trader: TraderId
    time: datetime
    deposited: Decimal
    cash: Decimal
    equity: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    funding: Decimal
    margin_used: Decimal
    growth: Growth
    holdings: tuple[Holding, ...] = ()
    unpriced: tuple[Symbol, ...] = ()

    @property
    def available(self) -> Decimal:
        """Return what may still be used as margin."""
        return max(Decimal(0), self.equity - self.margin_used)

    @property
    def net_realized_pnl(self) -> Decimal:
        """Return realised profit after fees and funding."""
        return self.realized_pnl - self.fees + self.funding

    @property
    def index(self) -> Decimal:
        """Return what one dollar of the first capital would have become; see `Growth`."""
        return self.growth.at(self.equity)

    @property
    def return_pct(self) -> Decimal:
        """Return the time-weighted return in percent; -100 once all was lost."""
        return EXACT.multiply(HUNDRED, EXACT.subtract(self.index, ONE))

    @property
    def margin_used_pct(self) -> Decimal:
        """Return used margin in percent of equity; 100 when equity is gone but margin is not."""
        if self.equity <= 0:
            return Decimal(100) if self.margin_used else Decimal(0)
        return 100 * self.margin_used / self.equity
