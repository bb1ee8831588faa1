"""The page of a report: whole, by itself, and without anybody's markup."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from nof0_core.backtest.decisions import DecisionNote
from nof0_core.backtest.page.whole import PageMaterial, page_of
from nof0_core.backtest.price_bars import PriceBars, price_bars
from nof0_core.backtest.window import Window
from nof0_core.domain.candles import Candles, to_ms
from nof0_core.domain.decision import Signal

START = datetime(2025, 1, 1, tzinfo=UTC)
GROUP = {
    "count": 3,
    "win_rate_pct": 33.3,
    "gross_pnl": "10.5",
    "fees": "1.5",
    "funding": "-0.25",
    "net_pnl": "-8.75",
    "profit_factor": None,
}


class Reader(HTMLParser):
    """What a page consists of, and what it would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href")]

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


class Market:
    """A recording of hours, from before the window on."""

    def __init__(self, hours: int) -> None:
        steps = np.arange(hours + 5)
        close = 100 + 5 * np.sin(steps / 7) + 3 * np.cos(steps / 31)
        self.bars = Candles(
            interval="1h",
            open_time=to_ms(START) + 3_600_000 * np.arange(-5, hours),
            open=close,
            high=close + 1,
            low=close - 1,
            close=close,
            volume=np.ones(hours + 5),
        )[4:]

    def recorded(self):
        return SimpleNamespace(resolution="1h")

    def history(self, symbol, interval):
        return self.bars


def trader(name: str, hours: int) -> dict:
    return {
        "id": name,
        "name": name,
        "model": "m",
        "is_baseline": True,
        "return_pct": -1.25,
        "return_pct_ci": [-3.0, 0.5],
        "sharpe_daily": 0.5,
        "sharpe_daily_ci": [-2.5, 4.25],
        "capital": "10000",
        "deposited": "10125.5",
        "unrealized_pnl": "-7.25",
        "open_positions": [{"coin": "ETH<", "quantity": "-0.25", "entry_price": "3700.5"}],
        "max_drawdown_pct": 2.5,
        "trades": GROUP,
        "fees": "1.5",
        "funding": "-0.25",
        "inference_usd": "0",
        "exposure_pct": 12.5,
        "long_pct": 10.0,
        "short_pct": 2.5,
        "equity": "9987.5",
        "drawdowns": [
            {"pct": 2.5, "start": START.isoformat(), "low": START.isoformat(), "end": None}
        ],
        "by_coin": {"BTC": GROUP},
        "by_side": {"long": GROUP},
        "by_exit_reason": {"stop": GROUP},
        "by_month": {"2025-01": -1.25},
        "by_day": {"2025-01-01": -1.25},
        "rolling_sharpe": {"hours": 24, "points": [[START.isoformat(), 0.25]]},
        "curve": [
            [(START + timedelta(hours=hour)).isoformat(), "10000", 1 + hour % 7 / 100]
            for hour in range(hours)
        ],
    }


def report(*traders: dict) -> dict:
    return {
        "window": {"from": START.isoformat(), "to": (START + timedelta(days=1)).isoformat()},
        "is_complete": True,
        "ended": "",
        "traders": list(traders),
        "coins": [{"coin": "BTC", "return_pct": 3.5}],
        "assumptions": ["assumed"],
        "flags": ["a <flag>"],
        "digests": {"data": "d" * 64},
        "look_ahead": {"moments": ["a", "b"], "cycles_compared": 7},
    }


def material(hours: int = 0) -> PageMaterial:
    close = np.linspace(100, 120, hours)
    bars = PriceBars(
        section="m",
        symbol="BTC",
        time=to_ms(START) + 3_600_000 * np.arange(hours),
        high=close + 1,
        low=close - 1,
        close=close,
    )
    note = DecisionNote(
        time=START,
        symbol="BTC",
        signal=Signal.BUY_TO_ENTER,
        size_usd=Decimal(250),
        confidence=70,
        is_approved=False,
        verdict="too <much>",
        reasoning="</script><script>alert(1)</script>",
    )
    return PageMaterial(bars=(bars,), decisions={"Alpha": ((note,), 75)})


