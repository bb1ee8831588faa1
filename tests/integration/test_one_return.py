"""The return of every trader, reckoned a second time from the journal's JSON alone.

Nothing of nof0 does the sums: fractions, the definition, and the records `transferred`, `cycle` and
`hour`. What comes out is what terminal, files and API show.
"""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
import structlog
from anyio.from_thread import start_blocking_portal

from nof0_api.answer_cache import AnswerCache, Query
from nof0_api.routes import FIXED
from nof0_core.config.model import TtlConfig
from nof0_core.sources import FileSource

pytestmark = pytest.mark.integration


class Wealth:
    """What one dollar of a trader's first capital became."""

    def __init__(self) -> None:
        self.index, self.base, self.is_ruined = Fraction(1), Fraction(0), False
        self.flows = 0
        self.first = Fraction(0)

    def at(self, equity: Fraction) -> Fraction:
        if self.is_ruined or equity < 0 or (equity == 0 and self.base):
            return Fraction(0)
        return self.index * equity / self.base if self.base > 0 else self.index

    def see(self, equity: Fraction) -> None:
        self.is_ruined = self.is_ruined or self.at(equity) == 0

    def flow(self, before: Fraction, amount: Fraction) -> None:
        self.first = self.first if self.flows else amount
        self.see(before)
        self.index, self.base = self.at(before), before + amount
        self.flows += 1


def returns_of(records, known=None):
    wealth: dict[str, Wealth] = {} if known is None else known
    for record in records:
        data = record["data"]
        if record["type"] == "transferred":
            for trader, amount in data["amounts"].items():
                if not trader.startswith("@"):
                    before = Fraction(data["equities"][trader])
                    wealth.setdefault(trader, Wealth()).flow(before, Fraction(amount))
        elif record["type"] in ("cycle", "hour"):
            for account in data.get("accounts") or [data["account"]]:
                if not account["unpriced"]:
                    wealth[account["trader"]].see(Fraction(account["equity"]))
    return wealth


@pytest.fixture(scope="module")
def state(demo):
    return json.loads((demo.data / "manager_state.json").read_bytes())["traders"]


@pytest.fixture(scope="module")
def wealth(demo):
    return returns_of(demo.records())


@pytest.fixture(scope="module")
def wanted(state, wealth):
    return {
        trader: float(100 * (wealth[trader].at(Fraction(told["equity"])) - 1))
        for trader, told in state.items()
    }


def test_capital_was_moved_often_enough_to_matter(state, wealth, wanted):
    assert min(one.flows for one in wealth.values()) > 1
    apart = []
    for trader, told in state.items():
        profit = Fraction(told["equity"]) - Fraction(told["deposited"])
        apart.append(abs(float(100 * profit / Fraction(told["deposited"])) - wanted[trader]))
    assert max(apart) > 0.01


def test_what_a_transfer_says_of_an_account_is_what_the_hour_it_came_in_says(demo):
    marked, same = {}, 0
    for record in demo.records():
        data = record["data"]
        if record["type"] == "hour":
            marked = {(a["trader"], record["time"]): a["equity"] for a in data["accounts"]}
        elif record["type"] in ("filled", "funding", "cycle"):
            marked = {}
        elif record["type"] == "transferred":
            for trader, equity in data["equities"].items():
                known = marked.get((trader, record["time"]))
                same += known is not None
                assert known is None or Fraction(known) == Fraction(equity)
    assert same > 5


def test_files_tell_the_return(demo, state, wanted, wealth):
    rows = {row["model_id"]: row for row in demo.export("account-totals")["accountTotals"]}
    board = {row["id"]: row for row in demo.export("leaderboard")["leaderboard"]}
    for trader, pct in wanted.items():
        assert rows[trader]["return_pct"] == pytest.approx(pct, abs=1e-9)
        assert board[trader]["return_pct"] == pytest.approx(pct, abs=1e-9)
        assert float(state[trader]["return_pct"]) == pytest.approx(pct, abs=1e-6)
        profit = rows[trader]["realized_pnl"] + rows[trader]["total_unrealized_pnl"]
        whole = 100 * profit / float(wealth[trader].first)
        assert rows[trader]["cum_pnl_pct"] == pytest.approx(whole, abs=1e-9)
        if board[trader]["return_pct_ci"] is not None:
            low, high = board[trader]["return_pct_ci"]
            assert low <= board[trader]["return_pct"] <= high
    bought = rows["buynhold_btc"]
    assert bought["return_pct"] == pytest.approx(bought["cum_pnl_pct"], abs=1e-9)


def test_the_terminal_shows_the_return(demo, wanted):
    outcome = demo.nof0("leaderboard", str(demo.data / "api"))
    assert outcome.returncode == 0, outcome.stderr
    rows = json.loads(demo.nof0("leaderboard", str(demo.data / "api"), "--json").stdout)
    names = {row["id"]: row["name"] for row in rows}
    for trader, pct in wanted.items():
        line = next(ln for ln in outcome.stdout.splitlines() if names[trader] in ln)
        assert f"{pct:+.2f}" in line


def test_the_api_serves_the_return(demo, wanted):
    cache = AnswerCache(FileSource(demo.data / "api", log=structlog.get_logger()), TtlConfig())
    with start_blocking_portal() as portal:
        answers = {
            route.name: json.loads(
                portal.call(cache.ready, Query(route)).choose([(b"accept-encoding", b"identity")])[
                    1
                ]["body"]
            )
            for route in FIXED
            if route.name in ("leaderboard", "account-totals")
        }
    newest = {row["model_id"]: row for row in answers["account-totals"]["accountTotals"]}
    board = {row["id"]: row for row in answers["leaderboard"]["leaderboard"]}
    for trader, pct in wanted.items():
        assert newest[trader]["return_pct"] == pytest.approx(pct, abs=1e-9)
        assert board[trader]["return_pct"] == pytest.approx(pct, abs=1e-9)


def test_every_cycle_has_the_growth_of_its_account_in_it(demo):
    """It is what the trader was told: `return_pct` of a prompt is that of the cycle's account."""
    wealth, told = {}, 0
    for record in demo.records():
        data = record["data"]
        if record["type"] == "cycle":
            growth, one = data["account"]["growth"], wealth[data["trader"]]
            assert Fraction(growth["base"]) == one.base
            assert float(Fraction(growth["index"])) == pytest.approx(float(one.index), rel=1e-15)
            told += 1
        else:
            wealth = returns_of([record], wealth)
    assert told > 100
