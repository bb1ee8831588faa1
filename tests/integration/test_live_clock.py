"""The same engine on the machine's clock behind a market that is not a recording."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import live_project
import pytest
from live_project import MARKET

from nof0_core.clock import SystemClock
from nof0_core.domain.candles import to_ms

pytestmark = pytest.mark.integration
BOOKED = (
    MARKET
    + """
import json
import urllib.request
from datetime import datetime, UTC
from anyio import to_thread
from nof0_core.domain.order_book import BookLevel, OrderBook

@attrs.frozen(kw_only=True)
class BookedConfig:
    url: str = opt(help="where order books are asked for")

class Booked(Wave):
    def __init__(self, clock, config):
        super().__init__(clock, WaveConfig())
        self.url = config.url

    async def books(self, symbols):
        return {s: await to_thread.run_sync(self._ask, s) for s in symbols}

    def _ask(self, symbol):
        question = json.dumps({"type": "l2Book", "coin": symbol}).encode()
        with urllib.request.urlopen(self.url, question) as answer:
            found = json.load(answer)
        bids, asks = (
            tuple(BookLevel(price=Decimal(x["px"]), size=Decimal(x["sz"])) for x in side)
            for side in found["levels"]
        )
        time = datetime.fromtimestamp(found["time"] / 1000, UTC)
        return OrderBook(symbol=symbol, time=time, bids=bids, asks=asks)

@asynccontextmanager
async def open_booked(config, env):
    yield Booked(env.clock, config)

@hookimpl
def nof0_market_providers():
    return [
        ServiceKind(type="booked", config=BookedConfig, open=open_booked, summary="with books")
    ]
"""
)
TELLING = (
    MARKET
    + """
import os
import anyio
from nof0_core import ExchangeKind
from nof0_core.domain.outcome import VenueUpdate
from nof0_core.protocols import Capability, ExchangeWrapper
from nof0_provider_sim.config import SimExchangeConfig
from nof0_provider_sim.plugin import open_exchange

class Telling(ExchangeWrapper):
    @property
    def capabilities(self):
        return super().capabilities | {Capability.ORDER_STREAM}

    @asynccontextmanager
    async def updates(self):
        send, receive = anyio.create_memory_object_stream(0)

        async def tell():
            while True:
                await anyio.sleep(0.3)
                await send.send(VenueUpdate(time=None))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tell)
            with receive:
                yield receive
            tasks.cancel_scope.cancel()

    async def report(self):
        with open(os.environ["LOOKS"], "a") as file:
            file.write("x")
        return await super().report()

class Promising(ExchangeWrapper):
    @property
    def capabilities(self):
        return super().capabilities | {Capability.PROOF}

def kind(name, wrapper):
    @asynccontextmanager
    async def open_wrapped(config, env):
        async with open_exchange(config, env) as exchange:
            yield wrapper(exchange)
    return ExchangeKind(type=name, config=SimExchangeConfig, open=open_wrapped, summary="wraps")

@hookimpl
def nof0_exchange_providers():
    return [kind("telling", Telling), kind("promising", Promising)]
"""
)
ASKS = [(100_050 + 7 * n, "0.005") for n in range(20)]
BIDS = [(99_950 - 7 * n, "0.005") for n in range(20)]


@pytest.fixture
def live(tmp_path, run_in):
    main = live_project.write(tmp_path)
    return run_in(tmp_path / "data", main)


class BookHandler(BaseHTTPRequestHandler):
    """Answers every question with one book of the present, as a venue's `l2Book` looks."""

    wbufsize = -1

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = [[{"px": str(p), "sz": size, "n": 1} for p, size in side] for side in (BIDS, ASKS)]
        book = {"coin": asked["coin"], "time": to_ms(SystemClock().now()), "levels": rows}
        body = json.dumps(book).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


