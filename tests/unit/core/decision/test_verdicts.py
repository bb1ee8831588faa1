"""An answer of several decisions on its way to the journal, the exported file and the API."""

from __future__ import annotations

import json

import msgspec
import pytest

from nof0_api.schemas.rows import Conversation
from nof0_core.documents.conversations import conversation
from nof0_core.documents.prompt_once import with_prompt
from nof0_core.domain.event import CycleEnded, Event
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.protocols.llm import CallLog

pytestmark = pytest.mark.anyio


def entry(symbol="BTC", **changes):
    mark = 100_000 if symbol == "BTC" else 4000
    return {
        "signal": "buy_to_enter",
        "symbol": symbol,
        "leverage": 5,
        "position_size_usd": 1000,
        "entry_price": mark,
        "stop_loss": mark * 0.98,
        "take_profit": mark * 1.1,
        "confidence": 80,
    } | changes


@pytest.fixture
def told(maker, context, now):
    """Give an answer to the decision maker; returns its row as the API's clients read it."""

    async def tell(*decisions):
        made, _ = maker(json.dumps({"chain_of_thought": "So.", "decisions": decisions}))
        done = await made.decide(context(), now, CallLog())
        assert done.status == "ok"
        body = CycleEnded(
            trader="alpha",
            cycle="cycle-1",
            number=1,
            scheduled=now,
            status=CycleStatus(done.status),
            model="m",
            market="",
            account=context().account,
            performance=context().performance,
            judgements=done.judgements,
            answer=done.completion.text,
            chain_of_thought=done.completion.chain_of_thought,
        )
        # What an exporter gets was read back from the journal.
        kept = msgspec.json.decode(msgspec.json.encode(body), type=CycleEnded)
        event = Event(seq=1, time=now, stream="alpha", body=kept)
        row = with_prompt(msgspec.json.encode(conversation(event, kept)))
        return msgspec.json.decode(row, type=Conversation)

    return tell


async def test_every_decision_has_its_verdict_in_the_order_of_the_answer(told):
    row = await told(
        {"signal": "hold", "symbol": "ETH"},
        entry(confidence=10, leverage=50),
        {"signal": "close", "symbol": "ETH"},
        entry(stop_loss="N/A"),
        entry("DOGE"),
        entry("ETH", leverage=50),
    )

    assert [(v.symbol, v.signal, v.is_approved) for v in row.verdicts] == [
        ("ETH", "hold", True),
        ("BTC", "buy_to_enter", False),
        ("ETH", "close", False),
        ("BTC", "buy_to_enter", False),
        ("DOGE", "buy_to_enter", False),
        ("ETH", "buy_to_enter", True),
    ]
    codes = [[reason.code for reason in v.reasons] for v in row.verdicts]
    assert codes == [
        [],
        ["confidence_below_minimum"],
        ["no_position"],
        ["malformed"],
        ["symbol_not_allowed"],
        ["leverage_capped"],
    ]
    assert row.verdicts[1].reasons[0].message == "confidence is 10, at least 75 needed"
    assert (row.verdicts[5].leverage, row.verdicts[5].size_usd) == (20, 1000)
    assert row.verdicts[1].size_usd is None


async def test_of_two_decisions_on_a_coin_the_approved_one_stands_for_it(told):
    row = await told(entry(confidence=10), entry(leverage=4), entry(leverage=7))

    assert [v.is_approved for v in row.verdicts] == [False, True, False]
    assert row.verdicts[2].reasons[0].code == "duplicate_decision"
    assert row.llm_response["BTC"].leverage == 4


async def test_many_decisions_keep_their_verdicts_though_the_summary_is_cut(told):
    row = await told(*(entry(confidence=10) for _ in range(40)))

    assert row.summary.endswith("…")
    assert [v.is_approved for v in row.verdicts] == [False] * 40


async def test_the_largest_numbers_that_are_read_can_be_shown(told):
    row = await told(entry(position_size_usd=1e12, entry_price=1e-12), entry(confidence=1))

    assert row.llm_response["BTC"].quantity == 1e24
