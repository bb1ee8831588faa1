"""A rehearsal venue's accounts with one signed client, for tests without sockets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from eth_account import Account as Wallet
from hyperliquid.utils import signing

from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth
from nof0_provider_hyperliquid.rehearsal.accounts.exchange import VenueExchange
from nof0_provider_hyperliquid.rehearsal.accounts.state import Event, Rules
from nof0_provider_hyperliquid.rehearsal.assets import Asset

D = Decimal
START = 1_795_000_000_000 - 1_795_000_000_000 % 3_600_000 + 60_000
"""A minute past a full hour of 2026, in milliseconds."""
KEY = "0x" + "11" * 32
OTHER_KEY = "0x" + "22" * 32
AGENT_KEY = "0x" + "33" * 32
BTC = Asset(
    index=0,
    name="BTC",
    sz_decimals=5,
    max_leverage=40,
    margin_tiers=((D(0), 40), (D(150_000_000), 20)),
)
ETH = Asset(index=1, name="ETH", sz_decimals=4, max_leverage=25, margin_tiers=((D(0), 25),))
DOGE = Asset(index=2, name="DOGE", sz_decimals=0, max_leverage=10, margin_tiers=((D(0), 10),))
OLD = Asset(index=3, name="OLD", sz_decimals=1, max_leverage=3, is_delisted=True)
GRASS = Asset(index=4, name="GRASS", sz_decimals=1, max_leverage=3, only_isolated=True)
TSLA = Asset(
    index=0, name="xyz:TSLA", sz_decimals=3, max_leverage=10, only_isolated=True, dex="xyz"
)
ASSETS = (BTC, ETH, DOGE, OLD, GRASS, TSLA)
PRICES = {
    "BTC": D(100_000),
    "ETH": D(4_000),
    "DOGE": D("0.2"),
    "GRASS": D(1),
    "xyz:TSLA": D(300),
}
TICKS = {
    "BTC": D(1),
    "ETH": D("0.1"),
    "DOGE": D("0.00001"),
    "GRASS": D("0.0001"),
    "xyz:TSLA": D("0.01"),
}
DEEP = D(1_000_000)
"""USD of each level of a deep book."""


def book(coin: str, mid: Decimal, *, usd: Decimal = DEEP, levels: int = 5) -> Depth:
    """Return levels one tick apart around a middle, each worth `usd`."""
    lot = D(1).scaleb(-next(each.sz_decimals for each in ASSETS if each.name == coin))
    size, tick = (usd / mid).quantize(lot), TICKS[coin]
    steps = range(1, levels + 1)
    return Depth(
        bids=tuple((mid - tick * step, size) for step in steps),
        asks=tuple((mid + tick * step, size) for step in steps),
    )


class Desk:
    """A venue with an account of the first key; signs as the SDK does, with rising nonces."""

    def __init__(
        self, *, rules: Rules | None = None, usd: Decimal = D(10_000), mode: str = "default"
    ) -> None:
        """Open the account and show the venue its first prices."""
        self.venue = VenueExchange(ASSETS, rules=rules, seed=7)
        self.now = START
        self.nonce = START
        self.wallet = Wallet.from_key(KEY)
        self.user = self.wallet.address.lower()
        self.prices = dict(PRICES)
        self.venue.info({"type": "userAbstraction", "user": self.user}, self.now)
        self.venue.open_account(self.wallet.address, usd, mode=mode)
        self.tick()

    @property
    def account(self) -> Any:
        """The account, from inside."""
        return self.venue.state.accounts[self.user]

    def tick(
        self,
        seconds: float = 0,
        *,
        books: Mapping[str, Depth] | None = None,
        oracles: Mapping[str, Decimal] | None = None,
        usd: Decimal = DEEP,
        **prices: Decimal | int | str,
    ) -> list[Event]:
        """Let time pass and prices change; books are deep unless given."""
        self.now += int(seconds * 1000)
        self.prices.update({coin: D(price) for coin, price in prices.items()})
        made = {coin: book(coin, mid, usd=usd) for coin, mid in self.prices.items()}
        made.update(books or {})
        return self.venue.tick(
            self.now, self.prices, self.prices, {**self.prices, **(oracles or {})}, made
        )

    def envelope(
        self,
        action: Mapping[str, Any],
        *,
        wallet: Any = None,
        nonce: int | None = None,
        vault: str | None = None,
        expires: int | None = None,
    ) -> dict[str, Any]:
        """Sign an action."""
        if nonce is None:
            self.nonce = nonce = max(self.nonce + 1, self.now)
        signature = signing.sign_l1_action(
            wallet or self.wallet, action, vault, nonce, expires, False
        )
        return {
            "action": action,
            "nonce": nonce,
            "signature": signature,
            "vaultAddress": vault,
            "expiresAfter": expires,
        }

    def act(self, action: Mapping[str, Any], **options: Any) -> Any:
        """Send an action and return the JSON of the answer."""
        answer = self.venue.act(self.envelope(action, **options), self.now)
        assert answer.status == 200
        return answer.body

    def order(self, *orders: Mapping[str, Any], grouping: Any = "na", **options: Any) -> list[Any]:
        """Place orders and return their statuses."""
        action = {"type": "order", "orders": list(orders), "grouping": grouping}
        body = self.act(action, **options)
        assert body["status"] == "ok", body
        return body["response"]["data"]["statuses"]

    def cancel(self, *oids: int, asset: int = 0) -> list[Any]:
        """Cancel orders and return the statuses."""
        cancels = [{"a": asset, "o": oid} for oid in oids]
        return self.act({"type": "cancel", "cancels": cancels})["response"]["data"]["statuses"]

    def info(self, kind: str, **request: Any) -> Any:
        """Ask about the user."""
        return self.venue.info({"type": kind, "user": self.user, **request}, self.now)

    def status(self, key: int | str) -> str:
        """Return the status of an order."""
        found = self.info("orderStatus", oid=key)
        return found["order"]["status"] if found["status"] == "order" else found["status"]

    def open_oids(self) -> list[int]:
        """Return the open orders."""
        return [each["oid"] for each in self.info("openOrders")]

    def position(self, coin: str = "BTC", dex: str = "") -> Any:
        """Return a position as the venue tells it, None without one."""
        for each in self.info("clearinghouseState", dex=dex)["assetPositions"]:
            if each["position"]["coin"] == coin:
                return each["position"]
        return None


def limit(
    is_buy: bool,
    price: str,
    size: str,
    tif: str = "Gtc",
    *,
    asset: int = 0,
    reduce: bool = False,
    cloid: str | None = None,
) -> dict[str, Any]:
    """Return a limit order as the SDK would send it."""
    wire = {"a": asset, "b": is_buy, "p": price, "s": size, "r": reduce}
    wire["t"] = {"limit": {"tif": tif}}
    return wire if cloid is None else {**wire, "c": cloid}


def trigger(
    is_buy: bool,
    at: str,
    size: str,
    tpsl: str = "sl",
    *,
    price: str | None = None,
    market: bool = True,
    asset: int = 0,
    reduce: bool = True,
    cloid: str | None = None,
) -> dict[str, Any]:
    """Return a trigger order as the SDK would send it."""
    wire = {"a": asset, "b": is_buy, "p": price or at, "s": size, "r": reduce}
    wire["t"] = {"trigger": {"isMarket": market, "triggerPx": at, "tpsl": tpsl}}
    return wire if cloid is None else {**wire, "c": cloid}


def oids(statuses: Sequence[Any]) -> list[int]:
    """Return the ids in statuses."""
    return [next(iter(each.values()))["oid"] for each in statuses]
