from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from nof0_core.border.completions import COMPLETION
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion, Usage
from nof0_core.ids import Symbol

HOLD = Decision(signal=Signal.HOLD, symbol=Symbol("BTC"), confidence=80)
GOOD = Completion(model="m", decisions=(HOLD,), usage=Usage(prompt_tokens=3))


def test_a_completion_of_the_declared_types_passes():
    assert not COMPLETION(GOOD)
    assert not COMPLETION(attrs.evolve(GOOD, text="\ud800\0", decisions=None))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": ""}, "model is empty"),
        ({"text": None}, "text is None (NoneType), not a str"),
        ({"text": "x" * 1_000_001}, "text has 1000001 letters"),
        ({"decisions": HOLD}, "decisions is a Decision, not a tuple"),
        ({"decisions": ({"signal": "hold"},)}, "decisions[0] is a dict, no Decision"),
        ({"attempts": 0}, "attempts is 0, not in 1…1000"),
        ({"usage": Usage(cost_usd=0.5)}, "usage.cost_usd is 0.5 (float), not a Decimal"),
        ({"usage": Usage(cost_usd=Decimal(-1))}, "usage.cost_usd is -1, below 0"),
        ({"usage": Usage(prompt_tokens=1.5)}, "usage.prompt_tokens is 1.5 (float), not an int"),
    ],
)
def test_what_is_wrong_with_a_completion_is_said_by_field(changes, words):
    assert words in COMPLETION(attrs.evolve(GOOD, **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"signal": "hold"}, "signal is 'hold', not a Signal"),
        ({"leverage": 2.5}, "leverage is 2.5 (float), not an int"),
        ({"leverage": True}, "leverage is True (bool), not an int"),
        ({"position_size_usd": 1000.0}, "position_size_usd is 1000.0 (float), not a Decimal"),
        ({"stop_loss": Decimal("NaN")}, "stop_loss is NaN"),
        ({"take_profit": Decimal("Infinity")}, "take_profit is Infinity"),
        ({"confidence": "80"}, "confidence is '80' (str), not a float"),
        ({"confidence": float("nan")}, "confidence is nan"),
        ({"confidence": 101.0}, "confidence is 101.0, not in 0…100"),
        ({"reasoning": b"why"}, "reasoning is a bytes (bytes), not a str"),
    ],
)
def test_what_is_wrong_with_a_decision_is_said_by_field(changes, words):
    bad = attrs.evolve(GOOD, decisions=(attrs.evolve(HOLD, **changes),))
    assert COMPLETION(bad) == f"decisions[0].{words}"
