"""How long calls of a section may take, as its own configuration has it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs

from nof0_core.config.asking import ask
from nof0_core.config.fields import key_of, written
from nof0_core.config.model import Place
from nof0_core.config.session import Session
from nof0_core.config.tree import Table
from nof0_core.plugins.descriptor import shown
from nof0_core.plugins.kinds import ServiceKind

SHORTEST = timedelta(seconds=1)
"""Hardly a venue answers sooner; what is shorter makes every order one of unknown outcome."""


def read_timeout(
    session: Session, family: str, table: Table, kind: ServiceKind[Any, Any], config: object
) -> timedelta | None:
    """Return what the kind makes of a section's settings; None, too, where that is refused."""
    tell = kind.timeout
    if tell is None:
        return None
    timeout: object = ask(session, family, kind, "timeout", table.place, lambda: tell(config))
    if timeout is None:
        return None
    if not isinstance(timeout, timedelta):
        what = f"the timeout of {kind.type} is {shown(timeout)}, which is no duration"
        session.problems.add(table.place, what)
        return None
    if timeout < SHORTEST:
        message = f"must be >= {written(SHORTEST)}, got {written(timeout)}"
        place, is_key = _place(table, config, timeout)
        session.problems.add(place, message if is_key else f"its timeout {message}")
        return None
    return timeout


def _place(table: Table, config: Any, timeout: timedelta) -> tuple[Place, bool]:
    """Return the key whose very value it is, else the section, and whether it is a key."""
    for field in attrs.fields(type(config)):
        if getattr(config, field.name) is timeout:
            return table.below(key_of(field)), True
    return table.place, False
