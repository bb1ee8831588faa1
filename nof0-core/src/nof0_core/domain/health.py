"""How a service says it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import attrs


class Health(StrEnum):
    """What a service says of itself.

    DEGRADED: it works, but not as it should (a fallback, a lost stream, an old answer).
    DOWN: it does not work now.
    """

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@attrs.frozen(kw_only=True)
class ServiceHealth:
    """One section and how it is, with a sentence for a person (empty where all is well).

    `family` is the word of the family (`market`, `exchange`, `backend`, `exporter`, `companion`);
    `since` is when it became so, in engine time. `figures` are numbers it tells, by name.
    """

    section: str
    family: str
    health: Health
    sentence: str = ""
    since: datetime
    figures: Mapping[str, float] = attrs.field(factory=dict)