def allowed(page: str) -> list[str]:
    """Return the digests of the scripts that the page's policy lets run."""
    policy = re.search(r'content="(default-src[^"]*)"', page)
    assert policy
    return re.findall(r"'sha256-([^']+)'", policy[1])


def test_it_tells_the_figures_and_fetches_nothing():
    page = Reader(page_of(report(trader("Alpha", 24)), material(5)))

    assert page.open == []
    assert page.fetched == []
    assert not {"link", "img", "iframe", "base", "form"} & set(page.tags)
    for words in ("Alpha", "-1.25", "-3.0 … +0.5", "9987.50", "hold BTC", "a <flag>", "7 cycles"):
        assert words in page.text, words
    for words in (
        "+125.50",
        "-2.5 … +4.2",
        "-0.25 ETH< at 3700.5",
        "together -7.25 USD",
        "no costs",
    ):
        assert words in page.text, words
    for words in ("the last 1 of 75", "vetoed: too <much>", "buy to enter", "2025-01-01"):
        assert words in page.text, words


def test_lines_begin_with_the_window_at_one_dollar():
    lost = trader("Alpha", 3)
    lost["curve"] = [[(START + timedelta(hours=1)).isoformat(), "8600", 0.86]]
    page = page_of(report(lost), material())
    told = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])

    assert told["time"] == [int(START.timestamp()), int(START.timestamp()) + 3600]
    assert told["traders"][0]["index"] == [1.0, 0.86]
    assert told["traders"][0]["fall"] == [0.0, -14.0]


def test_a_sharpe_ratio_of_a_few_hours_is_not_shown():
    short = trader("Alpha", 3) | {"sharpe_daily": -67.76, "sharpe_daily_ci": None}
    assert "67.76" not in page_of(report(short), material())


def test_each_column_has_one_name():
    page = page_of(report(trader("a", 48), trader("b", 48)), material())
    tables = re.findall(r"<table>(.*?)</table>", page, re.DOTALL)
    assert tables
    for text in tables:
        head, *rows = [re.findall(r"<t[hd]", row) for row in text.split("</tr>") if "<t" in row]
        assert len(head) == max(len(row) for row in rows)


def test_nothing_runs_but_what_the_page_brings_along():
    page = page_of(report(trader("<script>alert(1)</script>", 3)), material(5))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)

    found = [b64encode(sha256(one.encode()).digest()).decode() for one in scripts]
    assert found == allowed(page)
    assert "default-src 'none'" in page
    assert Reader(page).tags.count("script") == len(scripts) + 1  # and the data


def test_names_and_reasons_are_never_markup():
    name = "<script>alert(1)</script>"
    page = page_of(report(trader(name, 3)), material())
    [data] = re.findall(r'id="data">(.*?)</script>', page, re.DOTALL)

    assert json.loads(data)["traders"][0]["name"] == name
    assert name in Reader(page).text
    assert "<script>alert" not in page


@pytest.mark.parametrize("traders", [1, 100])
def test_a_long_run_makes_no_larger_page_than_a_shorter_one(traders):
    sizes = []
    for hours in (1600, 8000):
        ran = trader("x", hours)
        sizes.append(len(page_of(report(*[ran] * traders), material(1200)).encode()))

    assert max(sizes) < min(sizes) * 1.2
    assert max(sizes) < 2_000_000


def test_without_a_point_there_is_nothing_to_draw():
    page = page_of(report(), PageMaterial())
    [data] = re.findall(r'id="data">(.*?)</script>', page, re.DOTALL)

    assert json.loads(data)["time"] == []


@pytest.mark.parametrize(("hours", "most"), [(10, 11), (5000, 1200), (12_001, 1200)])
def test_prices_are_drawn_with_few_bars_that_leave_out_no_price(hours, most):
    market = Market(hours)
    window = Window(START, START + timedelta(hours=hours))

    [found] = price_bars("m", market, ["BTC"], window, coins=1)

    assert len(found.time) <= most
    assert found.high.max() == market.bars.high.max()
    assert found.low.min() == market.bars.low.min()
    assert found.close[-1] == market.bars.close[-1]
    assert found.time[-1] == to_ms(window.end)
    assert (np.diff(found.time) > 0).all()
