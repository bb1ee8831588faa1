"""A bar and a text of a prompt stand in the journal once; all that was seen comes back from it."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from journal_lines import content_of, day_files
from llm_server import LlmServer, Say, bought

from nof0_core.config.duration import parse_duration
from nof0_core.config.effective import (
    indicators_of,
    intervals_of,
    limits_of,
    symbols_of,
    trader_of,
)
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.event import (
    ConfigLoaded,
    CycleEnded,
    Decided,
    InstrumentsListed,
    MarketSeen,
    MarksSeen,
)
from nof0_core.domain.model import digest_of
from nof0_core.ids import ENGINE
from nof0_core.journal import read, verify
from nof0_core.market import record
from nof0_core.market.rereading import ViewReader, reread
from nof0_core.portfolio.venue import venue_view
from nof0_core.prompts.book import PromptBook
from nof0_core.state.engine_state import EngineState
from nof0_core.testing import Project

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
LLM = """
models:
  gpt: {backend: taped, model_name: v/gpt}
  flip: {backend: house, model_name: random}
backends:
  taped: {type: tape, mode: record, backend: endpoint, file: ../tapes/run.jsonl}
  endpoint: {type: openai, base_url: "${URL}", api_key: key}
  house: {type: baseline}
"""
MANAGER = """
manager: {total_equity_usd: 10000}
traders:
  - {id: alpha, model: gpt, symbols: [BTC, ETH], decision_interval: 3m, allocation_pct: 30,
     prompt_template: prompts/manager/default.tmpl,
     risk_params: &r {min_confidence: 50, min_risk_reward_ratio: 1}}
  - {id: beta, model: gpt, symbols: [SOL, BTC], decision_interval: 6m, allocation_pct: 30,
     prompt_template: prompts/manager/aggressive_short.tmpl, risk_params: *r}
  - {id: gamma, model: flip, symbols: [DOGE], decision_interval: 3m, allocation_pct: 20,
     prompt_template: prompts/manager/default.tmpl, risk_params: *r}
  - {id: delta, model: gpt, symbols: [BTC, ETH], decision_interval: 3m, allocation_pct: 15,
     prompt_template: prompts/manager/default.tmpl, risk_params: *r,
     executor_prompt_template: prompts/executor/books.tmpl, risk_checks: [notes],
     indicators: [ema9, {name: rsi14, function: RSI, timeperiod: 21}]}
"""
DEEP = """
from contextlib import asynccontextmanager
import attrs
from nof0_core import PolicyKind, ServiceKind, hookimpl
from nof0_core.domain.decision import ALLOW, Verdict, VerdictKind
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.money import decimal
from nof0_core.protocols import MarketCapability
from nof0_provider_sim.config import SimMarketConfig
from nof0_provider_sim.market.opening import load_market
from nof0_provider_sim.market.provider import SimMarket


class DeepMarket(SimMarket):
    capabilities = frozenset(MarketCapability) & {
        MarketCapability.RECORDING, MarketCapability.ORDER_BOOKS
    }

    async def books(self, symbols):
        listed = await self.instruments()
        return {
            symbol: OrderBook(
                symbol=symbol, time=quote.time, bids=side(quote.mid, listed[symbol], -1),
                asks=side(quote.mid, listed[symbol], 2),
            )
            for symbol, quote in (await self.quotes(symbols)).items()
        }


def side(mid, rules, step):
    return tuple(
        BookLevel(
            price=rules.round_price(mid + step * n * rules.tick(mid)), size=100 * n * rules.lot
        )
        for n in (1, 2, 3)
    )


@asynccontextmanager
async def open_market(config, env):
    market = load_market(config, env)
    market.__class__ = DeepMarket
    yield market


@attrs.frozen(kw_only=True)
class Notes:
    def check(self, decision, context):
        if not decision.signal.is_entry:
            return ALLOW
        sides = {"long": True, "short": False}
        numbers = {name: context.venue.gross_usd(is_long=each) for name, each in sides.items()}
        numbers["ask"] = context.book.asks[0].price
        return Verdict(kind=VerdictKind.ALLOW, check="notes", code="seen", numbers=numbers)


