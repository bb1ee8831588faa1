"""What the dashboard keeps in its address, saves, and says of trouble, in a real browser."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from browsing import ask
from page_figures import usd
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
    for address in ("#/nosuch", "#/trader/nobody", "#/%E0%A4%A"):
        page.evaluate("address => { location.hash = address }", address)
        expect(page.locator("main .state")).to_contain_text("There is no such")
        expect(page.locator("#tabs [aria-current]")).to_have_count(0)
        expect(page.locator("main h1")).to_have_count(1)


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
