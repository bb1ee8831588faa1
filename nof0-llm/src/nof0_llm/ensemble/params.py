"""Settings of a vote."""

from __future__ import annotations

import attrs

from nof0_core.config.fields import opt
from nof0_core.plugins.env import ModelRef

MAJORITY, CONFIDENCE = "majority", "confidence"


@attrs.frozen(kw_only=True)
class EnsembleConfig:
    """Nothing to set: who votes is in the `params` of the model entry."""


@attrs.frozen(kw_only=True)
class EnsembleParams:
    """`params` of a model entry whose backend is `ensemble`."""

    members: tuple[ModelRef, ...] = opt(help="models that vote, at least two")
    vote: str = opt(
        default=MAJORITY,
        one_of=(MAJORITY, CONFIDENCE),
        help="more than half of the voters, or of the confidence they give together",
    )
    quorum: int | None = opt(
        default=None, ge=1, help="members that must answer; default: more than half of them"
    )

    @property
    def needed(self) -> int:
        """Return how many members must answer."""
        return len(self.members) // 2 + 1 if self.quorum is None else self.quorum