@hookimpl
def nof0_market_providers():
    return [ServiceKind(type="deep", config=SimMarketConfig, open=open_market, summary="with books",
        is_recorded=lambda _: True)]


@hookimpl
def nof0_risk_checks():
    return [PolicyKind(type="notes", config=Notes, build=lambda config: config, summary="notes",
        needs_order_books=True, sees_venue_account=True)]
"""
BOOK_LINE = """\
{% if coin.book is not none %}
spread {{ coin.book.spread_bps }} bps, {{ coin.book.ask_depth_usd(10) }} USD offered within 10 bps
{% endif %}
"""


def reply(body):
    return Say(text=json.dumps({"chain_of_thought": None, "decisions": [bought(body)]}))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The data of a run over midnight, started twice, the second time with other indicators."""
    place = tmp_path_factory.mktemp("once")
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, place / name)
    with LlmServer(default=reply) as server:
        project = Project(directory=place, environment={"URL": server.url})
        project.write("etc/llm.yaml", LLM)
        project.write("etc/manager.yaml", MANAGER)
        project.write("etc/deep.py", DEEP)
        project.replace("etc/market.yaml", "type: sim ", "type: deep ")
        main = (place / "etc" / "nof0.yaml").read_text()
        project.write("etc/nof0.yaml", main + "\nPlugins: [./deep.py]\n")
        shown = (place / "prompts" / "executor" / "default_prompt.tmpl").read_text()
        line = "{% if coin.funding_pct is not none %}"
        assert line in shown
        project.write("prompts/executor/books.tmpl", shown.replace(line, BOOK_LINE + line))
        project.replace("etc/nof0.yaml", "2025-07-23T00:00:00Z ", "2025-07-23T23:00:00Z ")
        run = ("run", "etc/nof0.yaml", "--data-dir", "data", "--cycles")
        project.nof0(*run, "30", within=timedelta(minutes=2)).check()
        project.replace("etc/market.yaml", "[ema20, ema50,", "[ema20,")
        project.nof0(*run, "12", within=timedelta(minutes=2)).check()
    return place / "data"


@pytest.fixture(scope="module")
def journal(ran):
    return ran / "journal"


def markets(journal, since=1):
    return read(journal, {}, after=since - 1, streams=[ENGINE], types=[MarketSeen.type])


def tables(event):
    """Each series of a record: (symbol, interval, list of indicators) -> its part."""
    entries = json.loads(bytes(event.body.snapshots))
    return {
        (s, i, table.get("indicators")): table
        for s, e in entries.items()
        for i, table in e["series"].items()
    }


def test_every_recorded_view_can_be_put_together_and_fits_its_digest(journal):
    events, reader = list(markets(journal)), ViewReader()
    assert verify(journal).ok
    assert len({event.time.date() for event in events}) == 2
    assert {tuple(record.restore(reread(e, lambda s: markets(journal, s)))) for e in events} == {
        ("BTC", "ETH"),
        ("SOL", "BTC"),
        ("DOGE",),
    }
    for event in events:
        text = reader.take(event)()
        assert record.digest(text) == event.body.digest
        assert record.encode(record.restore(text)) == text
        for table in tables(event).values():
            assert table["count"] == 10
    columns = {
        (own, tuple(table["columns"]))
        for event in events
        for (_, _, own), table in tables(event).items()
        if table["columns"]
    }
    common = [names for own, names in columns if own is None]
    assert len(common) == 2, "both starts with the same indicators: the test shows less"
    assert [names[-2:] for own, names in columns if own is not None] == [("ema9", "rsi14")]


def test_every_bar_is_written_once_a_day_and_start(journal):
    starts = [e.seq for e in read(journal, {}, types=["engine_started"])]
    assert len(starts) == 2
    seen = set()
    for event in markets(journal):
        part = event.time.date(), sum(start < event.seq for start in starts)
        for key, table in tables(event).items():
            for bar in table["bars"]:
                assert (part, key, tuple(bar)) not in seen
                seen.add((part, key, tuple(bar)))
    parts = {part for part, _, _ in seen}
    assert len(parts) == 3


