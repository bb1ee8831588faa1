"""Whatever foreign code raises, its caller gets an error it knows, with the name of the culprit."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a native cancellation is what is tried

import anyio
import pytest

from nof0_core.border.foreign import Origin, causes, reraise
from nof0_core.errors import (
    DataError,
    EndOfDataError,
    JournalError,
    OutcomeUnknownError,
    ProviderError,
    RejectedError,
    TransientError,
)
from nof0_core.redaction import Redactor

pytestmark = pytest.mark.anyio
SECRET = "hush-hush-1234"  # noqa: S105 - invented
GROVE = Origin(
    part="market grove",
    plugin="nof0-bad 1.2",
    place="market.yaml:3",
    redact=Redactor([SECRET, "a\nb c\td"]).text,
)
WHOSE = "a defect of nof0-bad 1.2 (market grove, market.yaml:3)"


async def ask(fault, origin=GROVE):
    """Call something that raises `fault`, as a market is asked."""
    try:
        raise fault  # noqa: TRY301 - what foreign code does
    except BaseException as error:  # noqa: BLE001 - likewise
        reraise(error, origin=origin, verb="quotes", allowed=(ProviderError,), make=TransientError)


class Mute(Exception):  # noqa: N818 - it says nothing
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (SystemExit(3), "SystemExit: 3"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("two\n lines"), "RuntimeError: two lines"),
        (Mute(), "Mute"),
        (asyncio.CancelledError(), "CancelledError, though nobody cancelled it"),
        (JournalError("of its own"), "JournalError: of its own"),
        (ExceptionGroup("tasks", [KeyError("x"), ValueError("y")]), "KeyError: 'x'; ValueError: y"),
        (
            BaseExceptionGroup("tasks", [SystemExit(1), ExceptionGroup("in", [KeyError("x")])]),
            "SystemExit: 1; KeyError: 'x'",
        ),
        (RuntimeError("a" * 1000), f"RuntimeError: {'a' * 300}…"),
        (RuntimeError("a" * 295 + SECRET), f"RuntimeError: {'a' * 295}[reda…"),
        (RuntimeError("a\nb c\td"), "RuntimeError: [redacted]"),
        (RuntimeError(f"no login with {SECRET}"), "RuntimeError: no login with [redacted]"),
    ],
    ids=repr,
)
async def test_what_no_provider_may_raise_is_a_defect_with_a_name(fault, said):
    with pytest.raises(TransientError) as told:
        await ask(fault)
    assert str(told.value) == f"quotes raised {said}: {WHOSE}"
    assert told.value.__cause__ is fault


@pytest.mark.parametrize(
    ("kind", "text"),
    [(DataError, "no BTC"), (OutcomeUnknownError, "lost"), (TransientError, f"429 for {SECRET}")],
)
@pytest.mark.parametrize("is_grouped", [False, True])
async def test_what_a_provider_may_raise_stays_what_it_is_and_says_whose_it_is(
    kind, text, is_grouped
):
    fault = kind(text)
    text = text.replace(SECRET, "[redacted]")
    words = f"{text} (quotes of market grove, nof0-bad 1.2, market.yaml:3)"
    for _ in range(2):  # a provider may raise one object again and again
        with pytest.raises(ProviderError) as told:
            await ask(ExceptionGroup("tasks", [fault]) if is_grouped else fault)
        assert told.value is fault
        assert str(told.value) == words


async def test_what_the_venue_says_stays_in_its_own_words_without_secrets():
    with pytest.raises(RejectedError) as told:
        await ask(RejectedError(f"bad key {SECRET}"))
    assert (str(told.value), told.value.text) == ("bad key [redacted]", "bad key [redacted]")


async def test_the_end_of_a_recording_counts_whatever_else_went_wrong():
    over = EndOfDataError("it ends here")
    with pytest.raises(EndOfDataError, match="^it ends here$"):
        await ask(ExceptionGroup("tasks", [KeyError("x"), over]))


@pytest.mark.parametrize(
    "wish",
    [
        KeyboardInterrupt(),
        GeneratorExit(),
        BaseExceptionGroup("t", [KeyError(), KeyboardInterrupt()]),
    ],
    ids=repr,
)
async def test_a_wish_to_end_passes(wish):
    with pytest.raises(type(wish)) as told:
        await ask(wish)
    assert told.value is wish


async def test_a_cancellation_by_a_scope_of_ours_passes():
    async def hang():
        try:
            await anyio.sleep_forever()
        except BaseException as error:  # noqa: BLE001 - what foreign code does
            reraise(error, origin=GROVE, verb="quotes", allowed=(), make=TransientError)

    with anyio.move_on_after(0) as scope:
        await hang()
    assert scope.cancelled_caught


async def test_where_nobody_knows_whose_code_it_is_the_section_is_named():
    section = Origin(part="market grove")
    with pytest.raises(TransientError, match=r"^quotes raised KeyError: 'x' \(market grove\)$"):
        await ask(KeyError("x"), section)
    with pytest.raises(TransientError, match=r"^429$"):
        await ask(TransientError("429"), section)


def test_equal_causes_are_said_once():
    assert causes(ExceptionGroup("t", [KeyError("x"), KeyError("x")]), str) == "KeyError: 'x'"
