"""Asking a kind about its own config: its code may raise, and answer anything."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from nof0_core.border.values import shown
from nof0_core.config.model import Place
from nof0_core.config.session import Session
from nof0_core.plugins import messages
from nof0_core.plugins.kinds import PolicyKind, ServiceKind
from nof0_core.redaction import READ

T = TypeVar("T")
LONGEST = 300
"""So many letters of a sentence are shown."""
Asked = ServiceKind[Any, Any] | PolicyKind[Any, Any]


def ask(
    session: Session,
    family: str,
    kind: Asked,
    word: str,
    place: Place,
    call: Callable[[], T],
    *,
    is_vital: bool = True,
) -> T | None:
    """Return what a function of a kind answers; None, with the problem noted, where it raises.

    Args:
        session: takes the problem, which names the plugin.
        family: that of the kind.
        kind: whose function it is.
        word: what the function is called.
        place: where the problem stands.
        call: calls it.
        is_vital: whether nothing can go on without the answer; else it is a warning.
    """
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin's code raises anything
        said = READ.out_of_sentence(messages.failure(error))[:LONGEST]
        _defect(session, family, kind, place, f"{word} raised {said}", is_vital=is_vital)
        return None


def ask_amount(
    session: Session,
    family: str,
    kind: Asked,
    word: str,
    place: Place,
    call: Callable[[], Decimal],
    *,
    is_vital: bool = True,
) -> Decimal | None:
    """Do as `ask` for an amount, which must be a finite Decimal."""
    answer: object = ask(session, family, kind, word, place, call, is_vital=is_vital)
    if answer is None or (isinstance(answer, Decimal) and answer.is_finite()):
        return answer
    what = f"{word} answered {shown(answer)}, no finite Decimal"
    _defect(session, family, kind, place, what, is_vital=is_vital)
    return None


def sentence(text: str) -> str:
    """Return what a kind says as it may be shown: one line, without what is secret."""
    line = " ".join(READ.out_of_sentence(text).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _defect(
    session: Session, family: str, kind: Asked, place: Place, what: str, *, is_vital: bool
) -> None:
    owner = session.registry.owner(family, kind.type)
    note = session.problems.add if is_vital else session.warn
    note(place, f"{kind.type}: {what}: a defect of {owner}")
