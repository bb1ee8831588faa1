"""Whether the engine that a status speaks of has been heard of lately."""

from __future__ import annotations

from datetime import datetime

import attrs
import msgspec

from nof0_core.documents.status import ENDED, NOT_HEARD_OF
from nof0_core.sources.document import Document, Stretch

MISSED = 3
"""So many exports may be missing before an engine is not heard of."""


def as_heard(document: Document, *, every: float | None, now: datetime) -> Document:
    """Return a status as it reads at a moment: with `not heard of` where the heartbeat is old.

    An engine that has said how it ended does not have to say more.

    Args:
        document: the status as it was exported.
        every: seconds between two exports; None: not known, and then everything is believed.
        now: on the machine's clock.
    """
    if every is None:
        return document
    engine = msgspec.json.decode(document.data)
    if not isinstance(engine, dict) or engine.get("state") in ENDED:
        return document
    heartbeat = engine.get("heartbeat")
    if isinstance(heartbeat, int | float) and now.timestamp() - heartbeat <= MISSED * every:
        return document
    silent = msgspec.json.encode({**engine, "state": NOT_HEARD_OF})
    return attrs.evolve(
        document, stretches=(Stretch(silent),), version=f"{document.version}-silent"
    )
