"""From what a trader knows to what may be ordered: prompt, model, decisions, risk gate."""

from nof0_core.decision.maker import Executor, PromptSource
from nof0_core.decision.result import CycleStatus, Deliberation

__all__ = ["CycleStatus", "Deliberation", "Executor", "PromptSource"]
