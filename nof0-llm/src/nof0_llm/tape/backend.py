"""The backend behind `type: tape`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import attrs

from nof0_core.clock import stopwatch
from nof0_core.domain.model import Completion, ModelSpec, Usage, usage_of
from nof0_core.errors import ReplayMissError, TapeOverError
from nof0_core.plugins.env import BackendRef, Env, ModelRef
from nof0_core.protocols import LLMBackend
from nof0_core.protocols.llm import CallLog, CompletionRequest
from nof0_llm.tape.cleaning import cleaned
from nof0_llm.tape.config import CYCLE, RECORD, TapeConfig
from nof0_llm.tape.entry import Entry, Failure, Reply, Turn, failure_of
from nof0_llm.tape.file import TapeFile, reading, recording
from nof0_llm.tape.miss import miss
from nof0_llm.tape.question import Question, Questions


@attrs.define
class Tally:
    """What a tape did: answers played back, answers written down, and what those took.

    `other_prompts` of those played back were recorded as answers to another prompt.
    """

    played: int = 0
    other_prompts: int = 0
    recorded: int = 0
    usage: Usage = Usage()


class TapeBackend:
    """Answers from a tape.

    A replay answers from the tape alone. While recording, what is not on the tape is asked of the
    backend behind it and written down; the same question is never asked twice, because only one
    answer to it could be played back. A recorded failure is asked again.

    What is answered is always what stands on the tape, so that secrets cut out there reach neither
    the journal nor the decisions. With `match: cycle` an answer belongs to a turn: the model's in
    the trader's cycle of this number, whatever the prompt; where the tape has none left, the cycle
    ends without a decision and the run goes on. Calls and costs are those of the recording and are
    booked to the budgets: what is left of them may stand in the next prompt.
    """

    def __init__(self, *, config: TapeConfig, env: Env, tape: TapeFile) -> None:
        self.tally = Tally()
        self._config = config
        self._env = env
        self._tape = tape
        self._asking: dict[str | Turn, anyio.Event] = {}
        self._questions = Questions()

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answer from the tape, or ask and record.

        Raises:
            ReplayMissError: in a replay, the question is not on the tape.
            TapeOverError: in a replay by cycle, nothing is recorded for this one.
            LLMError: that is what was recorded.
        """
        question = self._questions.of(request)
        turn = _turn(request)
        if self._config.mode != RECORD:
            entry = self._find(question, turn)
            if entry is None and self._config.match == CYCLE:
                raise _over(turn, self._tape.turns_of(turn[0]))
            if entry is None:
                raise miss(request, question, self._tape.entries())
            self.tally.other_prompts += entry.digest != question.digest
            return await self._play(entry, request)
        key = turn if self._config.match == CYCLE else question.digest
        while key in self._asking:
            await self._asking[key].wait()
        entry = self._find(question, turn)
        if entry is not None and entry.completion is not None:
            return await self._play(entry, request)
        self._asking[key] = answered = anyio.Event()
        try:
            return await self._ask(question, request)
        finally:
            del self._asking[key]
            answered.set()

    def _find(self, question: Question, turn: Turn) -> Reply | None:
        if self._config.match == CYCLE:
            return self._tape.reply_in(turn)
        return self._tape.reply(question.digest)

    async def _ask(self, question: Question, request: CompletionRequest) -> Completion:
        ref = self._config.backend
        # A log of its own: what the question's has in the end is what stands on the tape.
        inner = attrs.evolve(
            request.asking(attrs.evolve(request.model, backend=ref)),
            calls=CallLog(),
            render=lambda: request.prompt,
        )
        kept: list[Entry] = []
        started = stopwatch()

        def keep(completion: Completion | None = None, failure: Failure | None = None) -> Entry:
            entry = Entry(
                digest=question.digest,
                model=question.model,
                parameters=question.parameters,
                schema=question.schema,
                messages=question.messages,
                completion=completion,
                failure=failure,
                calls=tuple(inner.calls),
                latency_s=round(stopwatch() - started, 6),
                trader=request.trader,
                cycle=_turn(request)[1],
            )
            entry = cleaned(entry, self._env.redact)
            self._tape.add(entry)
            kept.append(entry)
            self.tally.recorded += 1
            self.tally.usage += usage_of(entry.calls)
            return entry

        try:
            completion = await self._env.backend(BackendRef(ref)).complete(inner)
        except anyio.get_cancelled_exc_class():
            if request.expires is not None and stopwatch() >= request.expires:
                keep(failure=Failure(kind="timeout", message="no answer in time"))
            raise
        except ReplayMissError:
            raise
        except Exception as error:
            entry = keep(failure=failure_of(error))
            assert entry.failure is not None  # noqa: S101 - it was just put in
            raise entry.failure.error() from error
        else:
            answer = keep(completion).completion
            assert answer is not None  # noqa: S101 - it was just put in
            return answer
        finally:
            for call in kept[0].calls if kept else inner.calls:
                request.calls.add(call)

    async def _play(self, entry: Reply, request: CompletionRequest) -> Completion:
        self.tally.played += 1
        for call in entry.calls:
            if call.usage != Usage():
                spec = self._spec(call.model, request)
                self._env.budget.book(request.trader, spec, call.usage)
            request.calls.add(call)
        if entry.completion is not None:
            return entry.completion
        failure = entry.failure
        assert failure is not None  # noqa: S101 - an entry has one of the two
        if failure.kind == "budget" and failure.worst is not None:
            # Refused again by the same budget, which tells people as it did then.
            held = await self._env.budget.hold(request.trader, request.model, failure.worst)
            held.release()
        raise failure.error()

    def _spec(self, model: str, request: CompletionRequest) -> ModelSpec:
        """Return the model of a call; on a tape from elsewhere it may be one nobody knows here."""
        try:
            return self._env.model(ModelRef(model))
        except LookupError:
            return request.model


def _turn(request: CompletionRequest) -> Turn:
    """Return whose turn it is: cycles are counted over all runs of a data directory."""
    return request.trader, request.context.performance.cycles + 1, request.model.name


def _over(turn: Turn, last: int) -> TapeOverError:
    trader, number, model = turn
    why = "the tape is over" if number > last > 0 else "nothing is recorded"
    message = f"{why}: no answer of {model} for cycle {number} of {trader}, {last} are on the tape"
    return TapeOverError(message)


@asynccontextmanager
async def open_tape(config: TapeConfig, env: Env) -> AsyncIterator[LLMBackend]:
    """Open a tape; sections that name the same file share it.

    Raises:
        UsageError: the file cannot be read, or not be written while recording.
        DataError: it is not a tape.
    """
    opener = recording if config.mode == RECORD else reading

    @asynccontextmanager
    async def opened() -> AsyncIterator[object]:
        with opener(config.file) as tape:
            yield tape

    tape = await env.shared(("tape", config.mode, str(config.file)), opened)
    assert isinstance(tape, TapeFile)  # noqa: S101 - nobody else has this key
    if config.mode == RECORD:
        tape.head(config.about)
    backend = TapeBackend(config=config, env=env, tape=tape)
    try:
        yield backend
    finally:
        tally = backend.tally
        env.log.info(
            "tape closed",
            file=str(config.file),
            mode=config.mode,
            entries=len(tape),
            played=tally.played,
            other_prompts=tally.other_prompts,
            recorded=tally.recorded,
            tokens=tally.usage.tokens,
            cost_usd=str(tally.usage.cost_usd),
        )
