"""Settings of a pair of proposer and critic."""

from __future__ import annotations

import attrs

from nof0_core.config.fields import opt
from nof0_core.plugins.env import ModelRef


@attrs.frozen(kw_only=True)
class CriticConfig:
    """Nothing to set: who proposes and who judges is in the `params` of the model entry."""


@attrs.frozen(kw_only=True)
class CriticParams:
    """`params` of a model entry whose backend is `critic`."""

    proposer: ModelRef = opt(help="model that decides")
    critic: ModelRef = opt(help="model that may veto or shrink its entries; one that reads prompts")
    instructions: str = opt(default="", help="what the critic is told beside its task")
