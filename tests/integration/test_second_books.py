"""The books of the shipped configuration, kept a second time in another way.

Nothing of the ledger is used: the journal's records are read as JSON and every account is kept as
cash that flows in and out, coins, and an average entry as an exact fraction. What comes out must be
what the engine tells everywhere, and what the paper exchange has on file, to the last digit.
"""

from __future__ import annotations

import json
from collections import defaultdict
from copy import deepcopy
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

import pytest

pytestmark = pytest.mark.integration
D, CENTS = Decimal, Decimal("0.000001")
FEE = D("0.00045")


class Account:
    """Cash paid in, cash as the venue counts it, coins, and average entries."""

    def __init__(self) -> None:
        self.deposited = self.raw = self.fees = self.funding = D(0)
        self.gross = Fraction(0)
        self.size: defaultdict[str, D] = defaultdict(D)
        self.entry: dict[str, Fraction] = {}

    def trade(self, symbol, signed, price, fee) -> None:
        self.raw -= signed * price + fee
        self.fees += fee
        held = self.size[symbol]
        self.size[symbol] = after = held + signed
        if held * signed >= 0:
            paid = Fraction(held) * self.entry.get(symbol, 0) + Fraction(signed * price)
            self.entry[symbol] = paid / Fraction(after)
            return
        closed = min(abs(held), abs(signed)) * (1 if held > 0 else -1)
        self.gross += Fraction(closed) * (Fraction(price) - self.entry[symbol])
        if after * held < 0:
            self.entry[symbol] = Fraction(price)

    def positions(self) -> dict[str, D]:
        return {symbol: size for symbol, size in self.size.items() if size}

    def equity(self, marks) -> D:
        return self.raw + sum(size * marks[symbol] for symbol, size in self.positions().items())

    def unrealized(self, marks) -> Fraction:
        return sum(
            (
                Fraction(size) * (Fraction(marks[symbol]) - self.entry[symbol])
                for symbol, size in self.positions().items()
            ),
            Fraction(0),
        )


class SecondBooks:
    """What the journal's records add up to, and which hourly accounts do not agree with it."""

    def __init__(self, records) -> None:
        self.accounts: defaultdict[str, Account] = defaultdict(Account)
        self.marks: dict[str, D] = {}
        self.settled = []
        self.wrong, self.hours = [], 0
        for record in records:
            getattr(self, f"_{record['type']}")(record["data"])

    def sizes(self, symbol):
        found = {trader: account.size[symbol] for trader, account in self.accounts.items()}
        return {trader: size for trader, size in found.items() if size}

    def _transferred(self, data):
        for trader, amount in data["amounts"].items():
            self.accounts[trader].deposited += D(amount)
            self.accounts[trader].raw += D(amount)

    def _filled(self, data):
        fill = data["fill"]
        signed = D(fill["size"]) * (1 if fill["side"] == "buy" else -1)
        self.accounts[data["trader"]].trade(
            fill["symbol"], signed, D(fill["price"]), D(fill["fee"])
        )

    def _offset(self, data):
        for trader, quantity in data["quantities"].items():
            self.accounts[trader].trade(data["symbol"], D(quantity), D(data["price"]), D(0))

    def _funding(self, data):
        amounts = {trader: D(amount) for trader, amount in data["amounts"].items()}
        self.settled.append((data, amounts, self.sizes(data["symbol"])))
        for trader, amount in amounts.items():
            self.accounts[trader].raw += amount
            self.accounts[trader].funding += amount

    def _market(self, data):
        for symbol, snapshot in data["snapshots"].items():
            self.marks[symbol] = D(snapshot["quote"]["mark"])

    def _hour(self, data):
        for told in data["accounts"]:
            account = self.accounts[told["trader"]]
            marks = {holding["symbol"]: D(holding["mark"]) for holding in told["holdings"]}
            ours = (
                account.deposited,
                account.fees,
                account.funding,
                Fraction(account.deposited - account.fees + account.funding) + account.gross,
                account.positions(),
                account.equity(marks) if marks.keys() >= account.positions().keys() else None,
            )
            theirs = (
                D(told["deposited"]),
                D(told["fees"]),
                D(told["funding"]),
                Fraction(D(told["cash"])),
                {holding["symbol"]: D(holding["quantity"]) for holding in told["holdings"]},
                D(told["equity"]),
            )
            self.hours += 1
            # The cost of a part that is sold is rounded to 18 decimals.
            gap = abs(ours[3] - theirs[3])
            if ours[:3] + ours[4:] != theirs[:3] + theirs[4:] or gap > Fraction(1, 10**15):
                self.wrong.append((told["time"], told["trader"], ours, theirs))


@pytest.fixture(scope="module")
def records(demo):
    return demo.records("transferred", "filled", "offset", "funding", "market", "hour")


@pytest.fixture(scope="module")
def books(records):
    return SecondBooks(records)


@pytest.fixture(scope="module")
def venue(demo):
    """Every record of the paper exchange, oldest first."""
    [path] = (demo.data / "exchange").rglob("paper_account.jsonl")
    first, *lines = path.read_text().splitlines()
    records = [record for line in lines for record in json.loads(line)]
    return D(json.loads(first)["initial_balance_usd"]), records


