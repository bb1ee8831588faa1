"""Names a configuration gives: what they may be made of, and which are too much alike."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nof0_core.config.model import Place
from nof0_core.config.session import Session
from nof0_core.config.tree import printable

LONGEST_NAME = 64
"""Characters of an id, a section, a coin: files are named after them, with something added."""
LONGEST_LABEL = 100
"""Characters of a name that is only shown or kept, such as a model's."""

_MODEL = re.compile(r"[!-~]+(?: [!-~]+)*")


def check_length(session: Session, place: Place, name: str, *, most: int = LONGEST_NAME) -> bool:
    """Note a name that is too long; return whether it is short enough."""
    if len(name) <= most:
        return True
    session.problems.add(
        place, f"a name has at most {most} characters, this one has {len(name)}: shorten it"
    )
    return False


def check_label(session: Session, place: Place, name: str) -> None:
    """Note a text that cannot be shown in one line of a table as it is."""
    if not check_length(session, place, name, most=LONGEST_LABEL):
        return
    if not name.isprintable() or name != name.strip():
        session.problems.add(
            place,
            f'"{printable(name)}" has a line break, a character nobody sees or a space at its end',
        )


def check_model_name(session: Session, place: Place, name: str) -> None:
    """Note a key of `models` that others could not write as it is.

    Letters of other alphabets may look the same as these and yet be others; what the backend calls
    the model goes under model_name, which may be any text.
    """
    if not check_length(session, place, name, most=LONGEST_LABEL):
        return
    if not _MODEL.fullmatch(name):
        session.problems.add(
            place,
            f'"{printable(name)}" cannot be the name of a model: write it in ASCII letters, digits'
            " and signs, and what the backend calls it under model_name",
        )


def check_case(session: Session, places: Iterable[tuple[str, Place]], what: str) -> None:
    """Note names that differ in capitals alone: some disks take them for the same."""
    first: dict[str, tuple[str, Place]] = {}
    for name, place in places:
        known, where = first.setdefault(name.casefold(), (name, place))
        if known != name:
            session.problems.add(
                place,
                f'{what} "{name}" differs from "{known}" on line {where.line} in capitals alone:'
                " rename one",
            )
