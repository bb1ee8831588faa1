"""The figures of a report agree with each other and with what happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.backtest.report import text_of
from nof0_core.project import Window, run_backtest

DAY = datetime(2025, 7, 23, 20, tzinfo=UTC)
PLUGIN = '''
"""A rule of one's own that changes nothing."""
from nof0_core import hookimpl


@hookimpl
def nof0_risk_checks():
    return []
'''


def row_of(result, trader):
    [found] = [one for one in result.report["traders"] if one["id"] == trader]
    return found


@pytest.fixture
def busy(place):
    """One trader that is in the market from its first decision on, and one that flips coins."""
    place.model("buy-and-hold")
    place.replace("llm.yaml", "symbols: [BTC, ETH, SOL]", "symbols: [BTC, ETH]")
    return place


def test_a_day_ends_at_midnight_with_the_hour_before_it(busy):
    result = run_backtest(busy.config, Window(DAY, DAY + timedelta(hours=4)), moments=1)
    row = row_of(result, "flip")

    assert list(row["by_day"]) == ["2025-07-23"], "nothing happened on the day after"
    assert row["by_day"]["2025-07-23"] == pytest.approx(row["return_pct"], abs=1e-9)
    longer = run_backtest(busy.config, Window(DAY, DAY + timedelta(hours=6)), moments=1)
    two = row_of(longer, "flip")["by_day"]
    assert two["2025-07-23"] == pytest.approx(row["return_pct"], abs=1e-9)
    assert list(two) == ["2025-07-23", "2025-07-24"]


def test_the_deepest_fall_is_the_drawdown_where_the_first_hour_lost(busy):
    result = run_backtest(busy.config, Window(DAY, DAY + timedelta(hours=3)), moments=1)

    for one in result.report["traders"]:
        deepest = max((each["pct"] for each in one["drawdowns"]), default=0.0)
        assert deepest == pytest.approx(one["max_drawdown_pct"], abs=1e-12), one["id"]
    holder = row_of(result, "cross")
    assert holder["curve"][0][2] < 1, "it is meant to lose at once"
    assert holder["drawdowns"][0]["start"] == DAY.isoformat()


def test_equity_is_capital_moved_money_and_profit(busy):
    """Capital that is shared out anew is no profit, and the report has it."""
    result = run_backtest(busy.config, Window(DAY, DAY + timedelta(hours=9)), moments=1)
    moved = 0
    for one in result.report["traders"]:
        earned = sum(Decimal(one[key]) for key in ("realized_pnl", "unrealized_pnl", "funding"))
        equity = Decimal(one["deposited"]) + earned - Decimal(one["fees"])
        assert equity == Decimal(one["equity"]), one["id"]
        moved += one["deposited"] != one["capital"]
    assert moved, "the window is meant to have a movement of capital"


def test_what_runs_is_in_the_digests_with_the_files_of_a_user(place):
    place.plugin(PLUGIN)
    first = place.run()
    again = place.run()
    place.write("planted.py", PLUGIN + "\nCHANGED = 1\n")
    changed = place.run()

    assert again.digests == first.digests
    assert changed.digests["code"] != first.digests["code"]
    assert changed.digests["configuration"] == first.digests["configuration"]


def test_a_report_is_the_same_wherever_it_is_made(place, monkeypatch):
    place.plugin(PLUGIN)
    monkeypatch.chdir(place.directory)
    first = text_of(place.run().report)
    monkeypatch.chdir(place.directory / "etc")

    assert text_of(place.run().report) == first
