"""The JSON schema given to models."""

from __future__ import annotations

import json

from nof0_core.answers.parsing import parse
from nof0_core.answers.schema import answer_schema
from nof0_core.domain.decision import Signal

KEYS = [
    "signal",
    "symbol",
    "leverage",
    "position_size_usd",
    "entry_price",
    "stop_loss",
    "take_profit",
    "risk_usd",
    "confidence",
    "invalidation_condition",
    "reasoning",
]


def _objects(schema):
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from _objects(value)


def test_it_is_fit_for_structured_output():
    schema = json.loads(json.dumps(dict(answer_schema(("BTC", "ETH")))))

    found = list(_objects(schema))
    assert len(found) == 2
    for each in found:
        assert each["required"] == list(each["properties"])
        assert each["additionalProperties"] is False
        assert all("description" in value for value in each["properties"].values())


def test_it_names_the_signals_and_the_traders_symbols():
    element = answer_schema(("BTC", "ETH"))["properties"]["decisions"]["items"]

    assert list(element["properties"]) == KEYS
    assert element["properties"]["signal"]["enum"] == [signal.value for signal in Signal]
    assert element["properties"]["symbol"]["enum"] == ["BTC", "ETH"]


def test_it_is_made_once_per_set_of_symbols():
    assert answer_schema(["BTC"]) is answer_schema(("BTC",))
    assert answer_schema(["BTC"]) is not answer_schema(("ETH",))


def test_an_answer_with_every_key_and_nulls_is_read():
    element = dict.fromkeys(KEYS) | {"signal": "hold", "symbol": "BTC"}
    answer = parse(json.dumps({"chain_of_thought": None, "decisions": [element]}))

    assert [d.signal for d in answer.decisions] == [Signal.HOLD]
