"""The dashboard in a real browser, on a finished run served by the real server."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from browsing import Served
from page_figures import plus, usd
from page_trouble import keep
from playwright.sync_api import expect

from nof0_core.documents.export_note import digest_of

ROOT = Path(__file__).parents[2]
PAGES = ["#/", "#/positions", "#/trades", "#/conversations", "#/trader/cross_patient"]
HEADINGS = {"#/": "Arena", "#/positions": "Open positions", "#/trades": "Trades"}
CANVAS_COLOURS = """canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 200) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  }
  return [...seen];
}"""

ESCAPED = """[...document.querySelectorAll("main td > .cell, main .tile, main dd")]
  .filter(one => one.scrollWidth > one.clientWidth + 1)
  .map(one => one.textContent)"""
"""Texts that are wider than the place they stand in."""

# Installing a browser on a bare machine takes its time.
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(480)]


def rgb(page, name):
    """A colour of the stylesheet as the number the canvas test speaks of."""
    value = page.evaluate(
        "name => getComputedStyle(document.documentElement).getPropertyValue(name)", f"--{name}"
    )
    return int(value.strip().removeprefix("#"), 16)


def colours(canvas):
    return set(canvas.evaluate(CANVAS_COLOURS))


def totals(api, trader):
    rows = [row for row in api.ask("account-totals")["accountTotals"] if row["model_id"] == trader]
    return sorted(rows, key=lambda row: row["timestamp"])


def test_curves_of_all_traders_and_the_benchmark_are_drawn(api, open_page):
    page = open_page(f"{api.url}/")
    legend = page.locator(".legend .button")
    newest = {}
    for row in api.ask("account-totals")["accountTotals"]:
        newest[row["model_id"]] = row["return_pct"]
    expect(legend).to_have_count(len(newest))
    for trader, made in newest.items():
        name = "buy and hold BTC" if trader == "buynhold_btc" else trader
        expect(legend.filter(has_text=re.compile(rf"^{name}[−+\d]"))).to_contain_text(
            f"{plus(made, 2)} %"
        )
    drawn = colours(page.locator(".chart canvas"))
    traders = len(newest) - 1
    wanted = {rgb(page, name) for name in (*(f"s{i}" for i in range(traders)), "benchmark")}
    assert wanted <= drawn


def test_unit_of_the_curves_can_be_switched(api, open_page):
    page = open_page(f"{api.url}/")
    page.get_by_role("button", name="Equity in US dollars").click()
    row = totals(api, "cross_patient")[-1]
    button = page.locator(".legend .button").filter(has_text="cross_patient")
    expect(button).to_contain_text(usd(row["dollar_equity"]))
    expect(page.get_by_role("heading", name="Equity in US dollars")).to_be_visible()


WRITTEN = """(() => {
  const write = CanvasRenderingContext2D.prototype.fillText;
  const erase = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    if (this.canvas.isConnected) window.written = [];
    return erase.apply(this, area);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    if (this.canvas.isConnected) window.written.push([text, y]);
    return write.call(this, text, x, y);
  };
  window.written = [];
})()"""
"""Keeps what is written on the one chart of a page: texts and how far down they stand."""


def written(page, wanted):
    """Texts on the chart once they are as wanted, from top to bottom."""
    while not page.evaluate(wanted):  # the content policy refuses what Playwright would wait with
        page.wait_for_timeout(50)
    return [text for text, _ in sorted(page.evaluate("window.written"), key=lambda one: one[1])]


def test_each_curve_ends_with_its_name_and_value_and_none_covers_another(api, open_page):
    page = open_page(f"{api.url}/", before=WRITTEN)
    newest = {row["id"]: row["return_pct"] for row in api.ask("leaderboard")["leaderboard"]}
    wanted = [f"{trader} {plus(made, 2)} %" for trader, made in newest.items()]
    texts = written(page, "window.written.some(([text]) => text.startsWith('reverter'))")
    assert [text for text in texts if text in wanted] == wanted
    held = totals(api, "buynhold_btc")[-1]["return_pct"]
    assert f"buy and hold BTC {plus(held, 2)} %" in texts
    ends = [(text, at) for text, at in page.evaluate("window.written") if text in wanted]
    places = sorted(at for _, at in ends)
    assert all(lower - upper >= 14.9 for upper, lower in itertools.pairwise(places))
    page.locator(".legend .button").filter(has_text="reverter").click()
    texts = written(page, "!window.written.some(([text]) => text.startsWith('reverter'))")
    assert wanted[0] in texts


def test_range_scale_and_unit_are_chosen_and_kept_in_the_address(api, open_page):
    page = open_page(f"{api.url}/")
    page.get_by_role("button", name="The last 24 hours").click()
    page.get_by_role("button", name="Logarithmic scale").click()
    page.get_by_role("button", name="Equity in US dollars").click()
    assert page.url.endswith("#/?range=24h&scale=log&unit=usd")
    page.reload()
    for name in ("The last 24 hours", "Logarithmic scale", "Equity in US dollars"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    page.locator(".chart").focus()
    rows = totals(api, "cross_patient")
    first = next(row for row in rows if row["timestamp"] >= rows[-1]["timestamp"] - 86400)
    for _ in range(3):
        page.keyboard.press("PageUp")
    button = page.locator(".legend .button").filter(has_text="cross_patient")
    expect(button).to_contain_text(usd(first["dollar_equity"]))
    page.get_by_role("button", name="Return in percent").click()
    expect(button).to_contain_text(f"{plus(rows[-1]['return_pct'], 2)} %")
    page.get_by_role("link", name="Positions").click()
    expect(page.get_by_role("heading", name="Open positions")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Logarithmic scale")).to_have_attribute(
        "aria-pressed", "true"
    )


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize(("unit", "size"), [("percent", 0.0004), ("usd", 0.0004), ("percent", 60)])
def test_no_two_lines_of_the_axis_have_one_label(
    finished, serve_files, open_page, tmp_path, scale, unit, size
):
    directory = tmp_path / "api"
    shutil.copytree(finished.data / "api", directory)
    rows = [
        {
            "id": f"holder_{hour}",
            "model_id": "holder",
            "timestamp": 1753228800.0 + 3600 * hour,
            "dollar_equity": 1500 + 15 * size * (-1) ** hour,
            "return_pct": size * (-1) ** hour,
            "positions": {},
            "realized_pnl": 0.0,
            "total_unrealized_pnl": 0.0,
            "since_inception_hourly_marker": hour,
        }
        for hour in range(10)
    ]
    keep(directory, "account-totals", {"accountTotals": rows, "lastHourlyMarkerRead": 9})
    address = f"{serve_files(directory)}/#/?scale={scale}&unit={unit}"
    page = open_page(address, before=WRITTEN)
    texts = written(page, "window.written.some(([text]) => text.startsWith('holder'))")
    labels = [text for text in texts if re.fullmatch(r"−?\$?[\d.,]+( %)?", text)]
    assert len(labels) == len(set(labels)) >= 3, labels


def test_moved_capital_has_a_column_of_its_own(api, open_page):
    page = open_page(f"{api.url}/")
    table = page.get_by_role("table", name="Leaderboard")
    for row in api.ask("leaderboard")["leaderboard"]:
        last = totals(api, row["id"])[-1]
        made = last["realized_pnl"] + last["total_unrealized_pnl"]
        moved = last["dollar_equity"] - api_capital(api, row["id"]) - made
        shown = table.locator("tbody tr").filter(has=page.get_by_text(row["id"], exact=True))
        expect(shown.locator("[data-label=Moved]")).to_have_text(usd(moved, sign=True))


def test_pointer_and_arrow_keys_read_past_values(api, open_page):
    page = open_page(f"{api.url}/")
    chart, when = page.locator(".chart"), page.locator(".legend-time")
    expect(when).to_contain_text("Newest")
    chart.focus()
    rows = totals(api, "reverter")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(when).to_contain_text("At ")
    button = page.locator(".legend .button").filter(has_text="reverter")
    expect(button).to_contain_text(f"{plus(rows[-3]['return_pct'], 2)} %")
    chart.hover(position={"x": 400, "y": 100})
    shown = when.inner_text()
    chart.hover(position={"x": 300, "y": 100})
    expect(when).not_to_have_text(shown)


def test_leaderboard_shows_the_numbers_of_the_api_and_whether_they_mean_anything(
    api, finished, open_page
):
    page = open_page(f"{api.url}/")
    rows = api.ask("leaderboard")["leaderboard"]
    shown = page.get_by_role("table", name="Leaderboard").locator("tbody tr")
    expect(shown).to_have_count(len(rows))
    for index, row in enumerate(rows):
        expect(shown.nth(index)).to_contain_text(row["id"])
        low, high = row["return_pct_ci"]
        for text in (
            usd(row["equity"]),
            f"{plus(row['return_pct'], 2)} %",
            f"{plus(low, 1)} … {plus(high, 1)}",
            plus(row["sharpe"], 2),
            f"{row['usable_answers']} of {row['cycles']}",
            usd(row["lose_dollars"], sign=True),
        ):
            expect(shown.nth(index)).to_contain_text(text)
    # The same sentence as the command prints; the page writes a real minus sign.
    sentence = page.locator("#verdict").inner_text().replace("−", "-")
    assert "means nothing" in sentence
    assert sentence in finished.said


def test_who_is_not_ranked_stands_last_with_the_reason_on_page_and_terminal(
    finished, serve_files, open_page, tmp_path
):
    shutil.copytree(finished.data / "api", tmp_path / "api")
    path = tmp_path / "api" / "leaderboard.json"
    rows = json.loads(path.read_bytes())["leaderboard"]
    why = "0 of 12 answers usable, 0 of 20 cycles"
    outside = {"usable_answers": 0, "cycles": 12, "status": "failing", "unranked_reason": why}
    rows = [*rows[1:], {**rows[0], **outside, "beats_baseline_p": None}]
    path.write_text(json.dumps({"leaderboard": rows}))
    ids = [row["id"] for row in rows]
    command = [sys.executable, "-m", "nof0_core", "leaderboard", str(tmp_path / "api")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ranks = [*map(str, range(1, len(rows))), "–"]
    named = [row["name"] for row in rows]
    told = re.findall(r"(?m)^(\d|–) +(\S.*?) \* ", said)
    assert told == list(zip(ranks, named, strict=True))
    page = open_page(f"{(url := serve_files(tmp_path / 'api'))}/")
    table = page.get_by_role("table", name="Leaderboard")
    expect(table.locator("tbody td.lead a")).to_have_text(ids)
    expect(table.locator("tbody td.rank")).to_have_text(ranks)
    last = table.locator("tbody tr").last
    expect(last).to_contain_text(f"failing{rows[-1]['name']}not ranked: {why}")
    expect(table.locator("tbody tr.apart")).to_have_count(1)
    assert page.locator("#verdict").inner_text().replace("−", "-") in " ".join(said.split())
    page.evaluate("id => { location.hash = `#/trader/${id}` }", ids[-1])
    expect(page.locator("[data-tile=rank] dd")).to_have_text(f"not ranked{why}")
    expect(page.locator("[data-tile=usable] dd")).to_contain_text("0 of 12")
    page.evaluate("id => { location.hash = `#/trader/${id}` }", ids[0])
    expect(page.locator("[data-tile=rank] dd")).to_contain_text(f"1 of {len(rows) - 1}")
    narrow = open_page(f"{url}/", width=390)
    expect(narrow.get_by_role("table", name="Leaderboard")).to_contain_text(why)
    wide = narrow.evaluate("document.documentElement.scrollWidth")
    assert (wide, narrow.evaluate(ESCAPED)) == (390, [])


def test_prices_are_in_the_ticker(api, open_page):
    page = open_page(f"{api.url}/")
    prices = api.ask("crypto-prices")["prices"]
    expect(page.locator("#ticker [data-symbol]")).to_have_count(len(prices))
    bitcoin = page.locator("#ticker [data-symbol=BTC]")
    expect(bitcoin).to_contain_text(f"{prices['BTC']['price']:,.1f}")


def test_positions_have_exit_plan_and_liquidation_price(api, open_page):
    page = open_page(f"{api.url}/#/positions")
    held = [
        (account["model_id"], position)
        for account in api.ask("positions")["accountTotals"]
        for position in account["positions"].values()
    ]
    rows = page.get_by_role("table", name="Open positions").locator("tbody tr")
    expect(rows).to_have_count(len(held))
    for index, (trader, position) in enumerate(held):
        row = rows.nth(index)
        expect(row).to_contain_text(trader)
        expect(row).to_contain_text(usd(position["unrealized_pnl"], sign=True))
        expect(row).to_contain_text(f"stop {price(position['exit_plan']['stop_loss'])}")
        if position["liquidation_price"] is not None:
            expect(row).to_contain_text(price(position["liquidation_price"]))


def price(value):
    if value >= 1:
        digits = 1 if value >= 10000 else 2 if value >= 100 else 4
    else:
        digits = 4 + next(n for n in range(1, 12) if value * 10**n >= 1)
    return f"{value:,.{digits}f}"


def test_trades_can_be_filtered_and_sorted(api, open_page):
    page = open_page(f"{api.url}/#/trades")
    trades = api.ask("trades")["trades"]
    wanted = [t for t in trades if t["model_id"] == "coin_flip_busy" and t["side"] == "short"]
    assert 1 < len(wanted) < len(trades)
    page.get_by_label("Trader").select_option("coin_flip_busy")
    page.get_by_label("Side").select_option("short")
    net = sum(t["realized_net_pnl"] for t in wanted)
    expect(page.locator("#trade-sum")).to_contain_text(
        f"{len(wanted)} trades, net {usd(net, sign=True)} after"
    )
    page.get_by_role("button", name="Net result").click()
    best = max(t["realized_net_pnl"] for t in wanted)
    first = page.get_by_role("table", name="Closed trades").locator("tbody tr").first
    expect(first).to_contain_text(usd(best, sign=True))
    page.get_by_role("button", name="Net result").click()
    expect(first).to_contain_text(usd(min(t["realized_net_pnl"] for t in wanted), sign=True))


def test_all_trades_are_sorted_and_not_only_those_shown(
    api, finished, serve_files, open_page, tmp_path
):
    shutil.copytree(finished.data / "api", tmp_path / "api")
    known = api.ask("trades")["trades"]
    older = [one | {"id": f"old_{one['id']}", "exit_time": one["exit_time"] - 9e6} for one in known]
    trades = known + older
    keep(tmp_path / "api", "trades", {"trades": trades})
    page = open_page(f"{serve_files(tmp_path / 'api')}/#/trades")
    rows = page.get_by_role("table", name="Closed trades").locator("tbody tr")
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Closed").click()
    oldest = min(t["exit_time"] for t in trades)
    shown = time.strftime("%Y-%m-%d %H:%M:%S +00:00", time.gmtime(oldest))
    expect(rows.first.locator("time")).to_have_text(shown)
    more = page.get_by_role("button", name="Show more")
    more.click()
    expect(rows).to_have_count(len(trades))
    expect(more).to_be_hidden()


def test_conversations_show_reasoning_and_what_the_gate_said(api, open_page):
    page = open_page(f"{api.url}/#/conversations")
    page.get_by_label("Show").select_option("with decisions")
    told = [c for c in api.ask("conversations")["conversations"] if c["llm_response"]]
    first = page.locator(".talk").first
    expect(first).to_contain_text(told[0]["cot_trace"].splitlines()[0])
    symbol, decision = next(iter(told[0]["llm_response"].items()))
    verdict = (
        "refused" if f"{symbol} {decision['signal']} (refused)" in told[0]["summary"] else "app"
    )
    expect(first.locator(".decisions li").first).to_contain_text(symbol)
    expect(first.locator(".decisions li").first).to_contain_text(verdict)


def test_page_of_a_trader_says_everything_about_it(api, open_page):
    trader = "cross_patient"
    page = open_page(f"{api.url}/#/trader/{trader}")
    analytics = api.ask(f"analytics/{trader}")["analytics"][0]
    rows = totals(api, trader)

    def tile(name):
        return page.locator(f"[data-tile={name}] dd")

    fees = analytics["fee_pnl_moves_breakdown_table"]["total_fees_paid"]
    expect(tile("fees")).to_contain_text(usd(fees))
    peak, worst = 100.0, 0.0
    for row in rows:
        peak = max(peak, 100 + row["return_pct"])
        worst = min(worst, 100 * (100 + row["return_pct"] - peak) / peak)
    expect(tile("drawdown")).to_contain_text(f"{plus(worst, 1)} %")
    expect(tile("cost")).to_contain_text("$0.00")
    expect(page.locator("h1")).to_contain_text("ema-cross-patient")
    moved = (
        rows[-1]["dollar_equity"]
        - api_capital(api, trader)
        - rows[-1]["realized_pnl"]
        - rows[-1]["total_unrealized_pnl"]
    )
    expect(tile("equity")).to_contain_text(f"moved {usd(moved, sign=True)}")
    winners = analytics["winners_losers_breakdown_table"]
    expect(page.locator("[data-field=win_rate]")).to_have_text(f"{winners['win_rate']:.1f} %")
    expect(page.locator("[data-table]")).to_have_count(6)
    # Equity, drawdown, exposure, and the price with its marks: none of them blank.
    for index in range(3):
        assert len(colours(page.locator(".chart canvas").nth(index))) > 3
    priced = page.locator(".price-chart canvas").first
    priced.wait_for()
    wanted = {rgb(page, "up"), rgb(page, "down")}
    # The library draws when the browser asks for the next picture.
    while not wanted <= set().union(
        *(colours(c) for c in page.locator(".price-chart canvas").all())
    ):
        page.wait_for_timeout(50)


def test_decisions_are_drawn_on_candles_of_a_chosen_length(api, open_page):
    page = open_page(f"{api.url}/#/trader/cross_patient")
    bars = {row["interval"] for row in api.ask("candles?symbol=BTC")["candles"]}
    switch = page.get_by_role("group", name="Bars")
    expect(switch.get_by_role("button")).to_have_count(len(bars) + 1)
    chart = page.locator(".price-chart")
    for coin, view in (("BTC", "3m"), ("ETH", "4h"), ("ETH", "line")):
        page.get_by_role("group", name="Coin").get_by_role("button", name=coin).click()
        switch.get_by_role("button", name=view).click()
        said = view if view == "line" else f"bars of {view}"
        expect(chart).to_have_attribute("aria-label", re.compile(f"^Price of {coin}, {said}, "))
        expect(switch.get_by_role("button", name=view)).to_have_attribute("aria-pressed", "true")
    wanted = {rgb(page, "accent")}
    while not wanted <= set().union(*(colours(c) for c in chart.locator("canvas").all())):
        page.wait_for_timeout(50)


def test_cards_of_a_phone_are_sorted_by_a_list_and_a_button(api, open_page):
    page = open_page(f"{api.url}/", width=390)
    ids = [row["id"] for row in api.ask("leaderboard")["leaderboard"]]
    cards = page.get_by_role("table", name="Leaderboard").locator("tbody tr td.lead a")
    expect(cards).to_have_text(ids)
    page.get_by_label("Sort by").select_option(label="Trader")
    expect(cards).to_have_text(sorted(ids, reverse=True))
    page.get_by_role("button", name="descending").click()
    expect(cards).to_have_text(sorted(ids))
    page.get_by_label("Sort by").select_option(label="the usual order")
    expect(cards).to_have_text(ids)
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.get_by_label("Sort by")).to_be_hidden()


def api_capital(api, trader):
    rows = api.ask("since-inception-values")["sinceInceptionValues"]
    return next(row["nav_since_inception"] for row in rows if row["model_id"] == trader)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_in_both_themes(api, open_page, scheme, width):
    page = open_page(f"{api.url}/", width=width, scheme=scheme)
    for address in PAGES:
        page.evaluate("address => { location.hash = address }", address)
        expect(page.locator("main h1")).to_contain_text(HEADINGS.get(address, ""))
        expect(page.locator("main [aria-busy]")).to_have_count(0)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, address
        assert page.evaluate(ESCAPED) == [], address
    # The library of the price chart lays out its axes in a table; our cards must leave it alone.
    page.locator(".price-chart td").first.wait_for(state="attached")
    cells = page.locator(".price-chart td").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell).display)"
    )
    assert set(cells) == {"table-cell"}
    assert page.evaluate("document.documentElement.dataset.theme") == scheme


def test_keyboard_reaches_the_content_and_switches_the_theme(api, open_page):
    page = open_page(f"{api.url}/#/trades")
    expect(page.locator("table")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    assert page.url.endswith("#/trades")
    before = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
    page.locator("#theme").focus()
    page.keyboard.press("Enter")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    after = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
    assert after != before


def test_every_page_says_how_the_engine_is(api, open_page):
    status = api.ask("status")
    page = open_page(f"{api.url}/")
    for address in PAGES:
        page.evaluate("address => { location.hash = address }", address)
        bar = page.get_by_label("Engine", exact=True)
        expect(bar.locator("[data-state]")).to_have_text("Run finished")
        expect(bar).to_contain_text(status["engine"]["reason"])
        well = sum(row["status"] == "ok" for row in status["traders"])
        expect(bar.locator("[data-count=ok]")).to_have_text(f"{well} ok")


def test_a_page_draws_one_export_and_follows_the_next(finished, serve_files, open_page, tmp_path):
    """What is of a newer export alone is not drawn; when all is, it is."""
    directory = tmp_path / "api"
    shutil.copytree(finished.data / "api", directory)

    def write(name, document):
        draft = directory / ".draft"
        draft.write_text(json.dumps(document))
        draft.replace(directory / f"{name}.json")

    note = json.loads((directory / "export.json").read_bytes())
    status = json.loads((directory / "status.json").read_bytes())
    page = open_page(f"{serve_files(directory)}/")
    expect(page.locator("#engine [data-state]")).to_have_text("Run finished")
    status["engine"] |= {"state": "failed", "reason": "<b>the disk is gone</b>"}
    status["traders"][0] |= {"status": "failing", "failed_by_reason": {"model_timeout": 3}}
    text = json.dumps(status)
    write("status", status)
    note["export"] += 1
    note["documents"]["status.json"] = digest_of(text.encode())
    with page.expect_response(lambda answer: "api/status" in answer.url):
        pass
    expect(page.locator("#engine [data-state]")).to_have_text("Run finished")
    write("export", note)
    expect(page.locator("#engine [data-state]")).to_have_text("Engine failed")
    expect(page.locator("#engine")).to_contain_text("<b>the disk is gone</b>")
    expect(page.locator("#engine [data-count=failed]")).to_have_text("3 failed cycles")


def test_polling_costs_no_body_while_nothing_changes(api, open_page):
    page = open_page(f"{api.url}/")
    expect(page.locator("#ticker [data-symbol]")).not_to_have_count(0)
    with page.expect_response(lambda answer: "crypto-prices" in answer.url) as asked:
        pass
    assert asked.value.status == 304
    assert asked.value.request.headers["if-none-match"]


def test_times_are_utc_with_their_offset_wherever_the_reader_is(api, open_page):
    page = open_page(f"{api.url}/#/trades")  # the browser believes it is in Tokyo
    newest = max(t["exit_time"] for t in api.ask("trades")["trades"])
    shown = page.get_by_role("table").locator("tbody tr time").first
    expect(shown).to_have_text(time.strftime("%Y-%m-%d %H:%M:%S +00:00", time.gmtime(newest)))
    expect(shown).to_have_attribute("title", re.compile(r"\+09:00 where you are"))


def test_what_a_model_says_stays_text(finished, serve_files, open_page, tmp_path):
    shutil.copytree(finished.data / "api", tmp_path / "api")
    path = tmp_path / "api" / "conversations.json"
    document = json.loads(path.read_bytes())
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    talk = document["conversations"][0]
    talk |= {"cot_trace": evil, "summary": evil, "user_prompt": evil, "cot_trace_summary": evil}
    talk["messages"] = [{"role": "user", "content": evil, "timestamp": talk["timestamp"]}]
    path.write_text(json.dumps(document))
    page = open_page(f"{serve_files(tmp_path / 'api')}/#/conversations?show=every+cycle")
    expect(page.locator(".talk pre").first).to_have_text(evil)
    assert page.locator("main img, main script").count() == 0
    assert "owned" not in page.title()


def test_a_recording_of_another_arena_is_shown_too(serve_files, open_page, tmp_path):
    """It has no intervals, positions with fewer keys, and rows in another order."""
    shutil.copytree(ROOT / "tests" / "data" / "arena", tmp_path / "api")
    excerpt = tmp_path / "api" / "account-totals.excerpt.json"
    excerpt.rename(tmp_path / "api" / "account-totals.json")
    rows = json.loads((tmp_path / "api" / "leaderboard.json").read_bytes())["leaderboard"]
    page = open_page(f"{serve_files(tmp_path / 'api')}/")
    names = page.get_by_role("table", name="Leaderboard").locator("tbody a")
    best_first = [row["id"] for row in sorted(rows, key=lambda row: -row["return_pct"])]
    expect(names).to_have_text(best_first)
    expect(page.locator("#verdict")).to_contain_text("means nothing yet")
    page.evaluate("location.hash = '#/positions'")
    expect(page.get_by_role("table", name="Open positions").locator("tbody tr")).not_to_have_count(
        0
    )
    page.evaluate("location.hash = '#/trader/gpt-5'")
    expect(page.locator("[data-table]")).to_have_count(6)
    # Of this model there is one row: a point in the middle of an hour, not at the edge of years.
    page.locator(".chart").first.focus()
    page.keyboard.press("ArrowLeft")
    middle = page.locator(".chart .u-over").first.bounding_box()["width"] / 2
    line = page.locator(".chart .u-cursor-x").first
    expect(line).to_have_attribute("style", re.compile("translate"))
    at = float(re.search(r"translate\(([\d.]+)px", line.get_attribute("style"))[1])
    assert abs(at - middle) < 3


def test_with_no_data_every_page_says_so(serve_files, open_page, tmp_path):
    page = open_page(f"{serve_files(tmp_path)}/")
    for address in PAGES:
        page.evaluate("address => { location.hash = address }", address)
        expect(page.locator("main [aria-busy]")).to_have_count(0)
        expect(page.locator("main .state").first).to_contain_text(
            re.compile("yet|No open positions|no such trader")
        )
        expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_when_the_api_goes_away_the_last_numbers_stay_with_their_age(finished, open_page):
    served = Served(finished.config, finished.data)
    try:
        page = open_page(f"{served.url}/", may_fail=True)
        rows = page.get_by_role("table", name="Leaderboard").locator("tbody tr")
        expect(rows).to_have_count(6)
    finally:
        served.stop()
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text(re.compile(r"does not answer.*\d+ s ago"))
    expect(page.locator("#status")).to_have_text("API away")
    expect(rows).to_have_count(6)
    page.evaluate("location.hash = '#/trades'")  # never asked for before the silence
    expect(page.locator("main .state")).to_contain_text("The API does not answer")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
