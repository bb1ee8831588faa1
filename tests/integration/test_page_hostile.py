"""The dashboard on a bad line, with a bad clock and far too much of everything, in a browser."""

from __future__ import annotations

import http.server
import threading
import urllib.error
import urllib.request

import pytest
from hostile_exports import LONG, crowd, status, write
from playwright.sync_api import expect

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(480)]
PAGES = ["#/positions", "#/trades", "#/conversations", "#/log"]


@pytest.fixture
def exports(tmp_path):
    directory = tmp_path / "api"
    directory.mkdir()
    return directory


def test_five_hundred_traders_a_year_and_a_name_of_three_hundred_letters(
    exports, serve_files, open_page
):
    write(exports, 1, crowd())
    page = open_page(f"{serve_files(exports)}/")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("location.hash = '#/'")
        rows = page.get_by_role("table", name="Leaderboard").locator("tbody tr")
        expect(rows).to_have_count(50)
        expect(page.locator(".legend .button")).to_have_count(500)
        expect(page.locator(".feed li").first).to_contain_text(LONG[:20])
        expect(page.locator("#engine [data-count=ok]")).to_have_text("500 ok")
        assert page.locator("main b b").count() == 0  # markup in a name stays text
        for address in ("#/", *PAGES, f"#/trader/{LONG}"):
            page.evaluate("to => { location.hash = encodeURI(to).replace('%23', '#') }", address)
            expect(page.locator("main [aria-busy]")).to_have_count(0)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.evaluate("location.hash = '#/'")
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)


class Halves(http.server.BaseHTTPRequestHandler):
    """Passes questions on, and while it is `torn` ends in the middle of every answer."""

    torn = False
    behind = ""

    def do_GET(self):
        if self.path == "/api/events":
            self.send_error(404)
            return
        asked = {k: v for k, v in self.headers.items() if k == "If-None-Match"}
        question = urllib.request.Request(self.behind + self.path, headers=asked)  # noqa: S310
        try:
            with urllib.request.urlopen(question, timeout=20) as answer:  # noqa: S310
                code, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            code, headers, body = error.code, error.headers, b""
        self.send_response(code)
        for name in ("Content-Type", "ETag", "Nof0-Export", "X-Data-Age"):
            if headers[name]:
                self.send_header(name, headers[name])
        if code == 200:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.torn and len(body) > 9 else body)

    def log_message(self, *_):
        pass


def test_an_answer_that_breaks_off_is_none_and_the_next_one_counts(exports, serve_files, open_page):
    documents = crowd(3, years=0)
    write(exports, 1, documents)
    handler = type("Handler", (Halves,), {"behind": serve_files(exports)})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        page = open_page(f"http://127.0.0.1:{server.server_port}/", may_fail=True)
        price = page.locator("#ticker [data-symbol=BTC]")
        expect(price).to_contain_text("1.0000")
        handler.torn = True
        documents["crypto-prices"]["prices"]["BTC"]["price"] = 2.0
        write(exports, 2, documents)
        expect(page.get_by_role("alert")).to_contain_text("These are the last numbers")
        expect(price).to_contain_text("1.0000")
        handler.torn = False
        page.get_by_role("button", name="Try now").click()
        expect(price).to_contain_text("2.0000")
        expect(page.locator(".banner")).to_have_count(0)
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_files_replaced_while_they_are_read_never_show_two_moments(exports, serve_files, open_page):
    documents = crowd(3, years=0)

    def export(number):
        documents["crypto-prices"]["prices"]["BTC"]["price"] = float(number)
        documents["status"] = status(["trader_001"], number)
        write(exports, number, documents)

    export(1)
    page = open_page(f"{serve_files(exports)}/")
    expect(page.locator("#engine")).to_contain_text("export 1")
    over = threading.Event()

    def go_on():
        number = 1
        while not over.wait(0.07):
            export(number := number + 1)
        export(1000)

    writing = threading.Thread(target=go_on)
    writing.start()
    both = """() => [document.querySelector("#engine .engine-state span").textContent,
      document.querySelector("[data-symbol=BTC] span").textContent]"""
    seen = set()
    try:
        for _ in range(30):
            said, price = page.evaluate(both)
            assert float(said.removeprefix("export ")) == float(price.replace(",", ""))
            seen.add(said)
            page.wait_for_timeout(50)
    finally:
        over.set()
        writing.join()
    expect(page.locator("#engine")).to_contain_text("export 1000")
    assert len(seen) > 1


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_clock_that_is_a_day_off_changes_nothing(exports, serve_files, open_page, hours):
    write(exports, 1, crowd(3, years=0))
    off = f"{{ const now = Date.now; Date.now = () => now() + {hours} * 3600000; }}"
    page = open_page(f"{serve_files(exports)}/", before=off)
    expect(page.get_by_role("table", name="Leaderboard").locator("tbody tr")).to_have_count(3)
    expect(page.locator("#status.live")).to_contain_text("Data 2026-01-01 00:00")
    expect(page.locator("#engine [data-state]")).to_have_text("Engine running")
    expect(page.locator(".banner")).to_have_count(0)
    ago = page.locator("#status").get_attribute("title")
    assert "day" not in ago
    assert " h ago" not in ago


def test_a_phone_on_a_slow_line_gets_there(exports, serve_files, open_page):
    write(exports, 1, crowd(40, years=1))
    url = serve_files(exports)
    page = open_page(f"{url}/static/icon.svg", width=390, may_fail=True)
    line = page.context.new_cdp_session(page)
    slow = {"latency": 150, "downloadThroughput": 100_000, "uploadThroughput": 20_000}
    line.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    page.goto(url, wait_until="commit")
    rows = page.get_by_role("table", name="Leaderboard").locator("tbody tr")
    expect(rows).to_have_count(40)
    expect(page.locator(".banner")).to_have_count(0)