def test_every_prompt_can_be_put_together_and_fits_its_digest(journal):
    cycles, seen, shortened = CycleJoiner(), set(), 0
    for event in read(journal, {}):
        body = event.body
        shortened += isinstance(body, CycleEnded | Decided) and any(body.texts_in)
        whole = cycles.joined(event).body
        if isinstance(whole, CycleEnded | Decided) and whole.prompt_digest is not None:
            assert digest_of(whole.messages) == whole.prompt_digest
            assert whole.texts_in == ()
            seen.add((whole.trader, whole.type))
    assert seen >= {("alpha", "cycle"), ("alpha", "decided"), ("beta", "cycle")}
    assert shortened > 40


def test_a_day_can_be_read_by_itself(journal, tmp_path):
    """Of each stream the second day alone; the first has records of it that are not there."""
    for stream in journal.iterdir():
        if stream.is_dir():
            *_, last = sorted(stream.glob("*.jsonl"))
            (tmp_path / stream.name).mkdir()
            shutil.copy(last, tmp_path / stream.name)
    events = list(markets(tmp_path))
    assert events
    for event in events:
        reread(event, lambda since: markets(tmp_path, since))
    cycles, prompts = CycleJoiner(), 0
    for event in read(tmp_path, {}):
        whole = cycles.joined(event).body
        if isinstance(whole, CycleEnded | Decided) and whole.messages:
            assert digest_of(whole.messages) == whole.prompt_digest
            prompts += 1
    assert prompts


def test_what_a_lost_record_had_is_named_by_those_that_need_it(journal, ran, tmp_path):
    events = list(markets(journal))
    needed = next(e for e in events if e.body.since is not None)
    copy = tmp_path / "data"
    shutil.copytree(ran, copy)
    for path in day_files(copy / "journal" / ENGINE):
        lines = content_of(path).splitlines(keepends=True)
        gone = b'{"seq":%d,' % needed.body.since
        path.unlink()
        left = b"".join(line for line in lines if not line.startswith(gone))
        path.with_name(path.name.removesuffix(".gz")).write_bytes(left)
    shown = Project(directory=tmp_path).nof0("journal", "show", "data", str(needed.seq))
    assert shown.exit_code != 0
    assert shown.stderr.startswith(
        f"error: record {needed.seq}: bars of it stand in record {needed.body.since}, "
        "which is not there"
    )
    assert "Traceback" not in shown.stderr


def test_every_prompt_is_rendered_again_from_the_journal_alone(journal, tmp_path):
    """Configuration, templates, instruments, market and what came before: all of it is there."""
    state, reader, views, rendered = EngineState(), ViewReader(), {}, 0
    loaded, listed, waiting = None, {}, []
    cycles = CycleJoiner()
    events = [cycles.joined(event) for event in read(journal, {})]
    whole = {e.seq: e.body for e in events if isinstance(e.body, CycleEnded) and e.body.messages}
    # A context was put together before its cycle was recorded.
    waiting = sorted(whole.items(), key=lambda item: item[1].as_of)
    for event in events:
        while waiting and waiting[0][1].as_of < event.seq:
            _, cycle = waiting.pop(0)
            context = context_of(cycle, state, loaded.config, listed, views[cycle.market])
            name = trader_of(loaded.config, cycle.trader)["name"]
            prompt = book_of(cycle.trader, loaded, tmp_path).render(context, trader_name=name)
            assert prompt.digest == cycle.prompt_digest
            assert prompt.messages == cycle.messages
            assert ("bps, " in prompt.messages[1].content) is (cycle.trader == "delta")
            assert ("ema9: " in prompt.messages[1].content) is (cycle.trader == "delta")
            rendered += 1
        body = event.body
        if isinstance(body, ConfigLoaded):
            loaded = body
        elif isinstance(body, InstrumentsListed):
            listed = body.instruments
        elif isinstance(body, MarketSeen):
            views[body.digest] = record.restore(reader.take(event)())
        state.apply(event)
    assert rendered == len(whole) > 40
    assert any(cycle.account.holdings for cycle in whole.values())
    assert any(cycle.decided for cycle in whole.values())


