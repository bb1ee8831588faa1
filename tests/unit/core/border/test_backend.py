"""A stranger's model backend changes nothing of what others see, whatever it does to its own."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType

import attrs
import pytest
from spoiling import picture, spoil

from nof0_core.border.backend import ShownCopies
from nof0_core.border.shown import Copier
from nof0_core.domain.model import Completion, Message, ModelCall, ModelSpec, Prompt
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import LLMError
from nof0_core.protocols import CompletionRequest
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
CALL = ModelCall(model="m", outcome=CallOutcome.REFUSED)


class Spoils:
    """Changes by force everything it is shown, and notes a call."""

    def __init__(self, error=None):
        self.error, self.seen = error, []

    async def complete(self, request):
        parts = (request.prompt, request.context, request.schema, request.model)
        self.seen.append((len(request.context.snapshots), len(request.calls)))
        for part in parts:
            spoil(part)
        request.calls._noted.clear()
        request.calls.add(CALL)
        if self.error is not None:
            raise self.error
        return Completion(model="m", text="")


@pytest.fixture
def asked():
    """A question, and how often its prompt was rendered."""
    rendered = []
    # Samples are everybody's.
    made = Copier()(samples.context())

    def render():
        rendered.append(len(made.snapshots))
        return Prompt(
            messages=(Message(role="user", content=str(sorted(made.snapshots))),),
            digest="d",
            versions={"user": "1"},
        )

    request = CompletionRequest(
        trader=made.trader,
        cycle=made.cycle,
        model=ModelSpec(name="m", backend="b"),
        context=made,
        schema={"type": "object", "required": ["a"]},
        deadline=made.time + timedelta(seconds=1),
        render=render,
    )
    request.calls.add(CALL)
    return request, rendered


@pytest.mark.parametrize("error", [None, LLMError("no")])
async def test_nothing_it_does_reaches_the_question(asked, error):
    request, rendered = asked
    shown = (request.context, request.schema, request.model)
    before = picture(shown)
    stranger = ShownCopies(Spoils(error))
    for _ in range(2):
        if error is None:
            await stranger.complete(request)
        else:
            with pytest.raises(LLMError):
                await stranger.complete(request)
    assert picture(shown) == before
    assert stranger._backend.seen[0] == stranger._backend.seen[1]
    assert list(request.calls) == [CALL] * 3
    # The prompt was made once, of what was not its own, and is what the journal gets.
    assert rendered == [len(request.context.snapshots)]
    assert request.rendered.messages[0].content == str(sorted(request.context.snapshots))


async def test_what_it_is_shown_is_of_the_kinds_its_own_libraries_take(asked):
    request, _ = asked

    class Looks:
        async def complete(self, request):
            self.request = request
            return Completion(model="m", text="")

    looks = Looks()
    await ShownCopies(looks).complete(request)
    assert type(looks.request.schema) is dict
    assert looks.request.schema == request.schema
    assert looks.request.model == request.model
    assert attrs.asdict(looks.request.prompt) == attrs.asdict(request.prompt)


async def test_the_context_is_copied_when_it_is_looked_at(asked):
    request, _ = asked

    class Keeps:
        async def complete(self, request):
            self.request = request
            return Completion(model="m", text="")

    keeps = Keeps()
    await ShownCopies(keeps).complete(request)
    shown = keeps.request
    assert isinstance(shown, CompletionRequest)
    assert "context" not in vars(shown), "it was copied for nobody"
    assert picture(shown.context) == picture(request.context)
    assert shown.context is not request.context
    assert shown.context is shown.context
    assert attrs.evolve(shown, deadline=request.deadline).context is shown.context
    with pytest.raises(AttributeError):
        _ = shown.nothing


def test_what_is_in_a_mapping_to_be_read_is_copied_when_it_is_looked_at():
    class Uncopied:
        def __deepcopy__(self, memo):
            raise RuntimeError("copied")

    numbers = [1, 2]
    original = MappingProxyType({"numbers": numbers, "other": Uncopied()})
    shown = Copier()(original)
    assert list(shown) == ["numbers", "other"]
    assert len(shown) == 2
    assert shown["numbers"] == numbers
    assert shown["numbers"] is not numbers
    assert shown["numbers"] is shown["numbers"]
    assert "nothing" not in shown
    with pytest.raises(TypeError):
        shown["numbers"] = []
    with pytest.raises(RuntimeError, match="copied"):
        shown["other"]


async def test_the_tests_above_could_fail(asked):
    request, _ = asked
    before = picture(request.context)
    await Spoils().complete(attrs.evolve(request, context=attrs.evolve(request.context)))
    assert len(request.calls) == 1, "it took away what was not its own"
    assert picture(request.context) != before