def test_every_account_of_every_hour_is_what_its_cash_flows_add_up_to(books):
    assert books.wrong == []
    assert books.hours >= 100


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("filled", lambda data: data["fill"].update(fee=str(D(data["fill"]["fee"]) + CENTS))),
        ("filled", lambda data: data["fill"].update(side="sell")),
        ("funding", lambda data: data["amounts"].update(holder="0.000001")),
        ("transferred", lambda data: data["amounts"].update(holder="1500.000001")),
    ],
    ids=["fee", "side", "funding", "transfer"],
)
def test_one_changed_record_would_be_noticed(records, kind, change):
    changed = deepcopy([r for r in records if r["type"] != "market"])
    mine = [r for r in changed if r["type"] == kind and "holder" in json.dumps(r["data"])]
    change(mine[0]["data"])
    assert SecondBooks(changed).wrong


def test_state_file_and_pages_tell_the_same_accounts(demo, books):
    state = json.loads((demo.data / "manager_state.json").read_bytes())["traders"]
    rows = {row["model_id"]: row for row in demo.export("account-totals")["accountTotals"]}
    board = {row["id"]: row for row in demo.export("leaderboard")["leaderboard"]}
    assert len(state) >= 6
    for trader, told in state.items():
        account, row = books.accounts[trader], rows[trader]
        equity, unrealized = account.equity(books.marks), account.unrealized(books.marks)
        assert (D(told["equity"]), D(told["deposited"])) == (equity, account.deposited)
        assert {s: D(size) for s, size in told["positions"].items()} == account.positions()
        assert row["dollar_equity"] == board[trader]["equity"] == float(equity)
        assert row["total_unrealized_pnl"] == pytest.approx(float(unrealized), rel=0, abs=1e-9)
        realized = account.gross - Fraction(account.fees - account.funding)
        assert row["realized_pnl"] == pytest.approx(float(realized), rel=0, abs=1e-9)
        shown = row["positions"]
        assert {s: p["quantity"] for s, p in shown.items()} == {
            s: float(size) for s, size in account.positions().items()
        }
        for symbol, position in shown.items():
            entry = float(account.entry[symbol])
            assert position["entry_price"] == pytest.approx(entry, rel=0, abs=1e-10)
            assert position["current_price"] == float(books.marks[symbol])


def test_closed_trades_add_up_to_what_was_realized(demo, books):
    gross: defaultdict[str, float] = defaultdict(float)
    net: defaultdict[str, float] = defaultdict(float)
    for trade in demo.export("trades")["trades"]:
        gross[trade["model_id"]] += trade["realized_gross_pnl"]
        net[trade["model_id"]] += trade["realized_net_pnl"]
    traders = {trader: a for trader, a in books.accounts.items() if a.gross}
    assert gross.keys() == traders.keys()
    closed = 0
    for trader, account in traders.items():
        assert gross[trader] == pytest.approx(float(account.gross), rel=0, abs=1e-8)
        if not account.positions():
            # All its fees and funding belong to one of the trades.
            closed += 1
            profit = account.raw - account.deposited
            assert net[trader] == pytest.approx(float(profit), rel=0, abs=1e-8)
    assert closed >= 2


def test_all_accounts_together_are_the_account_at_the_exchange(books, venue):
    raw, happened = venue
    orders = {r["venue_order_id"]: r for r in happened if r["is"] == "order"}
    sizes: defaultdict[str, D] = defaultdict(D)
    turnover = D(0)
    for record in happened:
        assert record["is"] != "liquidation"
        if record["is"] == "fill":
            order = orders[record["venue_order_id"]]
            notional = D(record["size"]) * D(record["price"])
            sign = 1 if order["side"] == "buy" else -1
            assert record["is_taker"]
            assert D(record["fee"]) == (notional * FEE).quantize(CENTS, ROUND_DOWN)
            raw -= sign * notional + D(record["fee"])
            sizes[order["symbol"]] += sign * D(record["size"])
            turnover += notional
        elif record["is"] == "funding":
            assert D(record["quantity"]) == sizes[record["symbol"]]
            raw += D(record["amount"])
    # Below the first fee tier, whose rate is `FEE`.
    assert 0 < turnover < 5_000_000
    assert sum(account.raw for account in books.accounts.values()) == raw
    for symbol, size in sizes.items():
        assert sum(books.sizes(symbol).values(), D(0)) == size


def test_funding_is_paid_by_size_and_adds_up_to_what_the_exchange_settled(records, books, venue):
    paid = {(r["at_ms"], r["symbol"]): r for r in venue[1] if r["is"] == "funding"}
    marks = {
        (record["time"], symbol): D(snapshot["quote"]["mark"])
        for record in records
        if record["type"] == "market"
        for symbol, snapshot in record["data"]["snapshots"].items()
    }
    assert len(books.settled) >= 50
    seen = compared = 0
    for data, amounts, sizes in books.settled:
        hour = datetime.fromisoformat(data["time"]).timestamp() * 1000
        settled = paid.get((hour, data["symbol"]))
        net, total = sum(sizes.values(), D(0)), sum(amounts.values(), D(0))
        if settled is None:
            # Opposite positions that were nothing to the exchange pay each other.
            assert net == total == 0
            continue
        seen += 1
        assert (net, total) == (D(settled["quantity"]), D(settled["amount"]))
        mark = marks.get((data["time"], data["symbol"]))
        if mark is not None:
            compared += 1
            owed = (-net * mark * D(data["rate"])).quantize(CENTS, ROUND_DOWN)
            assert total == owed
        for trader, size in sizes.items():
            if mark is not None:
                # Nobody's share depends on what the others hold.
                assert abs(amounts[trader] + size * mark * D(data["rate"])) <= CENTS
            # What the exchange cut from its amount counts for more where much nets to little.
            assert abs(amounts[trader] - size * total / net) <= CENTS * (1 + abs(size / net))
        assert abs(amounts.get("@reserve", D(0))) <= CENTS * len(sizes)
    assert (seen, compared > 0) == (len(paid), True)
