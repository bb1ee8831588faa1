"""What the dashboard keeps in its address, saves, and says of trouble, in a real browser."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browsing import ask
from page_faint import faint
from page_figures import plus, rounded, usd
from page_trouble import keep, planted
from playwright.sync_api import expect

PAGES = ["#/", "#/positions", "#/trades", "#/conversations", "#/trader/cross_patient"]
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(480)]


def test_filters_and_order_are_in_the_address_and_survive_a_reload(api, open_page):
    page = open_page(f"{api.url}/#/trades")
    trades = api.ask("trades")["trades"]
    stopped = Counter(t["model_id"] for t in trades if t["exit_reason"] == "stop")
    trader = stopped.most_common(1)[0][0]
    page.get_by_label("Trader").select_option(trader)
    page.get_by_label("Left by").select_option("stop")
    page.get_by_role("button", name="Net result").click()
    page.get_by_role("button", name="Net result").click()
    assert page.url.endswith(f"#/trades?trader={trader}&left=stop&sort=net.up")
    page.reload()
    wanted = [t for t in trades if t["model_id"] == trader and t["exit_reason"] == "stop"]
    worst_first = sorted(t["realized_net_pnl"] for t in wanted)
    assert len(wanted) > 1
    rows = page.get_by_role("table", name="Closed trades").locator("tbody tr")
    expect(rows).to_have_count(len(wanted))
    expect(rows.locator("[data-label='Net result']")).to_have_text(
        [usd(net, sign=True) for net in worst_first]
    )
    expect(page.get_by_label("Trader")).to_have_value(trader)
    page.get_by_label("Left by").select_option("")
    assert page.url.endswith(f"#/trades?trader={trader}&sort=net.up")
    # A value that nobody has is said to match nothing; it is not dropped.
    page.evaluate("location.hash = '#/trades?trader=nobody&sort=nonsense'")
    expect(page.locator("main .state")).to_contain_text("No trade matches")
    expect(page.get_by_label("Trader")).to_have_value("nobody")


def test_trades_tell_how_they_were_left_and_lead_to_their_decisions(api, open_page):
    page = open_page(f"{api.url}/#/trades")
    trades = sorted(api.ask("trades")["trades"], key=lambda t: -t["exit_time"])
    shown = page.get_by_role("table", name="Closed trades").locator("[data-label='Left by']")
    expect(shown).to_have_text([re.compile(f"^{t['exit_reason']}") for t in trades[:100]])
    assert {t["exit_reason"] for t in trades} >= {"stop", "close"}
    link = page.get_by_role("link", name="why it was closed").first
    row = page.get_by_role("table").locator("tbody tr").filter(has=link).first
    coin = row.locator("b").first.inner_text()
    trader = row.locator("td.lead a").inner_text()
    link.click()
    expect(page.locator(".talk")).to_have_count(1)
    expect(page.locator(".talk header")).to_contain_text(trader)
    expect(page.locator(".talk .decisions")).to_contain_text(f"{coin} close")
    page.reload()
    expect(page.locator(".talk")).to_have_count(1)
    page.get_by_role("button", name="Show all cycles").click()
    expect(page.locator(".talk")).not_to_have_count(1)
    assert page.url.endswith(f"#/conversations?trader={trader}")
    page.evaluate("location.hash = '#/conversations?at=5'")
    expect(page.locator("main .state")).to_contain_text("the journal has it")


def test_filtered_trades_are_saved_as_csv_and_json(finished, serve_files, open_page, tmp_path):
    directory = tmp_path / "api"
    shutil.copytree(finished.data / "api", directory)
    path = directory / "trades.json"
    document = json.loads(path.read_bytes())
    evil = '=HYPERLINK("http://x"), or\nnot'
    trade = document["trades"][0]
    trade["exit_plan"] = trade["exit_plan"] | {"invalidation_condition": evil}
    keep(directory, "trades", document)
    url = serve_files(directory)
    page = open_page(f"{url}/#/trades?trader={trade['model_id']}")
    expect(page.locator("#trade-sum")).to_contain_text("trades, net")
    saved = {}
    for kind in ("CSV", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind).click()
        assert download.value.suggested_filename == f"trades.{kind.lower()}"
        saved[kind] = Path(download.value.path()).read_bytes().decode()
    told = ask(url, "trades")["trades"]
    wanted = [t for t in told if t["model_id"] == trade["model_id"]]
    wanted.sort(key=lambda t: -t["exit_time"])
    assert json.loads(saved["JSON"]) == wanted
    rows = list(csv.DictReader(io.StringIO(saved["CSV"], newline="")))
    assert [row["id"] for row in rows] == [t["id"] for t in wanted]
    for row, one in zip(rows, wanted, strict=True):
        assert float(row["realized_net_pnl"]) == one["realized_net_pnl"]
        assert row["exit_liquidation"] == ""
    mine = next(row for row in rows if row["id"] == trade["id"])
    assert mine["exit_plan.invalidation_condition"] == "'" + evil  # text, not a formula


def test_an_unknown_route_says_so(api, open_page):
    page = open_page(f"{api.url}/#/trades")
    for address in ("#/nosuch", "#/trader/nobody", "#/%E0%A4%A", "#/trades/nosuch"):
        page.evaluate("address => { location.hash = address }", address)
        expect(page.locator("main .state")).to_contain_text("There is no such")
        expect(page.locator("#tabs [aria-current]")).to_have_count(0)
        expect(page.locator("main h1")).to_have_count(1)


def value(page, name):
    return page.locator(f".readout [data-fact={name}]")


def test_the_price_chart_reads_out_bars_and_lists_marks_by_keyboard(api, open_page):
    trader = "reverter"
    page = open_page(f"{api.url}/#/trader/{trader}", before=SMALL)
    held = next(r for r in api.ask("positions")["accountTotals"] if r["model_id"] == trader)
    sizes = {c: abs(p["quantity"] * p["current_price"]) for c, p in held["positions"].items()}
    coin = max(sizes, key=sizes.get)
    chart = page.locator(".price-chart")
    expect(chart).to_have_attribute("aria-label", re.compile(f"^Price of {coin}, bars of 3m, "))
    chart.locator("canvas").first.wait_for()
    series = api.ask(f"candles?symbol={coin}")["candles"]
    bars = next(row["bars"] for row in series if row["interval"] == "3m")
    expect(value(page, "close")).to_have_text(f"C {price(bars[-1][4])}")
    chart.focus()
    page.keyboard.press("Home")
    for name, letter, number in zip(
        ("open", "high", "low", "close"), "OHLC", bars[0][1:5], strict=True
    ):
        expect(value(page, name)).to_have_text(f"{letter} {price(number)}")
    shown = bars[-1][6]
    page.keyboard.press("End")
    for name in ("ema20", "rsi14"):
        told = page.locator(f".readout [data-fact='indicator:{name}']")
        expect(told).to_have_text(f"{name} {rounded(shown[name], 2):,}")
    page.keyboard.press("Home")
    # Marks that would cover each other stand together, and none is lost.
    trades = [t for t in api.ask("trades")["trades"] if t["model_id"] == trader]
    times = [t[when] for t in trades if t["symbol"] == coin for when in ("entry_time", "exit_time")]
    drawn = sum(at >= bars[0][0] for at in [*times, held["positions"][coin]["entry_time"]])
    page.locator(".price-chart[data-clusters]").wait_for()
    assert 0 < int(chart.get_attribute("data-clusters")) < drawn
    listed = 0
    for _ in range(int(chart.get_attribute("data-clusters"))):
        page.keyboard.press("PageDown")
        page.keyboard.press("Enter")
        marks = page.locator(".mark-list li")
        expect(page.locator(".mark-list")).to_be_focused()
        listed += marks.count()
        page.keyboard.press("Escape")
        expect(chart).to_be_focused()
    assert listed == drawn
    # The wheel alone is the page's; with Ctrl it zooms, and so do keys.
    shown = int(chart.get_attribute("data-bars"))
    chart.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(chart).not_to_have_attribute("data-bars", str(shown))
    closer = int(chart.get_attribute("data-bars"))
    assert closer < shown
    chart.focus()
    page.keyboard.press("0")
    expect(chart).not_to_have_attribute("data-bars", str(closer))
    # What was chosen is in the address.
    other = next(c for c in sorted({t["symbol"] for t in trades}) if c != coin)
    page.get_by_role("group", name="Coin").get_by_role("button", name=other).click()
    page.get_by_role("button", name="The last 24 hours").click()
    page.get_by_role("group", name="Bars").get_by_role("button", name="4h").click()
    assert page.url.endswith(f"?coin={other}&span=24h&bars=4h")
    page.reload()
    expect(chart).to_have_attribute("aria-label", re.compile(f"^Price of {other}, bars of 4h, "))


SMALL = """addEventListener("DOMContentLoaded", () => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".price-chart { width: 240px }");
  document.adoptedStyleSheets = [sheet];
})"""
"""A chart so narrow that marks come close to each other."""


def price(number):
    digits = 1 if number >= 10000 else 2 if number >= 100 else 4
    if number < 1:
        digits = 4 - math.floor(math.log10(number))
    return f"{rounded(number, digits):,}"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_trader_has_ten_figures_first_a_calendar_and_its_profit_by_coin(
    api, open_page, width, scheme
):
    trader = "cross_patient"
    page = open_page(f"{api.url}/#/trader/{trader}", width=width, scheme=scheme)
    expect(page.locator(".tile:visible")).to_have_count(10)
    expect(page.locator("[data-table]:visible")).to_have_count(0)
    standing = next(r for r in api.ask("leaderboard")["leaderboard"] if r["id"] == trader)
    chance = rounded(100 * standing["beats_baseline_p"], 0)
    expect(page.locator("[data-tile=rank]")).to_contain_text(f"beats the best baseline: {chance} %")
    page.locator(".figures > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-table]:visible")).to_have_count(6)
    count = page.locator("[data-field]").count()
    expect(page.locator(".figures > summary")).to_have_text(f"All figures: {count + 3} more")
    page.reload()
    expect(page.locator("[data-table]:visible")).to_have_count(6)
    # Each day and week is what the account totals say, moved capital left out.
    rows = [r for r in api.ask("account-totals")["accountTotals"] if r["model_id"] == trader]
    rows.sort(key=lambda row: row["timestamp"])
    made = [(rows[0]["timestamp"], 0.0, rows[0]["return_pct"])]
    ends = {}
    for row in rows[1:]:
        ends[math.ceil(row["timestamp"] / 86400) - 1] = row
    before = rows[0]
    for day, row in sorted(ends.items()):
        cell = page.locator(f"[data-day='{datetime.fromtimestamp(day * 86400, UTC):%Y-%m-%d}']")
        pct = 100 * ((100 + row["return_pct"]) / (100 + before["return_pct"]) - 1)
        expect(cell.locator(".full")).to_have_text(f"{plus(pct, 2)} %")
        made.append((day, profit(row) - profit(before), pct))
        before = row
    assert len(ends) > 1
    page.get_by_role("button", name="Profit in US dollars").click()
    cells = page.locator("[data-day] .full")
    expect(cells).to_have_text([usd(one, sign=True) for _, one, _ in made[1:]])
    whole = profit(rows[-1]) - profit(rows[0])
    expect(page.locator("[data-week] .full")).to_have_text(usd(whole, sign=True))
    assert page.url.endswith("profit=usd")
    # Where rows are missing a result says of how many days it is; midnight ends a day.
    assert page.evaluate(GAP) == [[20000, 1, 5, 5], [20003, 3, 10, -5]]
    assert faint(page, ".calendar td span, .calendar th") == []
    # What was made with each coin is the sum of its trades, and what is open.
    trades = [t for t in api.ask("trades")["trades"] if t["model_id"] == trader]
    held = next(r for r in api.ask("positions")["accountTotals"] if r["model_id"] == trader)
    coins = page.get_by_role("table", name="Profit by coin").locator("tbody tr")
    expect(coins).to_have_count(len({t["symbol"] for t in trades} | set(held["positions"])))
    for coin in {t["symbol"] for t in trades}:
        net = sum(t["realized_net_pnl"] for t in trades if t["symbol"] == coin)
        row = coins.filter(has=page.locator(f"b:text-is('{coin}')"))
        expect(row.locator("[data-label='Closed, net']")).to_have_text(usd(net, sign=True))
        if coin in held["positions"]:
            now = held["positions"][coin]["unrealized_pnl"]
            expect(row.locator("[data-label='Open']")).to_have_text(usd(now, sign=True))
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_profit_by_coin_says_that_it_is_of_a_part_and_adds_up_all_on_demand(
    finished, serve_files, open_page, tmp_path
):
    directory = tmp_path / "api"
    shutil.copytree(finished.data / "api", directory)
    trades = json.loads((directory / "trades.json").read_bytes())
    one = next(row for row in trades["trades"] if row["model_id"] == "cross_patient")
    rest = [row for row in trades["trades"] if row["model_id"] != "cross_patient"]
    mine = [{**one, "id": f"t{n}", "symbol": "BTC", "realized_net_pnl": 1.0} for n in range(130)]
    keep(directory, "trades", {"trades": [*mine, *rest], "serverTime": 1})
    analytics = json.loads((directory / "analytics.json").read_bytes())
    row = next(row for row in analytics["analytics"] if row["model_id"] == "cross_patient")
    row["overall_trades_overview_table"]["total_trades"] = 130
    keep(directory, "analytics", analytics)
    page = open_page(f"{serve_files(directory)}/#/trader/cross_patient")
    coins = page.get_by_role("table", name="Profit by coin")
    closed = coins.locator("tr").filter(has_text="BTC").locator("[data-label='Closed, net']")
    expect(closed).to_have_text("+$100.00")
    panel = page.locator("section.panel").filter(has=coins)
    expect(panel).to_contain_text("Of the newest 100 of 130 closed trades.")
    page.get_by_role("button", name="Add up all of them").click()
    expect(closed).to_have_text("+$130.00")
    expect(panel).to_contain_text("Of all closed trades")


GAP = """import("./static/js/days.js").then(({ results }) => {
  const row = (day, made, pct) => ({
    timestamp: 86400 * day, realized_pnl: made, total_unrealized_pnl: 0, return_pct: pct,
  });
  const rows = [row(20000, 0, 0), row(20000.5, 1, 2), row(20001, 5, 5), row(20003.5, 15, -0.25)];
  return [...results(rows).days].map(([day, one]) => [day, one.over, one.usd, one.pct].map(
    (each) => Math.round(each * 1e6) / 1e6));
})"""


def profit(row):
    return row["realized_pnl"] + row["total_unrealized_pnl"]


PUSHED = "window.setInterval = () => 0"  # nothing is asked by a schedule any more
ASKED = "window.EventSource = class { close() {} }"  # no stream gets through


@pytest.mark.parametrize("way", [PUSHED, ASKED])
def test_a_new_export_is_drawn_by_push_and_without_a_stream_by_asking(
    finished, serve_files, open_page, tmp_path, way
):
    directory, status = planted(finished, tmp_path)
    page = open_page(f"{serve_files(directory)}/#/positions", before=way)
    expect(page.locator("#engine [data-state]")).to_have_text("Engine halted")
    expect(page.get_by_role("table", name="Open positions")).to_be_visible()
    status["engine"] |= {"state": "ended", "reason": "the recording is over"}
    status["engine"]["notes"] = ["ann: not from these <i>prompts</i>"]
    keep(directory, "status", status)
    expect(page.locator("#engine [data-state]")).to_have_text("Run finished")
    expect(page.locator("#engine")).to_contain_text("the recording is over")
    expect(page.locator("#engine")).to_contain_text("Note: ann: not from these <i>prompts</i>")


def test_trouble_is_seen_on_every_page_before_anything_is_opened(
    finished, serve_files, open_page, tmp_path
):
    directory, status = planted(finished, tmp_path)
    dead, braked, mute, *_ = status["traders"]
    page = open_page(f"{(url := serve_files(directory))}/", width=390)
    good = sum(row["usable_answers"] for row in status["traders"])
    asked = sum(row["cycles"] for row in status["traders"])
    bar = page.get_by_label("Engine", exact=True)
    for address in PAGES:
        page.evaluate("address => { location.hash = address }", address)
        expect(bar.locator("[data-state]")).to_have_text("Engine halted")
        expect(bar).to_contain_text("the venue <i>looks odd</i>by a person, with nof0 halt")
        expect(bar.locator("[data-count=usable]")).to_have_text(
            f"{good:,} of {asked:,} answers usable"
        )
        unwell = f"{dead['id']} failing · {braked['id']} braked · {mute['id']} no usable answer"
        lines = [
            f"Traders: {unwell}",
            "Services: market recorded · exporter prometheus",
            "Alerts: all entries are stopped",
        ]
        expect(bar.locator("summary")).to_have_text(lines)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    bar.locator("summary").first.focus()
    page.keyboard.press("Enter")
    rows = bar.locator("[data-trader]")
    expect(rows).to_have_count(len(status["traders"]))
    expect(rows.first).to_contain_text(dead["id"])
    expect(rows.first).to_contain_text("my-model refused the connection")
    expect(rows.first).to_contain_text("0 of 12 answers usablefailed cycles: model error 12")
    expect(rows.last).to_contain_text("ok700 of 700 answers usable")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    # What is read stays open when a new export is drawn.
    dead["reason"] = "it still refuses"
    keep(directory, "status", status)
    expect(rows.first).to_contain_text("it still refuses")
    expect(bar.locator("summary").first).to_be_focused()
    wide = open_page(f"{url}/", scheme="dark")
    assert contrast(wide, "#engine .engine-named") >= 4.5
    assert contrast(wide, "#engine .state-word") >= 4.5


CONTRAST = """element => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(one => one / 255)
    .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  let back = element;
  while (channels(getComputedStyle(back).backgroundColor)[3] === 0) back = back.parentElement;
  const seen = [getComputedStyle(element).color, getComputedStyle(back).backgroundColor]
    .map(one => luminance(channels(one))).sort((a, b) => b - a);
  return (seen[0] + 0.05) / (seen[1] + 0.05);
}"""


def contrast(page, selector):
    """How far a text stands out from what is behind it, as WCAG reckons."""
    return page.locator(selector).first.evaluate(CONTRAST)


def test_the_wheel_scrolls_the_page_over_a_price_chart(api, open_page):
    page = open_page(f"{api.url}/#/trader/cross_patient")
    chart = page.locator(".price-chart")
    chart.locator("canvas").first.wait_for()
    chart.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    chart.hover()
    page.mouse.wheel(0, 200)
    while page.evaluate("scrollY") <= before:
        page.wait_for_timeout(50)
    page.evaluate("location.hash = '#/trades'")
    expect(page.locator("#main")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.querySelector('#main')).outlineStyle") == "none"
