"""What looking around before a run has found."""

from __future__ import annotations

from enum import StrEnum

import attrs


class FindingLevel(StrEnum):
    """How much a finding matters.

    PROBLEM: a run would fail on it. WARNING: it may, or somebody should know.
    """

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@attrs.frozen(kw_only=True)
class Finding:
    """One thing a kind's `check_online` has found out, as a sentence for a person."""

    level: FindingLevel
    sentence: str
