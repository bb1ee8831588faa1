"""What a trader's checks and prompts are shown beside what every trader sees."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from staged_engine import stop_after

from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.decision import ALLOW
from nof0_core.domain.event import CycleEnded, MarketSeen, MarksSeen
from nof0_core.domain.model import Completion
from nof0_core.market import record
from nof0_core.market.rereading import ViewReader
from nof0_core.portfolio.venue import venue_view
from nof0_core.state.engine_state import EngineState

pytestmark = pytest.mark.anyio

RULES = """
from contextlib import asynccontextmanager
import attrs
from nof0_core import BackendKind, PolicyKind, hookimpl
from nof0_provider_example.plugin import GROSS_EXPOSURE
from staged_engine import STAGES

@attrs.frozen(kw_only=True)
class Nothing:
    pass

@asynccontextmanager
async def scripted(config, env):
    yield STAGES[{key!r}].scene

@hookimpl
def nof0_llm_backends():
    return [BackendKind(type="scripted", config=Nothing, open=scripted,
        summary="says what it is told")]

@hookimpl
def nof0_risk_checks():
    def kind(type_, **asks):
        build = lambda config: STAGES[{key!r}].scene
        return PolicyKind(type=type_, config=Nothing, build=build, summary="looks", **asks)
    return [
        GROSS_EXPOSURE,
        kind("looks"),
        kind("looks_around", sees_venue_account=True),
        kind("looks_deep", needs_order_books=True),
    ]
