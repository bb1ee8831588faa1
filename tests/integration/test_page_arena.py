"""The feed beside the chart, conversations, the log and pictures of traders, in a real browser."""

from __future__ import annotations

import copy
import re

import pytest
from browsing import ask
from page_contrast import faint
from page_figures import plus, usd
from page_states import fail_talks, in_state, talks_of
from page_trouble import keep, planted
from playwright.sync_api import expect

PAGES = ["#/", "#/positions", "#/trades", "#/conversations", "#/log", "#/trader/cross_patient"]
EVIL = "<img src=x onerror=\"document.title='owned'\"> \u202egnp.exe \u2066not closed"
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(480)]


def test_beside_the_chart_stand_decisions_positions_and_trades(api, open_page):
    page = open_page(f"{api.url}/")
    feed = page.locator(".feed")
    told = [one for one in api.ask("conversations")["conversations"] if one["llm_response"]]
    first = feed.locator("li").first
    expect(feed.locator("li")).to_have_count(min(30, len(told)))
    expect(first).to_contain_text(told[0]["model_id"])
    expect(first).to_contain_text(told[0]["cot_trace"].splitlines()[0])
    page.get_by_role("button", name="Newest trades").focus()
    page.keyboard.press("Enter")
    last = max(api.ask("trades")["trades"], key=lambda one: one["exit_time"])
    expect(first).to_contain_text(usd(last["realized_net_pnl"], sign=True))
    expect(first).to_contain_text(last["exit_reason"])
    assert page.url.endswith("#/?beside=trades")
    page.get_by_role("button", name="Open positions").click()
    held = [p for a in api.ask("positions")["accountTotals"] for p in a["positions"].values()]
    expect(feed.locator("li")).to_have_count(min(30, len(held)))
    # How prices moved in a day stands beside them.
    bars = {one["symbol"]: one["bars"] for one in api.ask("candles?hours=24")["candles"]}
    now = api.ask("crypto-prices")["prices"]["BTC"]["price"]
    day = page.locator("#ticker [data-symbol=BTC] [data-day]")
    moved = 100 * (now / bars["BTC"][0][4] - 1)
    assert abs(float(day.inner_text().replace("−", "-").split()[0]) - moved) < 0.01


def planted_talks(directory):
    """Prompts that differ in one line, a failed run, and words that try to be more."""
    rows = [one for one in talks_of(directory) if one["model_id"] == "cross_patient"]
    lines = [f"line {number}" for number in range(40)]
    prompt = "\n".join(lines)
    newer = "\n".join([*lines[:20], "the price is 5 now", *lines[21:]])
    decided = next(one for one in talks_of(directory) if one["llm_response"])
    talks = []
    for number, text in enumerate([newer, prompt, None, None, None, None, None]):
        row = copy.deepcopy(decided) | {"model_id": "cross_patient"}
        row["timestamp"] = row["inserted_at"] = rows[0]["timestamp"] - 180 * number
        said = [{"role": "assistant", "content": "raw {}", "timestamp": row["timestamp"]}]
        asked = [{"role": "user", "content": text, "timestamp": row["timestamp"]}] if text else []
        talks.append(row | {"messages": asked + said, "user_prompt": text or ""})
    talks[0] |= {"cot_trace": EVIL, "summary": EVIL, "cot_trace_summary": EVIL}
    for row in talks[2:4]:
        row |= {"llm_response": {}, "verdicts": [], "summary": "no decisions", "cot_trace": ""}
    for row in talks[4:]:
        row |= {"llm_response": {}, "verdicts": [], "summary": "invalid_output: no JSON object"}
        row |= {"cot_trace": "", "status": "invalid_output"}
    keep(directory, "conversations", {"conversations": talks})
    return talks


