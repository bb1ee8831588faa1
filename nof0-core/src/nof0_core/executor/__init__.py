"""From what a trader knows to what may be ordered: prompt, model, decisions, risk gate."""

from nof0_core.executor.deliberation import CycleStatus, Deliberation
from nof0_core.executor.executor import Executor, PromptSource

__all__ = ["CycleStatus", "Deliberation", "Executor", "PromptSource"]
