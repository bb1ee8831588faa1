"""Recording asks each question once; a replay asks nothing and does the same."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import anyio
import attrs
import pytest

from nof0_core.clock import SystemClock, stopwatch
from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import LLMError, ModelTimeoutError, ReplayMissError
from nof0_core.testing.environment import Lines, env
from nof0_llm.tape.backend import open_tape
from nof0_llm.tape.config import TapeConfig
from nof0_llm.tape.miss import LONGEST_LINE, MOST_LINES

pytestmark = pytest.mark.anyio
CLOCK = SystemClock()
SECRET = "geheim-4711"  # noqa: S105 - a marker


class Model:
    """Answers with a number that grows; fails on prompts that say so."""

    def __init__(self):
        self.asked = []
        self.pause = 0.0

    async def complete(self, request):
        text = request.prompt.messages[-1].content
        self.asked.append((request.model.backend, text))
        if self.pause:
            await CLOCK.sleep_until(CLOCK.now() + timedelta(seconds=self.pause))
        if "fail" in text:
            request.calls.add(
                ModelCall(model="gpt", outcome=CallOutcome.REFUSED, detail=f"for {SECRET}")
            )
            message = f"refused for {SECRET}"
            raise LLMError(message)
        if "break" in text:
            raise ZeroDivisionError(text)
        usage = Usage(prompt_tokens=100, completion_tokens=7, cost_usd=Decimal("0.01"))
        request.calls.add(ModelCall(model="gpt", outcome=CallOutcome.ANSWERED, usage=usage))
        answer = f"answer {len(self.asked)} {SECRET}"
        return Completion(model="gpt", text=answer, chain_of_thought="so", usage=usage)


class EngineState:
    """A budget that notes what was booked."""

    def __init__(self):
        self.booked = []

    def book(self, trader, model, usage):
        self.booked.append((trader, model.name, usage))


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def opened(tmp_path, model):
    """Open a tape of a mode in front of the model."""

    @asynccontextmanager
    async def open_(mode, *, budget=None, log=None):
        config = TapeConfig(backend="real", file=tmp_path / "run.jsonl", mode=mode)
        async with env(section="taped", log=log) as plain:
            around = attrs.evolve(
                plain,
                backend={"real": model}.__getitem__,
                redact=lambda text: text.replace(SECRET, "[redacted]"),
                budget=budget or EngineState(),
            )
            async with open_tape(config, around) as backend:
                yield backend

    return open_


async def test_a_replay_gives_the_recorded_answers_in_any_order(opened, model, ask):
    questions = [f"price {number}" for number in range(5)]
    async with opened("record") as tape:
        first = {text: await tape.complete(ask(text)) for text in questions}
    assert len(model.asked) == 5
    async with opened("replay") as tape:
        again = {text: await tape.complete(ask(text)) for text in reversed(questions)}
    assert again == first
    assert len(model.asked) == 5


async def test_the_backend_behind_is_asked_as_if_there_were_no_tape(opened, model, ask):
    async with opened("record") as tape:
        await tape.complete(ask("price"))
    assert model.asked == [("real", "price")]


async def test_secrets_are_cut_out_of_answers_and_the_tape(opened, ask, tmp_path):
    async with opened("record") as tape:
        answer = await tape.complete(ask("price"))
        request = ask("fail")
        with pytest.raises(LLMError) as caught:
            await tape.complete(request)
    assert answer.text == "answer 1 [redacted]"
    assert str(caught.value) == "refused for [redacted]"
    assert next(iter(request.calls)).detail == "for [redacted]"
    assert SECRET not in (tmp_path / "run.jsonl").read_text()


async def test_the_same_question_at_the_same_time_is_asked_once(opened, model, ask):
    model.pause = 0.05
    answers = []

    async with opened("record") as tape, anyio.create_task_group() as tasks:

        async def one(trader):
            answers.append(await tape.complete(ask("price", trader=trader)))

        for trader in ("alpha", "beta", "gamma"):
            tasks.start_soon(one, trader)
    assert len(model.asked) == 1
    assert answers == [answers[0]] * 3


async def test_different_questions_are_asked_at_the_same_time(opened, model, ask):
    model.pause = 0.2
    started = stopwatch()
    async with opened("record") as tape, anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(tape.complete, ask(f"price {number}"))
    assert stopwatch() - started < 2


@pytest.mark.parametrize("text", ["fail", "break"])
async def test_a_failure_is_played_back_and_asked_again_while_recording(opened, model, ask, text):
    said = []
    for mode in ("record", "record", "replay"):
        async with opened(mode) as tape:
            request = ask(text)
            with pytest.raises(LLMError) as caught:
                await tape.complete(request)
            said.append((str(caught.value), tuple(request.calls)))
    assert said == [said[0]] * 3
    assert len(model.asked) == 2


async def test_a_question_nobody_waited_for_is_played_back_as_late(opened, model, ask):
    model.pause = 5
    async with opened("record") as tape:
        request = attrs.evolve(ask("price"), expires=stopwatch() + 0.05)
        with anyio.move_on_after(0.1):
            await tape.complete(request)
    async with opened("replay") as tape:
        with pytest.raises(ModelTimeoutError):
            await tape.complete(ask("price"))


async def test_a_question_cut_off_by_the_end_of_a_run_is_not_recorded(opened, model, ask):
    model.pause = 5
    async with opened("record") as tape:
        with anyio.move_on_after(0.05):
            await tape.complete(attrs.evolve(ask("price"), expires=stopwatch() + 60))
    async with opened("replay") as tape:
        with pytest.raises(ReplayMissError):
            await tape.complete(ask("price"))


async def test_what_a_recording_took_is_told_and_booked_by_a_replay(opened, ask):
    async with opened("record") as tape:
        request = ask("price")
        await tape.complete(request)
    budget, log = EngineState(), Lines()
    async with opened("replay", budget=budget, log=log) as tape:
        again = ask("price")
        await tape.complete(again)
    usage = Usage(prompt_tokens=100, completion_tokens=7, cost_usd=Decimal("0.01"))
    assert (
        list(again.calls)
        == list(request.calls)
        == [ModelCall(model="gpt", outcome=CallOutcome.ANSWERED, usage=usage)]
    )
    assert budget.booked == [("alpha", "gpt", usage)]
    ((_, event, values),) = log.lines
    assert (event, values["played"], values["recorded"]) == ("tape closed", 1, 0)


async def test_a_miss_shows_the_nearest_prompt_and_where_it_differs(opened, model, ask):
    prompts = [f"coin {n}\n" + "\n".join(f"{n} {line}" for line in range(9)) for n in range(4)]
    async with opened("record") as tape:
        for prompt in prompts:
            await tape.complete(ask(prompt))
    async with opened("replay") as tape:
        with pytest.raises(ReplayMissError) as caught:
            await tape.complete(ask(prompts[2].replace("2 7", "2 X")))
    said = str(caught.value)
    assert "trader alpha at 2025-07-23 12:00:00 UTC (model gpt" in said
    assert "\n-2 7\n+2 X\n" in said
    assert "first difference in line 12, column 3: recorded '2 7', now '2 X'" in said
    assert len(model.asked) == 4


async def test_a_miss_is_bounded_however_long_the_prompts(opened, ask):
    async with opened("record") as tape:
        await tape.complete(ask("\n".join("x" * 5000 for _ in range(500))))
    async with opened("replay") as tape:
        with pytest.raises(ReplayMissError) as caught:
            await tape.complete(ask("\n".join("y" * 5000 for _ in range(500))))
    assert len(str(caught.value)) < (MOST_LINES + 10) * LONGEST_LINE
    assert "more lines" in str(caught.value)


async def test_a_miss_by_parameters_alone_says_so(opened, ask):
    async with opened("record") as tape:
        await tape.complete(ask("price", temperature=0.5))
    async with opened("replay") as tape:
        with pytest.raises(ReplayMissError, match=r"a parameter differs: .*0\.5.*0\.7"):
            await tape.complete(ask("price", temperature=0.7))


async def test_two_sections_on_one_file_share_it(tmp_path, model, ask):
    config = TapeConfig(backend="real", file=tmp_path / "run.jsonl", mode="record")
    async with env() as plain:
        around = attrs.evolve(plain, backend={"real": model}.__getitem__)
        async with open_tape(config, around) as one, open_tape(config, around) as two:
            first = await one.complete(ask("price"))
            assert await two.complete(ask("price")) == first
    assert len(model.asked) == 1