def test_conversations_are_folded_searched_compared_and_copied(
    finished, serve_files, open_page, tmp_path
):
    directory = in_state(finished, "ended", tmp_path)
    talks = planted_talks(directory)
    page = open_page(f"{serve_files(directory)}/#/conversations")
    cards = page.locator("article.talk")
    expect(cards).to_have_count(3)
    expect(page.locator(".run.empty summary")).to_contain_text("2 cycles without a decision")
    expect(page.locator(".run.failed summary")).to_contain_text("2 more cycles that failed")
    failed = page.locator("article.failed")
    expect(failed).to_contain_text("invalid outputno JSON object")
    expect(failed).to_contain_text("Answer as it came")
    expect(failed.get_by_text("Reasoning")).to_have_count(0)
    # What a model says stays text, and turns nothing around that is not its own.
    expect(cards.first.locator("pre").first).to_have_text(EVIL)
    assert page.locator("main img, main script").count() == 0
    assert "owned" not in page.title()
    isolated = cards.first.locator("header b").evaluate("one => getComputedStyle(one).unicodeBidi")
    assert isolated == "isolate"
    cards.first.get_by_text("What changed since the last prompt").focus()
    page.keyboard.press("Enter")
    expect(cards.first.locator(".diff ins")).to_have_text(["+ the price is 5 now"])
    expect(cards.first.locator(".diff del")).to_have_text(["− line 20"])
    assert faint(page) == []
    page.get_by_label("Search").fill("PRICE is 5")
    expect(cards).to_have_count(1)
    expect(page.locator("mark")).to_have_text("price is 5")
    assert faint(page) == []
    expect(page.locator("#covered")).to_contain_text("in 1 of them")
    assert page.url.endswith("q=PRICE+is+5")
    page.reload()
    expect(cards).to_have_count(1)
    page.get_by_label("Search").fill("")
    page.get_by_label("Show").select_option("failed")
    expect(cards).to_have_count(3)
    page.get_by_label("Show").select_option("")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cards.first.get_by_role("button", name="Copy").first.click()
    expect(cards.first.get_by_role("button", name="Copied")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == EVIL
    cards.first.locator(".permalink").click()
    expect(cards).to_have_count(1)
    expect(page.get_by_role("link", name="Next cycle")).to_have_count(0)
    page.get_by_role("link", name="Previous cycle").click()
    assert f"at={talks[1]['timestamp']}".removesuffix(".0") in page.url
    page.get_by_role("link", name="Next cycle").click()
    expect(cards.first.locator("pre").first).to_have_text(EVIL)


def test_trouble_is_on_every_page_and_all_of_it_in_the_log(
    finished, serve_files, open_page, tmp_path
):
    directory, status = planted(finished, tmp_path)
    fail_talks(directory)
    url = serve_files(directory)
    for scheme, width in (("light", 1280), ("dark", 390)):
        page = open_page(f"{url}/", scheme=scheme, width=width)
        for address in (*PAGES, "#/nosuch"):
            page.evaluate("address => { location.hash = address }", address)
            expect(page.locator("main [aria-busy]")).to_have_count(0)
            bar = page.get_by_label("Engine", exact=True)
            for said in ("halted", "failing", "braked", "no usable answer", "market", "exporter"):
                expect(bar).to_contain_text(said)
            assert faint(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    assert len(faint(page, 22)) > 20  # it did look at all texts: black on white is 21
    page.evaluate("location.hash = '#/log'")
    dead = status["traders"][0]
    rows = page.get_by_role("table", name="Failed cycles").locator("tbody tr")
    expect(rows.first).to_contain_text(dead["id"])
    expect(rows.first).to_contain_text("model error 12")
    expect(page.locator("[data-seq='7']")).to_contain_text("haltedall entries are stopped")
    services = page.locator("[data-service]")
    expect(services).to_have_count(len(status["services"]))
    expect(services.first).to_contain_text("in quarantine (BTC): quotes: a price of 0")
    expect(services.last).to_contain_text("cannot write to the database")


def test_numbers_of_one_page_are_those_of_the_api(api, open_page):
    page = open_page(f"{api.url}/#/positions")
    held = [
        (a["model_id"], p)
        for a in api.ask("positions")["accountTotals"]
        for p in a["positions"].values()
    ]
    worth = sum(abs(p["quantity"] * p["current_price"]) for _, p in held)
    won = sum(p["unrealized_pnl"] for _, p in held)
    expect(page.locator("#position-sum")).to_have_text(
        f"{len(held)} open, worth {usd(worth)}, unrealised {usd(won, sign=True)}"
    )
    page.evaluate("location.hash = '#/'")
    for row in api.ask("leaderboard")["leaderboard"]:
        shown = page.locator("main .scroll tbody tr").filter(
            has=page.get_by_text(row["id"], exact=True)
        )
        expect(shown).to_contain_text(f"{plus(row['return_pct'], 2)} %")
        expect(shown).to_contain_text(usd(row["win_dollars"], sign=True))


def test_an_older_export_says_by_its_prices_how_a_trade_was_left(
    finished, serve_files, open_page, tmp_path
):
    directory = in_state(finished, "ended", tmp_path)
    url = serve_files(directory)
    trades = ask(url, "trades")["trades"]
    told = [t for t in trades if t["exit_reason"] in {"stop", "close"}]
    keep(directory, "trades", {"trades": [{**t, "exit_reason": None} for t in told]})
    page = open_page(f"{serve_files(directory)}/#/trades")
    newest = sorted(told, key=lambda one: -one["exit_time"])
    shown = page.get_by_role("table", name="Closed trades").locator("[data-label='Left by']")
    expect(shown).to_have_text([re.compile(f"^{t['exit_reason']}") for t in newest[:100]])
