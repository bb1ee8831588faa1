"""Backtests and sweeps on the page: listed, opened, and two of them held against each other."""

from __future__ import annotations

import json
import os
import re
from decimal import Decimal

import pytest
from browsing import ask
from kept_runs import keep_run
from page_faint import faint
from page_figures import plus, usd
from playwright.sync_api import expect

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(480)]

EVIL = "<img src=x onerror=alert(1)> \u202eright to left\u2066 " + "n" * 180
PAGE = """<!doctype html><title>one</title><p>a report</p><script>
  document.querySelector("p").textContent = `drawn in ${window.origin}`;
  fetch("/api/runs").then(() => "read", () => "kept out")
    .then((said) => { document.title = said; });
</script>"""


NAMES = "rows => rows.map(row => row.querySelector('bdi').textContent)"
BEST = """rows => rows.map(row => row.querySelector("[data-label='Best return'] .cell"))
  .map(cell => (cell.querySelector("span") ?? cell).textContent)"""


def trader(name, made, *, fees, trades=3, day=23):
    """A row of a report's traders; the curve ends at what was made, on a day of July."""
    steps = [0.0, made / 2, made]
    curve = [
        [f"2025-07-{day}T0{hour}:00:00+00:00", "1000", 1 + value / 100]
        for hour, value in enumerate(steps, start=1)
    ]
    parts = {"count": trades, "net_pnl": str(made * 10), "win_rate_pct": 50.0}
    return {
        "id": name,
        "name": name.title(),
        "return_pct": made,
        "return_pct_ci": [made - 4.25, made + 4.25],
        "sharpe_daily": made / 3,
        "max_drawdown_pct": 1.25,
        "equity": str(1000 + made * 10),
        "fees": fees,
        "trades": {**parts, "profit_factor": None},
        "cycles": 480,
        "usable_answers": 479,
        "curve": curve,
    }


def settings(fee):
    """The document of a configuration, as far as it matters here."""
    limits = {"max_positions": 3, "blocked": [], "note": EVIL if fee == "9.5" else ""}
    traders = [{"id": name, "limits": limits} for name in ("ann", "bob")]
    venue = {"type": "sim", "options": {"taker_fee_bps": fee}}
    return {"Exchange": {"paper": venue}, "Manager": {"traders": traders}}


def report(*traders, fee, **more):
    """A report as `nof0 backtest` writes it, as far as the page reads it."""
    return {
        "window": {"from": "2025-07-23T00:00:00+00:00", "to": "2025-07-24T00:00:00+00:00"},
        "is_complete": True,
        "ended": "",
        "seed": 7,
        "settings": settings(fee),
        "traders": list(traders),
        "digests": {"data": "d" * 64, "configuration": fee[0] * 64, "prompts": "p" * 64},
        "assumptions": ["latency 200ms", f"taker fee {fee} bps"],
        "flags": [],
        **more,
    }


@pytest.fixture
def place(tmp_path):
    (tmp_path / "api").mkdir()
    cheap = report(trader("ann", 3.5, fees="10.52"), trader("bob", -1.0, fees="1"), fee="4.5")
    dear = report(trader("ann", 2.25, fees="22.2"), trader("eve", 9.0, fees="2"), fee="9.5")
    keep_run(tmp_path, "backtests/cheap", at=2_000_000_000, report=cheap)
    (tmp_path / "backtests/cheap/report.html").write_text(PAGE)
    keep_run(tmp_path, "backtests/dear", at=1_999_999_000, report=dear)
    later = report(trader("ann", 1.0, fees="1", day=30), fee="4.5", is_complete=False)
    keep_run(tmp_path, "backtests/later", at=1_999_000_000, report=later, ended="interrupted")
    keep_run(tmp_path, "sweeps/grid", at=1_900_000_000, report={"grid": [1, 2]})
    keep_run(tmp_path, f"backtests/{EVIL}"[:250], at=1_800_000_000, returns={EVIL: 1.0})
    torn = keep_run(tmp_path, "backtests/torn") / "report.json"
    torn.write_text('{"win')
    os.utime(torn, (5, 5))
    for number in range(60):
        keep_run(tmp_path, f"backtests/old {number:02}", at=1000 + number, returns={"ann": 0.0})
    return tmp_path