def context_of(cycle, state, config, listed, snapshots):
    symbols = symbols_of(config, cycle.trader)
    coins = (*symbols, *(holding.symbol for holding in cycle.account.holdings))
    return DecisionContext(
        trader=cycle.trader,
        cycle=cycle.cycle,
        time=cycle.account.time,
        started_at=state.standing(cycle.trader).started_at or cycle.scheduled,
        symbols=symbols,
        account=cycle.account,
        performance=cycle.performance,
        snapshots=snapshots,
        instruments={coin: listed[coin] for coin in coins},
        limits=limits_of(config, cycle.trader),
        brakes=cycle.brakes,
        budget=cycle.budget,
        decision_interval=parse_duration(trader_of(config, cycle.trader)["decision_interval"]),
        past=state.past(cycle.trader),
    )


def book_of(trader, loaded, folder):
    """Make the prompt book of a trader from the templates that the journal has."""
    texts = {template.digest: template.text for template in loaded.templates}
    paths = []
    for kind in ("system_template", "user_template"):
        wanted = trader_of(loaded.config, trader)[kind]["digest"]
        paths.append(folder / f"{wanted}.tmpl")
        paths[-1].write_text(texts[wanted], encoding="utf-8")
    return PromptBook(
        *paths,
        indicators=indicators_of(loaded.config, trader),
        intervals=intervals_of(loaded.config),
    )


def test_what_a_check_saw_of_all_traders_and_of_books_is_in_the_journal_alone(journal):
    """The check wrote down what it saw; here it is reckoned from the records before."""
    state, reader, views, marks, compared = EngineState(), ViewReader(), {}, None, []
    cycles = CycleJoiner()
    events = [cycles.joined(event) for event in read(journal, {})]
    waiting = sorted(
        (e.body for e in events if isinstance(e.body, CycleEnded) and e.body.trader == "delta"),
        key=lambda cycle: cycle.as_of,
    )
    for event in events:
        while waiting and waiting[0].as_of < event.seq:
            cycle = waiting.pop(0)
            seen = venue_view(
                state, marks, time=cycle.account.time, market="recorded", seq=cycle.as_of
            )
            assert [t.account for t in seen.traders if t.account.trader == "delta"] == [
                cycle.account
            ]
            for judgement in cycle.judgements:
                for verdict in judgement.verdicts:
                    if verdict.check == "notes":
                        book = views[cycle.market][judgement.decision.symbol].book
                        assert verdict.numbers == {
                            "long": seen.gross_usd(is_long=True),
                            "short": seen.gross_usd(is_long=False),
                            "ask": book.asks[0].price,
                        }
                        compared.append(verdict.numbers)
        if isinstance(event.body, MarksSeen):
            marks = event.body
        elif isinstance(event.body, MarketSeen):
            views[event.body.digest] = record.restore(reader.take(event)())
        state.apply(event)
    assert not waiting
    assert any(numbers["long"] or numbers["short"] for numbers in compared)


def test_every_cycle_is_done_again_from_it_with_books_other_traders_and_other_indicators(ran):
    project = Project(directory=ran.parent)
    done = project.nof0("replay", "etc/nof0.yaml", "--data-dir", "data", "--json").check()
    found = json.loads(done.stdout)
    assert found["cycles"] == found["same"] > 80
    assert sum(each["prompts"] for each in found["traders"].values()) > 40
    assert sum(each["orders"] for each in found["traders"].values()) > 1


def test_a_check_that_is_a_file_of_the_configuration_is_missing_without_it(ran, tmp_path):
    outcome = Project(directory=tmp_path).nof0("replay", str(ran))
    assert outcome.exit_code == 2
    assert 'unknown risk check "notes"' in outcome.stdout
    assert "name the run's configuration as CONFIG" in outcome.stderr
