"""`nof0 journal` on real journals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import pytest
from click.testing import CliRunner

from nof0_core.cli.journal import journal as command
from nof0_core.domain.account import AccountState
from nof0_core.domain.context import Performance
from nof0_core.domain.decision import Decision, Judgement, Signal, Verdict, VerdictKind
from nof0_core.domain.event import (
    BODIES,
    CycleEnded,
    Decided,
    EngineStopped,
    MarketSeen,
    OrderIntended,
    OrderReport,
)
from nof0_core.domain.fill import Fill
from nof0_core.domain.growth import Growth
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.model import Message, Usage
from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import UsageError
from nof0_core.ids import ENGINE, Symbol, TraderId, client_order_id, cycle_id
from nof0_core.journal import Journal
from nof0_core.testing import samples
from nof0_core.testing.events import sample_events

ALICE = TraderId("alice")
BTC = Symbol("BTC")
START = datetime(2025, 7, 3, 12, tzinfo=UTC)
CYCLE = cycle_id(ALICE, START)


def run(*words):
    # A width that somebody set would cut lines.
    return CliRunner().invoke(command, [str(word) for word in words], env={"COLUMNS": None})


def cycle_record():
    client_id = client_order_id(ALICE, CYCLE, BTC, "open")
    request = OrderRequest(
        client_id=client_id,
        symbol=BTC,
        side=Side.BUY,
        size=Decimal("0.010"),
        limit_price=Decimal(109500),
    )
    return CycleEnded(
        trader=ALICE,
        cycle=CYCLE,
        number=17,
        scheduled=START,
        status=CycleStatus.OK,
        model="clever",
        market="d" * 64,
        account=AccountState(
            trader=ALICE,
            time=START,
            deposited=Decimal(1000),
            cash=Decimal("987.65"),
            equity=Decimal("987.65"),
            realized_pnl=Decimal(0),
            unrealized_pnl=Decimal(0),
            fees=Decimal("12.35"),
            funding=Decimal(0),
            margin_used=Decimal(0),
            growth=Growth(),
        ),
        performance=Performance(sharpe_ratio=0.25, cycles=16),
        messages=(
            Message(role="system", content="You trade.\nBe careful."),
            Message(role="user", content="It is noon.\x1b[2J What now?"),
        ),
        answer='[{"signal": "buy_to_enter"}]',
        chain_of_thought="The trend is up.",
        usage=Usage(prompt_tokens=1234, cost_usd=Decimal("0.0175")),
        judgements=(
            Judgement(decision=Decision(signal=Signal.BUY_TO_ENTER, symbol=BTC), is_approved=True),
            Judgement(
                decision=Decision(signal=Signal.SELL_TO_ENTER, symbol=Symbol("ETH")),
                is_approved=False,
                verdicts=(
                    Verdict(
                        kind=VerdictKind.VETO,
                        check="confidence",
                        code="confidence_below_minimum",
                        message="confidence 60 is below 75",
                        numbers={"minimum": Decimal(75)},
                    ),
                ),
            ),
        ),
        orders=(
            OrderReport(
                purpose=OrderPurpose.OPEN,
                symbol=request.symbol,
                request=request,
                outcome=OrderOutcome(client_id=client_id, status=OrderStatus.FILLED),
            ),
        ),
        fills=(
            Fill(
                trade_id="99",
                venue_order_id="5",
                client_id=client_id,
                symbol=BTC,
                side=Side.BUY,
                price=Decimal("109321.5"),
                size=Decimal("0.010"),
                fee=Decimal("0.49"),
                time=START,
            ),
        ),
    )


@pytest.fixture
def data(story):
    """A data directory whose journal has a cycle as record 9 and the state file of its run."""
    with Journal.open(story) as journal:
        journal.append(START, ALICE, cycle_record())
        last = journal.last
    state = {"journal": {"last_seq": last[0], "hash": last[1]}}
    (story.parent / "manager_state.json").write_text(json.dumps(state))
    return story.parent


def test_list_shows_what_happened_in_order(data):
    result = run("list", data)
    assert result.exit_code == 0
    header, *lines = result.output.splitlines()
    assert header.split()[:3] == ["seq", "time", "(UTC)"]
    assert [int(line.split()[0]) for line in lines] == list(range(1, 10))
    assert "2025-07-01 23:00:00" in lines[0]
    assert "initial: alice +1000.5 USD" in lines[1]
    assert "#17 buy_to_enter BTC" in lines[8]
    assert "sell_to_enter ETH REJECTED (confidence_below_minimum), 1 fill" in lines[8]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--trader", "bob"], [3, 5]),
        (["--trader", "bob", "--trader", "@engine"], [1, 3, 5, 7, 8]),
        (["--type", "transferred"], [2, 3]),
        (["--type", "cycle", "--type", "engine_stopped"], [8, 9]),
        (["--since", "2025-07-02"], [5, 6, 7, 8, 9]),
        (["--since", "2025-07-02T03:00+02:00"], [7, 8, 9]),
        (["--limit", "2"], [8, 9]),
        (["--limit", "0"], list(range(1, 10))),
        (["--trader", "alice", "--limit", "2"], [6, 9]),
    ],
)
def test_list_is_narrowed_by_options(data, options, numbers):
    result = run("list", data, "--json", *options)
    assert result.exit_code == 0
    assert [json.loads(line)["seq"] for line in result.output.splitlines()] == numbers


def test_list_as_json_gives_the_lines_of_the_files(story):
    result = run("list", story, "--json", "--trader", "bob")
    files = sorted((story / "bob").iterdir())
    assert result.output == "".join(path.read_text() for path in files)


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (["--trader", "alise"], 'knows no "alise"', 'did you mean "alice"?'),
        (["--type", "cycel"], 'knows no "cycel"', 'did you mean "cycle"?'),
        (["--trader", "xyz"], 'knows no "xyz"', "it knows @engine, alice, bob"),
        (["--since", "yesterday"], 'not a time: "yesterday"', None),
    ],
)
def test_unknown_words_are_refused_with_a_suggestion(data, options, message, hint):
    error = run("list", data, *options).exception
    assert isinstance(error, UsageError)
    assert message in str(error)
    assert hint is None or hint in error.hints


@pytest.mark.parametrize("word", ["9", CYCLE, CYCLE[:8]])
def test_show_has_all_of_a_cycle(data, word):
    result = run("show", data, word)
    assert result.exit_code == 0
    for text in (
        CYCLE,
        "You trade.",
        "Be careful.",
        "It is noon.",
        '[{"signal": "buy_to_enter"}]',
        "The trend is up.",
        "prompt_tokens: 1234",
        "cost_usd: 0.0175",
        "confidence 60 is below 75",
        "confidence_below_minimum",
        "109321.5",
        "987.65",
        "status: filled",
        "limit_price: 109500",
        "sharpe_ratio: 0.25",
    ):
        assert text in result.output, text


def test_show_names_the_record_of_the_market_a_cycle_saw(data):
    assert "the market it was decided on" not in run("show", data, "9").output
    with Journal.open(data / "journal") as journal:
        journal.append(
            START, ENGINE, MarketSeen(section="main", digest="d" * 64, snapshots={"BTC": {}})
        )
    assert "the market it was decided on: record 10" in run("show", data, "9").output


def test_lines_are_not_broken_for_other_programs(data):
    with Journal.open(data / "journal") as journal:
        journal.append(START, ENGINE, EngineStopped(reason="long " * 100))
    assert "long " * 99 in run("show", data, "10").output


def test_text_of_a_model_cannot_steer_the_terminal(data):
    assert (
        "\x1b"
        in json.loads(run("show", data, "9", "--json").output)["data"]["messages"][1]["content"]
    )
    for words in (["show", data, "9"], ["list", data]):
        assert "\x1b" not in run(*words).output
    assert "It is noon.\N{REPLACEMENT CHARACTER}[2J What now?" in run("show", data, "9").output


@pytest.mark.parametrize("seq", range(1, 9))
def test_every_record_can_be_shown(data, seq):
    result = run("show", data, seq)
    assert result.exit_code == 0
    assert f"record  {seq}" in result.output


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("10", "there is no record 10"),
        ("0", "there is no record 0"),
        ("abc", "neither the number of a record nor 8 characters"),
        ("deadbeef", "there is no record of a cycle deadbeef"),
    ],
)
def test_record_that_is_not_there_is_said_so(data, word, message):
    error = run("show", data, word).exception
    assert isinstance(error, UsageError)
    assert message in str(error)


def test_cycle_that_never_ended_leads_to_its_orders(data):
    other = cycle_id(ALICE, START.replace(hour=13))
    request = cycle_record().orders[0].request
    with Journal.open(data / "journal") as journal:
        journal.append(
            START,
            ALICE,
            OrderIntended(
                trader=ALICE,
                venue_account="paper",
                cycle=other,
                purpose=OrderPurpose.OPEN,
                request=request,
            ),
        )
    assert "only its orders: records 10" in str(run("show", data, other).exception)


def test_verify_says_ok(data):
    result = run("verify", data)
    assert result.exit_code == 0
    assert "9 records in 3 streams: ok" in result.output


def test_verify_names_the_changed_record_and_exits_with_1(data):
    path = data / "journal/bob/2025-07-01.jsonl"
    path.write_bytes(path.read_bytes().replace(b"1000.50", b"1000.60"))
    result = run("verify", data)
    assert result.exit_code == 1
    assert f"{path}:1: record 3: hash:" in result.output
    assert "DAMAGED" in result.output
    report = json.loads(run("verify", data, "--json").output)
    assert report["ok"] is False
    assert report["faults"][0]["seq"] == 3


def test_verify_finds_a_cut_end_by_the_state_file(data):
    (data / "journal/alice/2025-07-03.jsonl").unlink()
    result = run("verify", data)
    assert result.exit_code == 1
    assert "record 9: anchor: " in result.output


def test_verify_takes_an_anchor_of_ones_own(data):
    newest = run("verify", data).output.split()[-1]
    assert run("verify", data, "--anchor", newest).exit_code == 0
    assert run("verify", data, "--anchor", "9:" + "0" * 64).exit_code == 1
    error = run("verify", data, "--anchor", "nine").exception
    assert isinstance(error, UsageError)


def test_verify_reports_documented_losses_without_failing(data):
    path = data / "journal/bob/2025-07-02.jsonl"
    path.unlink()
    Journal.open(data / "journal").close()
    result = run("verify", data)
    assert result.exit_code == 0
    assert "note: record 5 lost in a power failure" in result.output


def test_directory_without_journal_is_said_so(tmp_path):
    error = run("list", tmp_path).exception
    assert isinstance(error, UsageError)
    assert "nor anything of a run" in str(error)


def test_commands_only_read(data):
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    torn = data / "journal/bob/2025-07-02.jsonl"
    torn.write_bytes(torn.read_bytes()[:-20])
    before[torn] = torn.read_bytes()
    for words in (["list", data], ["show", data, "1"], ["verify", data]):
        run(*words)
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


def test_engine_stream_is_listed_by_its_name(data):
    with Journal.open(data / "journal") as journal:
        journal.append(START, ENGINE, EngineStopped(reason="night"))
    assert "night" in run("list", data, "--trader", "@engine", "--limit", "1").output


def first_of(annotation):
    """Build the first value a type allows."""
    annotation = getattr(annotation, "__supertype__", annotation)
    simple = {
        int: 1, float: 0.5, str: "word", bool: True, datetime: START, Decimal: Decimal(1),
    }  # fmt: skip
    if annotation is MarketSeen:
        return next(e.body for e in sample_events() if isinstance(e.body, MarketSeen))
    if annotation in simple:
        return simple[annotation]
    if annotation is Instrument:
        return samples.instrument()
    if attrs.has(annotation):
        hints = get_type_hints(annotation)
        names = [f.name for f in attrs.fields(annotation)]
        # Listeners are given whole prompts.
        return annotation(**{n: first_of(hints[n]) if n != "texts_in" else () for n in names})
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return (first_of(arguments[0]),)
    if origin is Mapping:
        return {} if arguments[1] is Any else {first_of(arguments[0]): first_of(arguments[1])}
    if origin in {Union, UnionType}:
        return first_of(arguments[0])
    return next(iter(annotation))


@pytest.mark.parametrize("word", BODIES)
def test_every_type_of_event_has_a_line_and_a_page(root, word):
    with Journal.open(root) as journal:
        journal.append(START, ENGINE, first_of(BODIES[word]))
    listed = run("list", root.parent).output.splitlines()[1]
    assert listed.split(word, 1)[1].strip(), "nothing says what happened"
    shown = run("show", root.parent, "1")
    assert shown.exit_code == 0
    for field in attrs.fields(BODIES[word]):
        assert field.name in shown.output.replace(" ", "_")


def test_market_is_shown_with_all_bars(root):
    with Journal.open(root) as journal:
        journal.append(START, ENGINE, first_of(BODIES["market"]))
    output = run("show", root.parent, "1").output
    seen = samples.snapshot()
    assert f"mark: {seen.quote.mark}" in output
    for series in seen.series.values():
        for time in series.candles.open_time.tolist():
            assert f"- {time}, " in output


@pytest.fixture
def two_records(data):
    """The same cycle as a decision, record 10, and its end, record 11."""
    whole = attrs.evolve(cycle_record(), cycle=CYCLE[::-1], number=18)
    shared = {f.name for f in attrs.fields(Decided)}
    said = {name: getattr(whole, name) for name in shared}
    end = {f.name: getattr(whole, f.name) for f in attrs.fields(CycleEnded) if f.name in END}
    with Journal.open(data / "journal") as journal:
        decided = journal.append(START, ALICE, Decided(**said))
        journal.append(START, ALICE, CycleEnded(**end | {"decided": decided.seq}))
        last = journal.last
    state = {"journal": {"last_seq": last[0], "hash": last[1]}}
    (data / "manager_state.json").write_text(json.dumps(state))
    return data


END = {
    "trader", "cycle", "number", "scheduled", "status", "model", "market", "account",
    "performance", "orders", "fills", "error",
}  # fmt: skip


def test_list_shows_a_cycle_of_two_records_whole(two_records):
    result = run("list", two_records, "--type", "cycle", "--limit", "1")
    assert result.exit_code == 0
    assert "#18 buy_to_enter BTC, sell_to_enter ETH REJECTED" in result.output
    assert "1 fill" in result.output


def test_list_shows_a_decision_by_itself_too(two_records):
    result = run("list", two_records, "--type", "decided")
    assert "#18 buy_to_enter BTC" in result.output


def test_show_joins_the_two_records_of_a_cycle(two_records):
    result = run("show", two_records, CYCLE[::-1])
    assert result.exit_code == 0
    for text in ("record  11", "You trade.", "The trend is up.", "109321.5"):
        assert text in result.output


def test_two_records_of_a_cycle_verify(two_records):
    assert run("verify", two_records).exit_code == 0


def test_verify_tells_of_a_closed_day_that_is_gone(kept):
    path = kept / "bob/2025-07-01.jsonl"
    path.unlink()
    result = run("verify", kept)
    assert result.exit_code == 1
    assert f"{path}: day: the closed day 2025-07-01 of bob is missing" in result.output


LONG = "You trade with care. " * 20


@pytest.fixture
def shortened(data):
    """A cycle, record 11, whose system message stands in that of record 10."""
    first = attrs.evolve(
        cycle_record(), cycle=CYCLE[::-1], messages=(Message(role="system", content=LONG),)
    )
    second = attrs.evolve(
        first,
        cycle=CYCLE[1:] + "0",
        messages=(Message(role="system", content=""),),
        texts_in=(10,),
    )
    with Journal.open(data / "journal") as journal:
        for body in (first, second):
            journal.append(START, ALICE, body)
    return data


def test_a_prompt_is_shown_with_the_texts_it_has_in_other_records(shortened):
    output = run("show", shortened, "11").output
    assert LONG.strip() in output
    assert json.loads(run("show", shortened, "11", "--json").output)["data"]["texts_in"] == [10]


def test_a_text_that_is_not_there_is_named_and_the_table_does_without(shortened):
    *_, file = sorted((shortened / "journal" / ALICE).glob("*.jsonl"))
    *before, _, last = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*before, last]))
    failure = run("show", shortened, "11").exception
    assert str(failure) == (
        "record 11 of alice: the text of its system message stands in record 10, "
        "which is not there or has none"
    )
    listed = run("list", shortened, "--type", "cycle", "--limit", "1")
    assert listed.exit_code == 0
    assert "11" in listed.output