def test_runs_are_listed_and_two_are_compared_by_keyboard(place, serve_files, open_page):
    url = serve_files(place / "api", place)
    page = open_page(f"{url}/#/runs")
    rows = page.get_by_role("table", name="Runs").locator("tbody tr")
    expect(rows).to_have_count(50)
    expect(page.locator("#run-sum")).to_have_text("66 runs, the newest 50 of them here")
    told = ask(url, "runs")["runs"]
    assert rows.evaluate_all(NAMES) == [run["name"] for run in told]
    best = [run["best"] and f"{plus(run['best']['return_pct'], 2)} %" for run in told]
    assert rows.evaluate_all(BEST) == [each or "\u2013" for each in best]
    assert page.locator("main img").count() == 0
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(66)
    expect(rows.last).to_contain_text("damaged or half-written")
    expect(rows.last.locator("button")).to_have_count(0)
    for name in ("dear", "cheap"):
        button = page.get_by_role("button", name=f"Compare {name}")
        button.focus()
        page.keyboard.press("Enter")
        expect(button).to_be_focused()
        expect(button).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith("#/runs?a=backtests%2Fdear&b=backtests%2Fcheap")
    expect(page.locator("#run-sum")).to_have_text("66 runs; two are compared above")
    page.reload()
    dear, cheap = (ask(url, f"runs/backtests/{name}") for name in ("dear", "cheap"))
    compared(page, dear["traders"][0], cheap["traders"][0])
    returns = page.get_by_role("table", name="Returns of all traders").locator("tbody tr")
    expect(returns).to_have_text(
        [
            re.compile(r"ann\+2.25 %\+3.50 %\+1.25 points"),
            re.compile("eve\\+9.00 %\u2013\u2013"),
            re.compile("bob\u2013\u22121.00 %\u2013"),
        ]
    )
    grounds = page.get_by_role("table", name="What two runs rest on")
    differing = grounds.locator("tr.apart td:first-child")
    expect(differing).to_have_text(["Configurationdiffers", "Assumeddiffers"])
    expect(grounds).to_contain_text("taker fee 4.5 bps")
    expect(grounds).not_to_contain_text("latency")
    settings_apart = page.get_by_role("table", name="Settings that differ").locator("tbody tr")
    expect(settings_apart).to_have_count(3)
    expect(settings_apart.locator("td:first-child")).to_have_text(
        [
            "Exchange.paper.options.taker_fee_bps",
            "Manager.traders.ann.limits.note",
            "Manager.traders.bob.limits.note",
        ]
    )
    expect(settings_apart.first.locator("td")).to_contain_text(["taker_fee_bps", "9.5", "4.5"])
    # Another trader on one side, kept in the address.
    page.locator(".compared select").last.select_option("bob")
    assert page.url.endswith("&trader_b=bob")
    compared(page, dear["traders"][0], cheap["traders"][1])
    for scheme in ("light", "dark"):
        page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
        assert faint(page, "main td, main th, main .badge, main .note, main bdi, main .sub") == []
    # Runs of other times are laid over each other, and one that was stopped is named.
    page.goto(f"{url}/#/runs?a=backtests/cheap&b=backtests/later")
    note = page.locator(".compare .note").first
    expect(note).to_contain_text(
        "B is drawn as if it had begun when A did. One of them was stopped"
    )
    expect(page.locator(".compare .legend-time")).to_have_text("Newest 2025-07-23 03:00 +00:00")
    expect(page.locator(".compare")).to_contain_text("made with the same settings")
    # What has no traders is not compared, and what is gone is said to be gone.
    page.goto(f"{url}/#/runs?a=backtests/dear&b=sweeps/grid")
    expect(page.locator(".compare .state")).to_contain_text("no traders to compare")


def compared(page, one, other):
    """The figures of two traders stand beside each other with their difference."""

    def told(key, at):
        row = page.get_by_role("table", name="Figures of two runs").get_by_role("row", name=key)
        return row.locator("td").nth(at)

    expect(told("Return", 1)).to_contain_text(f"{plus(one['return_pct'], 2)} %")
    expect(told("Return", 2)).to_contain_text(f"{plus(other['return_pct'], 2)} %")
    low, high = (plus(value, 1) for value in one["return_pct_ci"])
    expect(told("Return", 1)).to_contain_text(f"95 %: {low} \u2026 {high}")
    made = other["return_pct"] - one["return_pct"]
    expect(told("Return", 3)).to_have_text(f"{plus(made, 2)} points")
    fees = [Decimal(row["fees"]) for row in (one, other)]
    expect(told("Fees", 1)).to_have_text(usd(float(fees[0])))
    expect(told("Fees", 3)).to_have_text(usd(float(fees[1] - fees[0]), sign=True))
    expect(told("Profit factor", 3)).to_have_text("\u2013")
    legend = page.locator(".compare .legend .button")
    expect(legend).to_have_text(
        [
            re.compile(f"^A {one['id']}.*{re.escape(plus(one['return_pct'], 2))} %$"),
            re.compile(f"^B {other['id']}.*{re.escape(plus(other['return_pct'], 2))} %$"),
        ]
    )


def test_a_report_opens_in_a_sandbox_and_names_of_all_kinds_fit_a_phone(
    place, serve_files, open_page
):
    url = serve_files(place / "api", place)
    # The page's own script is kept out of the server, which the console says.
    opened = open_page(f"{url}/runs/backtests/cheap/report.html", may_fail=True)
    expect(opened.locator("p")).to_have_text("drawn in null")
    expect(opened).to_have_title("kept out")
    page = open_page(f"{url}/#/runs?a=backtests/gone&b=backtests/cheap", width=390, may_fail=True)
    expect(page.locator(".compare .state")).to_contain_text("There is no such run")
    rows = page.get_by_role("table", name="Runs").locator("tbody tr")
    expect(rows).to_have_count(50)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    # A report that was replaced shows with the next look at the list.
    told = json.loads((place / "backtests/dear/report.json").read_bytes())
    told["traders"][1]["return_pct"] = 12.5
    keep_run(place, "backtests/dear", at=2_000_000_100, report=told)
    page.reload()
    expect(rows.first).to_contain_text("+12.50 %")
