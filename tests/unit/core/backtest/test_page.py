"""The page of a report: whole, by itself, and without anybody's markup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from nof0_core.backtest.page import page_of

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


def trader(name: str, hours: int) -> dict:
    return {
        "name": name,
        "model": "m",
        "is_baseline": True,
        "return_pct": -1.25,
        "return_pct_ci": [-3.0, 0.5],
        "sharpe_daily": 0.5,
        "max_drawdown_pct": 2.5,
        "trades": GROUP,
        "fees": "1.5",
        "funding": "-0.25",
        "inference_usd": "0",
        "exposure_pct": 12.5,
        "equity": "9987.5",
        "drawdowns": [
            {"pct": 2.5, "start": START.isoformat(), "low": START.isoformat(), "end": None}
        ],
        "by_coin": {"BTC": GROUP},
        "by_side": {"long": GROUP},
        "by_exit_reason": {"stop": GROUP},
        "by_month": {"2025-01": -1.25},
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


def test_it_tells_the_figures_and_fetches_and_runs_nothing():
    page = Reader(page_of(report(trader("Alpha", 24))))

    assert page.open == []
    assert page.fetched == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    for words in ("Alpha", "-1.25", "-3.0 … +0.5", "9987.50", "hold BTC", "a <flag>", "7 cycles"):
        assert words in page.text, words


def test_a_name_is_never_markup():
    page = Reader(page_of(report(trader("<script>alert(1)</script>", 3))))

    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text


def test_a_long_run_makes_no_larger_page_than_a_shorter_one():
    sizes = [len(page_of(report(trader("x", hours)))) for hours in (1600, 8000)]

    assert max(sizes) < min(sizes) + 1000
    # Each trader takes so much: a hundred of them stay below 2 MB or so.
    assert max(sizes) < 30_000


def test_without_a_point_there_is_nothing_to_draw():
    assert "nothing to draw" in page_of(report())
