from __future__ import annotations

from nof0_core.domain.model import Completion
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.project import Asked
from nof0_llm.openai import commands


def test_an_answer_without_words_and_decisions_is_called_that(capsys):
    said = Asked(status=CycleStatus.OK, completion=Completion(text="", model="m"))
    commands._show(said)
    assert capsys.readouterr().out == "no decisions\n"
