"""What makes two questions the same."""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import sha256

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_core import opt
from nof0_core.domain.model import DailyBudget, ModelPrice
from nof0_llm.tape.question import Questions

SCHEMA = {"type": "object", "properties": {"signal": {"enum": ["hold"]}}}


@attrs.frozen(kw_only=True)
class Params:
    style: str = opt(default="calm")
    token: str = opt(default="", secret=True)


@attrs.frozen(kw_only=True)
class LaterParams(Params):
    depth: int = opt(default=3)


def test_the_digest_is_the_same_tomorrow(ask):
    # Written out here: a change of it would make every recorded tape useless.
    schema = '{"properties":{"signal":{"enum":["hold"]}},"type":"object"}'
    whole = (
        '{"messages":[["system","Trade."],["user","€ 100"]],'
        '"model":{"model_name":"one","name":"gpt","provider":""},'
        '"parameters":{"temperature":0.5},'
        f'"schema":"{sha256(schema.encode()).hexdigest()}"}}'
    )
    found = Questions().of(ask("€ 100", temperature=0.5)).digest
    assert found == sha256(whole.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"text": "BTC stands at 101 USD."}, id="one character of the prompt"),
        pytest.param({"system": "Trade!"}, id="system message"),
        pytest.param({"schema": {"type": "array"}}, id="schema"),
        pytest.param({"name": "other"}, id="entry"),
        pytest.param({"provider": "x"}, id="provider"),
        pytest.param({"model_name": "two"}, id="model"),
        pytest.param({"temperature": 0.0}, id="temperature 0 is a setting"),
        pytest.param({"max_completion_tokens": 5}, id="length"),
        pytest.param({"top_p": 0.5}, id="top_p"),
        pytest.param({"mode": "json"}, id="mode"),
        pytest.param({"params": Params(style="bold")}, id="params"),
    ],
)
def test_what_the_model_is_asked_changes_the_digest(ask, change):
    assert Questions().of(ask(**change)).digest != Questions().of(ask()).digest


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"trader": "beta"}, id="who asks"),
        pytest.param({"backend": "direct"}, id="which way"),
        pytest.param({"price": ModelPrice(input=Decimal(1), output=Decimal(2))}, id="price"),
        pytest.param({"budget": DailyBudget(tokens=1)}, id="budget"),
        pytest.param({"priority": 4}, id="priority"),
        pytest.param({"params": Params()}, id="params by default"),
        pytest.param({"params": LaterParams()}, id="a setting of a later version"),
        pytest.param({"params": Params(token="geheim")}, id="secret"),  # noqa: S106
    ],
)
def test_what_the_model_is_not_told_does_not(ask, change):
    assert Questions().of(ask(**change)).digest == Questions().of(ask()).digest


def test_the_border_between_messages_counts(ask):
    assert (
        Questions().of(ask("bc", system="a")).digest != Questions().of(ask("c", system="ab")).digest
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_has_the_digest_of_its_canonical_json(ask, text):
    request = ask(text, system=text, model_name=text)
    whole = {
        "messages": [["system", text], ["user", text]],
        "model": {"model_name": text, "name": "gpt", "provider": ""},
        "parameters": {},
        "schema": sha256(_json(SCHEMA)).hexdigest(),
    }
    assert Questions().of(request).digest == sha256(_json(whole)).hexdigest()


def test_who_remembers_models_and_schemas_never_takes_one_for_another(ask):
    questions = Questions()
    changes = [{"temperature": number / 10} for number in range(200)]
    changes += [{"schema": {"type": "array", "maxItems": number}} for number in range(200)]
    found = [questions.of(ask(**change)) for change in changes]
    assert found == [Questions().of(ask(**change)) for change in changes]
    assert len({each.digest for each in found}) == len(changes)


def _json(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")
