"""Answers in several pieces, or written as text in text: read as a whole, or refused."""

from __future__ import annotations

import json

import pytest

from nof0_core.answers import parse
from nof0_core.errors import InvalidOutputError


def said(signal, symbol, **more):
    return {"signal": signal, "symbol": symbol, **more}


def piece(*decisions, thought=None):
    return {"chain_of_thought": thought, "decisions": list(decisions)}


def read(value):
    return [(d.signal, d.symbol) for d in parse(json.dumps(value)).decisions]


def test_pieces_are_one_answer_in_their_order():
    pieces = [piece(said("hold", "BTC"), thought="a"), piece(said("close", "SOL"), thought="b")]
    assert read([*pieces, said("hold", "ETH")]) == [
        ("hold", "BTC"),
        ("close", "SOL"),
        ("hold", "ETH"),
    ]
    assert parse(json.dumps(pieces)).chain_of_thought == "a\nb"


def test_what_two_pieces_say_alike_counts_once():
    assert read([piece(said("hold", "BTC"))] * 3) == [("hold", "BTC")]


def test_pieces_that_differ_on_a_coin_are_sent_back():
    with pytest.raises(InvalidOutputError, match="differ on 'BTC'"):
        read([piece(said("hold", "BTC")), piece(said("close", "btc"))])


def test_a_piece_that_decides_nothing_is_told():
    with pytest.raises(InvalidOutputError, match="decides nothing"):
        read([piece(said("hold", "BTC")), {"query": "news"}])


def test_a_text_in_a_text_is_what_it_was():
    whole = piece(said("hold", "BTC"))
    assert read(json.dumps(whole)) == [("hold", "BTC")]
    assert read({"decisions": json.dumps([said("close", "SOL")])}) == [("close", "SOL")]


@pytest.mark.parametrize("shape", ["{}", "<tool_call>\n{}\n</tool_call>", "```json\n{}\n```"])
@pytest.mark.parametrize("key", ["arguments", "parameters"])
@pytest.mark.parametrize("dump", [json.dumps, lambda value: value], ids=["text", "object"])
def test_a_call_left_in_the_text_is_read(shape, key, dump):
    call = json.dumps({"name": "decide", key: dump(piece(said("hold", "BTC")))})
    assert parse(shape.replace("{}", call)).decisions[0].symbol == "BTC"


def test_a_call_of_another_tool_in_the_text_decides_nothing():
    call = json.dumps({"name": "simulate", "arguments": piece(said("close", "BTC"))})
    with pytest.raises(InvalidOutputError, match="no decision found"):
        parse(call)


def test_all_faults_of_an_element_are_told_at_once():
    bad = said(
        "buy_to_enter",
        "BTC",
        leverage="3x",
        position_size_usd="$500",
        entry_price="118,000",
        confidence="85%",
    )
    with pytest.raises(InvalidOutputError) as caught:
        read([bad, {"signal": "maybe", "symbol": 3}])
    told = str(caught.value)
    for key in ("leverage", "position_size_usd", "entry_price", "confidence", "signal", "symbol"):
        assert f"{key} must" in told