"""


class Scene:
    """The model of all traders, and their check: says what `script` has, keeps what it sees."""

    def __init__(self):
        self.script, self.seen, self.prompts = {}, [], []
        self.meanwhile = self.nothing

    async def nothing(self, trader, number):
        pass

    async def complete(self, request):
        number = sum(1 for trader, _ in self.prompts if trader == request.trader) + 1
        self.prompts.append((request.trader, request.prompt.messages[1].content))
        await self.meanwhile(request.trader, number)
        wanted = self.script.get((request.trader, number), ())
        return Completion(model=request.model.name, text=json.dumps([entry(*w) for w in wanted]))

    def check(self, decision, context):
        self.seen.append((context.context.trader, decision.symbol, context))
        return ALLOW


def entry(symbol, side, price, usd=1000):
    away = 1 if side == "buy" else -1
    return {
        "signal": f"{side}_to_enter",
        "symbol": symbol,
        "leverage": 5,
        "position_size_usd": usd,
        "entry_price": price,
        "stop_loss": price * (1 - away * 0.05),
        "take_profit": price * (1 + away * 0.2),
        "risk_usd": 60,
        "confidence": 90,
        "invalidation_condition": "none",
    }


@pytest.fixture
def scene(stage):
    """Two traders, ann and bob, on one venue account, with a scripted model."""
    stage.scene = Scene()
    stage.write("etc/rules.py", RULES.format(key=stage.key))
    main = (stage.root / "etc" / "nof0.yaml").read_text()
    stage.write("etc/nof0.yaml", main.replace("[./staged.py]", "[./staged.py, ./rules.py]"))
    stage.write(
        "etc/llm.yaml",
        "default_model: still\nbackends: {scripted: {type: scripted}}\n"
        "models: {still: {backend: scripted, model_name: m}}\n",
    )
    return stage.scene


def trader(stage, name, keys):
    """Give a trader further keys; what follows of the file stays."""
    file = stage.root / "etc" / "manager.yaml"
    text = file.read_text()
    if name == "ann":
        text = text.replace("    auto_start: true\n", f"    auto_start: true\n    {keys}\n")
    else:
        text = text.replace(
            "{<<: *ann, id: bob, name: Bob", f"{{<<: *ann, id: bob, name: Bob, {keys}"
        )
    file.write_text(text)


async def run(lockstep, moments=4):
    """Run some minutes; return what is in the journal."""
    async with lockstep() as engine:
        await engine.run(stop_after(engine, moments))
        engine.journal.flush()
        joiner = CycleJoiner()
        return [joiner.joined(event) for event in engine.journal.read()]


def rebuilt(events, seq):
    """Make the picture of the venue account from the journal up to a record alone."""
    state, newest = EngineState(), None
    for event in events:
        if event.seq <= seq:
            state.apply(event)
            newest = event if isinstance(event.body, MarksSeen) else newest
    return lambda time: venue_view(state, newest.body, time=time, market="staged", seq=seq)


def cycles(events, name):
    return [e.body for e in events if isinstance(e.body, CycleEnded) and e.body.trader == name]


async def test_a_check_sees_all_traders_as_the_journal_has_them_when_the_model_was_asked(
    stage, scene, lockstep
):
    trader(stage, "ann", "risk_checks: [looks_around]")
    scene.script = {
        ("ann", 1): [("ETH", "buy", 2500)],
        ("bob", 2): [("BTC", "sell", 100_000)],
        ("bob", 4): [("ETH", "sell", 2550)],
    }

    async def meanwhile(name, number):
        # What others do while a model thinks is not in the picture of its cycle.
        if (name, number) == ("bob", 4):
            await stage.enter(stage.opened, "ann")
        if number == 3:
            stage.market.set("ETH", "2550")

    scene.meanwhile = meanwhile
    events = await run(lockstep, moments=6)

    by = {(name, c.time): c for name, _, c in scene.seen}
    assert len(by) == 3
    for (name, time), context in by.items():
        [cycle] = [c for c in cycles(events, name) if c.account.time == time]
        assert context.venue.seq == cycle.as_of
        assert context.venue == rebuilt(events, cycle.as_of)(time)
        [own] = [t.account for t in context.venue.traders if t.account.trader == name]
        assert own == cycle.account
    last = by[max(by, key=lambda key: key[1])].venue
    assert [
        (t.account.trader, [(h.symbol, h.quantity > 0, h.mark) for h in t.account.holdings])
        for t in last.traders
    ] == [("ann", [("ETH", True, 2550)]), ("bob", [("BTC", False, 100_000)])]
    [entered] = [
        e
        for e in events
        if e.body.type == "filled" and (e.stream, e.body.fill.symbol) == ("ann", "BTC")
    ]
    [judged] = [
        e for e in events if e.body.type == "decided" and (e.stream, e.body.number) == ("bob", 4)
    ]
    assert last.seq < entered.seq < judged.seq


async def test_marks_are_written_where_they_are_new(stage, scene, lockstep):
    trader(stage, "ann", "risk_checks: [looks_around]")
    scene.script = {("ann", 1): [("BTC", "buy", 100_000)]}
    events = await run(lockstep, moments=6)
    seen = [e.body for e in events if isinstance(e.body, MarksSeen)]
    assert [dict(body.marks) for body in seen] == [{}, {"BTC": 100_000}]
    assert len(cycles(events, "ann")) > 3


async def test_without_a_check_that_asks_nobody_looks_at_others_or_at_books(stage, scene, lockstep):
    trader(stage, "ann", "risk_checks: [looks]")
    scene.script = {("ann", 1): [("BTC", "buy", 100_000)]}
    books = asked_for_books(stage)
    events = await run(lockstep)
    assert [context.venue for *_, context in scene.seen] == [None]
    assert [context.book for *_, context in scene.seen] == [None]
    assert not [e for e in events if isinstance(e.body, MarksSeen)]
    # A paper exchange asks for the coin it fills an order on.
    assert ("BTC", "ETH") not in books


async def test_a_limit_over_the_venue_account_holds_for_the_second_trader(stage, scene, lockstep):
    trader(stage, "ann", "risk_checks: [{type: gross_exposure, max_side_usd: 1500}]")
    scene.script = {
        ("ann", 1): [("BTC", "buy", 100_000)],
        ("bob", 2): [("ETH", "buy", 2500), ("BTC", "sell", 100_000)],
        ("ann", 3): [("ETH", "buy", 2500)],
    }
    events = await run(lockstep, moments=5)
    long, short = next(c for c in cycles(events, "bob") if c.judgements).judgements
    assert [v.code for v in long.verdicts] == ["side_too_large"]
    assert Decimal(480) < long.size_usd <= Decimal(500)
    assert (short.size_usd, short.verdicts) == (1000, ())
    refused = cycles(events, "ann")[2].judgements[0]
    assert not refused.is_approved or refused.size_usd < 20


# --- order books ----------------------------------------------------------------------------------


def asked_for_books(stage):
    """Note for which coins the market is asked for order books."""
    asked = []

    def show(market):
        books = market.books

        async def noted(symbols):
            asked.append(tuple(symbols))
            return await books(symbols)

        market.books = noted

    stage.on_market = show
    return asked


def show_book(stage):
    def show(market):
        rows = {"bids": [("99990", "0.5"), ("99000", "2")], "asks": [("100010", "0.25")]}
        market.set_book("BTC", **rows)

    stage.on_market = show


def with_templates(stage, text):
    stage.write("prompts/user.tmpl", "{# Version: 1 #}\n" + text)


BOOKS = (
    "{% for coin in coins %}{{ coin.symbol }} "
    "{% if coin.book is not none %}{{ coin.book.bid }}/{{ coin.book.ask }} "
    "{{ coin.book.spread_bps }} {{ coin.book.ask_depth_usd(10) }} {{ coin.book.imbalance(200) }}"
    "{% else %}-{% endif %};{% endfor %}"
)


async def test_a_template_that_shows_books_has_them_asked_for_and_recorded(stage, scene, lockstep):
    with_templates(stage, BOOKS)
    show_book(stage)
    events = await run(lockstep, moments=2)
    assert scene.prompts[0][1] == "BTC 99990/100010 2.00 25002 0.82;ETH -;"
    reader = ViewReader()
    for event in events:
        if isinstance(event.body, MarketSeen):
            text = reader.take(event)()
            shown = record.restore(text)
            assert record.encode(shown) == text
            assert shown["BTC"].book.bids[0].price == 99_990
            assert shown["ETH"].book is None


async def test_who_looks_at_books_of_a_market_without_them_is_told_in_the_log(
    stage, scene, lockstep
):
    trader(stage, "bob", "risk_checks: [looks_deep]")

    def bare(market):
        market.__class__ = type(
            "Bare", (type(market),), {"capabilities": frozenset(), "books": None}
        )

    stage.on_market = bare
    scene.script = {("bob", 1): [("BTC", "buy", 100_000)]}
    await run(lockstep, moments=2)
    told = [values for _, event, values in stage.log.lines if "no order books, which" in event]
    assert told == [{"market": "staged", "traders": ["bob"]}]
    assert scene.seen[0][2].book is None


async def test_a_check_that_needs_books_has_them_and_nobody_else(stage, scene, lockstep):
    trader(stage, "bob", "risk_checks: [looks_deep]")
    show_book(stage)
    scene.script = {(name, 1): [("BTC", "buy", 100_000)] for name in ("ann", "bob")}
    scene.script["bob", 2] = [("ETH", "buy", 2500)]
    events = await run(lockstep)
    assert [(name, symbol) for name, symbol, _ in scene.seen] == [("bob", "BTC"), ("bob", "ETH")]
    assert scene.seen[0][2].book.asks[0].price == 100_010
    assert scene.seen[1][2].book is None
    views, reader = {}, ViewReader()
    for event in events:
        if isinstance(event.body, MarketSeen):
            views[event.body.digest] = record.restore(reader.take(event)())
    for name, has_books in (("ann", False), ("bob", True)):
        cycle = cycles(events, name)[0]
        assert (views[cycle.market]["BTC"].book is not None) is has_books


async def test_an_old_book_is_none_for_prompts_and_checks(stage, scene, lockstep):
    trader(stage, "ann", "exec_guards: {max_data_age: 2m}")
    trader(stage, "bob", "exec_guards: {max_data_age: 1h}, risk_checks: [looks_deep]")
    with_templates(stage, BOOKS)
    show_book(stage)
    scene.script = {("bob", 5): [("BTC", "buy", 100_000)]}
    await run(lockstep, moments=6)
    without = {
        who: [text.startswith("BTC -") for name, text in scene.prompts if name == who]
        for who in ("ann", "bob")
    }
    assert without == {"ann": 3 * [False] + 3 * [True], "bob": 6 * [False]}
    [(_, _, context)] = scene.seen
    assert context.book is not None


# --- indicators -----------------------------------------------------------------------------------


SERIES = "{% for s in coins[0].series %}{{ s.table() }}\n{% endfor %}\n"


async def test_indicators_of_its_own_are_in_prompt_and_record_of_that_trader_alone(
    stage, scene, lockstep
):
    trader(stage, "bob", "indicators: [{name: fast, function: EMA, timeperiod: 3}, rsi7]")
    with_templates(stage, SERIES)
    events = await run(lockstep)
    rows = {name: [line.split(":")[0] for line in text.split("\n")] for name, text in scene.prompts}
    assert rows["bob"][:4] == ["close", "volume", "fast", "rsi7"]
    assert "ema20" in rows["ann"]
    assert "fast" not in rows["ann"]
    views, reader = {}, ViewReader()
    for event in events:
        if isinstance(event.body, MarketSeen):
            views[event.body.digest] = record.restore(reader.take(event)())
    for name, column in (("ann", "ema20"), ("bob", "fast")):
        for cycle in cycles(events, name):
            [series] = views[cycle.market]["BTC"].series.values()
            assert column in series.indicators
            assert ("fast" in series.indicators) is (name == "bob")


async def test_bars_are_fetched_once_for_two_lists_of_indicators(stage, scene, lockstep):
    await run(lockstep)
    once = stage.calls.count("candles")
    stage.calls.clear()
    trader(stage, "bob", "indicators: [rsi3]")
    (stage.root / "data").rename(stage.root / "before")
    await run(lockstep)
    assert stage.calls.count("candles") == once > 0
