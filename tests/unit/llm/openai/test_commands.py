from __future__ import annotations

import pytest

from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome, CycleStatus
from nof0_core.project import Asked
from nof0_llm.openai import commands


def test_an_answer_without_words_and_decisions_is_called_that(capsys):
    said = Asked(status=CycleStatus.OK, completion=Completion(text="", model="m"))
    commands._show(said, is_priced=True)
    assert capsys.readouterr().out == "no decisions\n"


@pytest.mark.parametrize(
    ("is_priced", "text"),
    [(True, "7 tokens, 0 USD"), (False, "7 tokens, cost not known: no price")],
)
def test_what_a_model_without_a_price_costs_is_not_0(capsys, is_priced, text):
    usage = Usage(prompt_tokens=5, completion_tokens=2)
    call = ModelCall(model="m", outcome=CallOutcome.ANSWERED, usage=usage)
    commands._show(Asked(status=CycleStatus.OK, calls=(call,)), is_priced=is_priced)
    assert text in capsys.readouterr().err
