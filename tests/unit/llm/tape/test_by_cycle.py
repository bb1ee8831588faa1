"""A tape that is played by trader and number of the cycle, whatever the prompt."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import attrs
import pytest

from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import DataError, ReplayMissError, TapeOverError
from nof0_core.testing.environment import Lines, env
from nof0_llm.tape.backend import open_tape
from nof0_llm.tape.config import TapeConfig, caveat
from nof0_llm.tape.file import reading
from nof0_llm.tape.merging import merge

pytestmark = pytest.mark.anyio
ABOUT = "model: one; date: 2026-11-28; how: by hand"


class Model:
    """Answers with a number that grows."""

    def __init__(self):
        self.count = 0

    async def complete(self, request):
        self.count += 1
        request.calls.add(
            ModelCall(model="gpt", outcome=CallOutcome.ANSWERED, usage=Usage(prompt_tokens=9))
        )
        return Completion(model="gpt", text=f"{request.trader} {self.count}")


class Budget:
    """Counts nothing."""

    def book(self, trader, model, usage):
        pass


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def opened(tmp_path, model):
    """Open a tape in front of the model; by cycle unless told otherwise."""

    @asynccontextmanager
    async def open_(mode, *, match="cycle", log=None, about=""):
        config = TapeConfig(
            backend="real", file=tmp_path / "run.jsonl", mode=mode, match=match, about=about
        )
        async with env(section="taped", log=log) as plain:
            around = attrs.evolve(plain, backend={"real": model}.__getitem__, budget=Budget())
            async with open_tape(config, around) as backend:
                yield backend

    return open_


@pytest.fixture
def turn(ask):
    """Make the question of a trader's cycle of a number."""

    def make(number, text="price", *, trader="alpha", **spec):
        request = ask(text, trader=trader, **spec)
        seen = request.context
        performance = attrs.evolve(seen.performance, cycles=number - 1)
        return attrs.evolve(
            request,
            context=attrs.evolve(seen, performance=performance),
            render=lambda: request.prompt,
        )

    return make


async def test_answers_go_by_trader_number_and_model_and_not_by_prompt(opened, turn, model):
    async with opened("record") as tape:
        said = {
            (trader, number): await tape.complete(turn(number, f"{number}", trader=trader))
            for trader in ("alpha", "beta")
            for number in (1, 2, 3)
        }
    assert model.count == 6
    async with opened("replay") as tape:
        for (trader, number), answer in reversed(said.items()):
            assert await tape.complete(turn(number, "another", trader=trader)) == answer
        with pytest.raises(TapeOverError):
            await tape.complete(turn(1, name="other"))
    assert model.count == 6


async def test_the_same_prompt_in_two_cycles_has_two_answers(opened, turn, model):
    async with opened("record") as tape:
        first, second = [await tape.complete(turn(number)) for number in (1, 2)]
    assert first != second
    async with opened("replay") as tape:
        assert await tape.complete(turn(2)) == second
        assert await tape.complete(turn(1)) == first


async def test_a_recording_goes_on_where_it_was_broken_off(opened, turn, model):
    async with opened("record") as tape:
        first = await tape.complete(turn(1))
    async with opened("record") as tape:
        assert await tape.complete(turn(1, "another")) == first
        await tape.complete(turn(2))
    assert model.count == 2


async def test_a_tape_that_is_over_says_so_and_ends_no_run(opened, turn):
    async with opened("record") as tape:
        await tape.complete(turn(1))
    async with opened("replay") as tape:
        said = "the tape is over: no answer of gpt for cycle 2 of alpha, 1 are on the tape"
        with pytest.raises(TapeOverError, match=said):
            await tape.complete(turn(2))
        with pytest.raises(TapeOverError, match="nothing is recorded: .* of beta"):
            await tape.complete(turn(2, trader="beta"))
    async with opened("replay", match="prompt") as tape:
        with pytest.raises(ReplayMissError):
            await tape.complete(turn(2, "another"))


async def test_the_end_tells_how_many_answers_were_to_other_prompts(opened, turn):
    async with opened("record") as tape:
        for number in (1, 2):
            await tape.complete(turn(number))
    log = Lines()
    async with opened("replay", log=log) as tape:
        await tape.complete(turn(1))
        await tape.complete(turn(2, "another"))
    ((_, _, values),) = log.lines
    assert (values["played"], values["other_prompts"]) == (2, 1)


async def test_the_head_of_a_tape_is_written_once_and_read(opened, turn, tmp_path):
    for number in (1, 2):
        async with opened("record", about=ABOUT) as tape:
            await tape.complete(turn(number, f"price {number}"))
    lines = (tmp_path / "run.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {"tape": 1, "about": ABOUT}
    assert len(lines) == 3
    with reading(tmp_path / "run.jsonl") as tape:
        assert (tape.about, len(tape)) == (ABOUT, 2)


async def test_a_merged_tape_keeps_the_heads_and_whose_turn_it_was(opened, turn, tmp_path):
    async with opened("record", about=ABOUT) as tape:
        answer = await tape.complete(turn(3))
    path = tmp_path / "run.jsonl"
    (tmp_path / "bare.jsonl").write_text("")
    merge([tmp_path / "bare.jsonl", path, path], tmp_path / "all.jsonl")
    path.unlink()
    (tmp_path / "all.jsonl").rename(path)
    with reading(path) as tape:
        assert tape.about == ABOUT
    async with opened("replay") as tape:
        assert await tape.complete(turn(3)) == answer


def test_a_line_with_neither_digest_nor_head_is_not_of_a_tape(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text('{"tape":1}\n')
    with pytest.raises(DataError, match="run.jsonl:1: not an entry of a tape: it has no digest"):
        reading(path).__enter__()


def test_what_is_said_beside_results(tmp_path):
    def said(**values):
        return caveat(TapeConfig(backend="real", file=tmp_path / "run.jsonl", **values))

    assert said() is None
    assert said(match="cycle", mode="record") is None
    assert said(match="cycle") == "answers by cycle from the tape run.jsonl, not from these prompts"
