"""LLM backends: who decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import attrs

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import Completion, ModelCall, ModelSpec, Prompt, Usage
from nof0_core.ids import CycleId, TraderId


class CallLog:
    """The calls to models of one cycle: the only way by which they reach its record.

    Whoever runs a cycle makes the log, the request carries it. Who makes a call adds it, once,
    when it is over, however it ended: answered, refused, cut off or cancelled (so in a `finally`).
    The call names its model by the entry of llm.yaml, how it ended, and what it took; where the
    endpoint counted nothing, the most that can have been, marked `is_estimate`. A backend that
    asks other backends adds nothing for them: they do, in the same log.

    The record has the calls in the order in which they were added. Several may add while others
    are under way, in one event loop; who asks several at a time gives each a `part`, whose place
    in the order is where it was made and not who was first.

    Nothing that was added can be taken back. What is not a proper `ModelCall` is found when the
    log is read: it is told, it is not recorded, and it fails this cycle alone.
    """

    __slots__ = ("_noted",)

    def __init__(self) -> None:
        self._noted = _Noted()

    def add(self, call: ModelCall) -> None:
        """Note a call that is over."""
        self._noted.append(call)

    def part(self) -> CallLog:
        """Return a log whose calls stand here in this one, as soon as they are added.

        Who has a part sees the calls in it and no others.
        """
        part = CallLog()
        self._noted.append(part._noted)
        return part

    def __iter__(self) -> Iterator[ModelCall]:
        """Return what has been added so far, in order."""
        return iter(tuple(_flat(self._noted)))

    def __len__(self) -> int:
        """Return how many calls have been added so far."""
        return sum(1 for _ in self)


class _Noted(list[Any]):
    """Calls and parts of a log; a class of its own, which nobody adds as a call."""


def _flat(noted: _Noted) -> Iterator[ModelCall]:
    under_way = [iter(noted)]
    while under_way:
        for each in under_way[-1]:
            if type(each) is _Noted:
                under_way.append(iter(each))
                break
            yield each
        else:
            under_way.pop()


@attrs.define(kw_only=True, slots=False, eq=False)
class CompletionRequest:
    """One question to a model.

    The prompt is rendered when it is first read: a backend that decides from `context` alone never
    pays for it. `deadline` is when the answer must be there (clock time, UTC). `schema` is the JSON
    schema of the answer. `expires` is when the caller gives up, as a reading of
    `nof0_core.clock.stopwatch`: real time, whatever the engine's clock (None: never).

    A backend that pays for calls notes each in `calls`, as `CallLog` says: whatever becomes of the
    request, what it cost is known. A request made from this one with `attrs.evolve`, for another
    model, shares the log; one that is asked beside others is given a part of it.

    `check` raises `InvalidOutputError` for a text that is no answer to this question; None: what
    is asked for are decisions, read as `nof0_core.answers` reads them.
    """

    trader: TraderId
    cycle: CycleId
    model: ModelSpec
    context: DecisionContext
    schema: Mapping[str, Any]
    deadline: datetime
    render: Callable[[], Prompt]
    expires: float | None = None
    calls: CallLog = attrs.field(factory=CallLog)
    check: Callable[[str], object] | None = None

    def asking(self, model: ModelSpec, *, expires: float | None = None) -> CompletionRequest:
        """Return the same question to another model; the prompt is still rendered only once.

        `expires` is when this model is given up; None: as before.
        """
        # As `attrs.evolve`, which is slower and asked for with every question.
        return CompletionRequest(
            trader=self.trader,
            cycle=self.cycle,
            model=model,
            context=self.context,
            schema=self.schema,
            deadline=self.deadline,
            render=lambda: self.prompt,
            expires=self.expires if expires is None else expires,
            calls=self.calls,
            check=self.check,
        )

    @cached_property
    def prompt(self) -> Prompt:
        """Return the rendered prompt; rendering happens once."""
        return self.render()

    @property
    def rendered(self) -> Prompt | None:
        """Return the prompt if somebody has read it, else None."""
        return self.__dict__.get("prompt")


class Reservation(Protocol):
    """A part of the budgets kept free for one call; ends with exactly one of the two."""

    def settle(self, usage: Usage) -> None:
        """Book what the call took, which may be more than was held."""

    def release(self) -> None:
        """Give the part back: the call was not made, or certainly cost nothing."""


class Budget(Protocol):
    """What may be spent on models today, by all, by one trader and on one model."""

    async def hold(self, trader: TraderId, model: ModelSpec, worst: Usage) -> Reservation:
        """Keep the most a call can cost free before it is made; may wait for the disk.

        Raises:
            BudgetExceededError: some budget has less left; nothing is held then.
            LLMError: it cannot be noted for the next run, should this one be killed during the
                call; nothing is held then.
        """

    def book(self, trader: TraderId, model: ModelSpec, usage: Usage) -> None:
        """Count what a call of a recording took. Nothing is refused: it was paid for then."""


class LLMBackend(Protocol):
    """Answers decision requests. May be called concurrently for different traders."""

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answer one request before `request.deadline`.

        Reading `request.prompt` renders it; a backend that decides from `request.context` should
        not. The caller cancels the call at the deadline; a cancelled call may have cost money.
        A backend that pays asks `env.budget` before each call, and adds the call to
        `request.calls` when it is over, in a `finally`.

        Raises:
            InvalidOutputError: it answered, but not in the form of a decision; no other model is
                asked then.
            BudgetExceededError: a budget has too little left for the call.
            LLMError: no answer for another reason (which goes to the journal).
            ReplayMissError: it plays back a recording that holds no answer; this ends the run.
        """
