"""From what a trader knows to what may be ordered: prompt, model, decisions, risk gate."""

from nof0_core.decision.calls_made import CallsMade
from nof0_core.decision.maker import DecisionMaker, PromptSource
from nof0_core.decision.result import DecisionResult

__all__ = ["CallsMade", "DecisionMaker", "DecisionResult", "PromptSource"]