@pytest.fixture
def book_url():
    with ThreadingHTTPServer(("127.0.0.1", 0), BookHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/info"
        server.shutdown()
        thread.join()


def test_paper_orders_climb_the_order_book_a_market_shows(live, book_url):
    etc = live.config.parent
    (etc / "wave.py").write_text(BOOKED)
    market = (etc / "market.yaml").read_text()
    (etc / "market.yaml").write_text(market.replace("type: wave", f"type: booked, url: {book_url}"))
    outcome = live.run("--for", "6s")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    fills = [record["data"]["fill"] for record in live.records("filled")]
    assert fills
    for fill in fills:
        side = ASKS if fill["side"] == "buy" else BIDS
        assert Decimal(fill["price"]) in {Decimal(price) for price, _ in side}
    # an order of some 0.02 BTC takes several levels of 0.005
    assert max(Counter(fill["client_id"] for fill in fills).values()) > 1


def test_traders_decide_and_trade_in_real_time(live):
    executor = live.config.parent / "executor.yaml"
    executor.write_text(executor.read_text() + "decision_spread: 400ms\n")
    outcome = live.run("--for", "6s")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    for record in live.records("cycle"):
        due, began = (
            datetime.fromisoformat(t) for t in (record["data"]["scheduled"], record["time"])
        )
        assert due.microsecond == 0, "the moment of a cycle stays on the grid"
        assert began - due >= timedelta(milliseconds=200 if record["stream"] == "two" else 0)
    cycles = Counter((r["stream"], r["data"]["status"]) for r in live.records("cycle"))
    assert cycles["one", "ok"] >= 2
    assert cycles["two", "ok"] >= 2
    assert live.records("filled")
    # Whether both hold opposite sides as it ends, and the engine watches their exits, is chance.
    told = [r["data"] for r in live.records("alert")]
    of_machine = {"unprotected_at_end", "duty_busy"}
    assert [t for t in told if t["code"] not in of_machine] == []
    assert live.nof0("journal", "verify", str(live.data)).returncode == 0
    assert live.records("engine_started")[0]["data"]["clock"] == "system"


def test_a_bug_in_a_provider_ends_cycles_and_not_the_engine(live):
    market = live.config.parent / "market.yaml"
    market.write_text(market.read_text().replace("type: wave", "type: wave, breaks_every: 3"))
    outcome = live.run("--for", "6s")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    statuses = Counter(r["data"]["status"] for r in live.records("cycle"))
    assert statuses["ok"] >= 2, statuses
    codes = Counter(r["data"]["code"] for r in live.records("alert"))
    assert "sync_failed" in codes or statuses["internal_error"]
    assert "KeyError" in (live.data / "nof0.log").read_text()


def wrapped(live, name):
    """Put the paper exchange behind a wrapper; nothing but a hint makes the engine look."""
    etc = live.config.parent
    (etc / "wave.py").write_text(TELLING)
    for file, old, new in (
        ("exchange.yaml", "type: sim", f"type: {name}"),
        ("manager.yaml", "update_interval: 1s", "update_interval: 1h"),
        ("executor.yaml", "decision_interval: 1s", "decision_interval: 1h"),
        ("executor.yaml", "decision_timeout: 500ms", "decision_timeout: 5s"),
    ):
        text = (etc / file).read_text()
        assert old in text
        (etc / file).write_text(text.replace(old, new))


def test_updates_of_a_venue_make_the_engine_look_at_once(live, tmp_path, monkeypatch):
    wrapped(live, "telling")
    monkeypatch.setenv("LOOKS", str(tmp_path / "looks"))
    outcome = live.run("--for", "6s")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    # One look when the engine starts; the next regular one would come in up to an hour.
    looks = len((tmp_path / "looks").read_text())
    assert 3 <= looks <= 12, "no oftener than once a second, whatever is told"


def test_a_word_without_its_method_is_refused_when_the_section_opens(live):
    wrapped(live, "promising")
    outcome = live.run("--for", "2s")
    assert outcome.returncode == 2
    assert (
        "exchange section paper: Promising says PROOF but has no method prove()" in outcome.stderr
    )
    assert "while opening exchange section paper (" in outcome.stderr
    assert "Traceback" not in outcome.stderr
