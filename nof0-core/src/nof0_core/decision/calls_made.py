"""The calls of a cycle as they are recorded."""

from __future__ import annotations

import attrs

from nof0_core.answers.sanitizing import Redact, clean_call
from nof0_core.border.completions import sorted_calls
from nof0_core.domain.model import Completion, ModelCall, Usage, usage_of
from nof0_core.protocols.llm import CallLog


@attrs.frozen(kw_only=True)
class CallsMade:
    """What a log of calls holds, in order, without secrets.

    `wrong` says what in it is no call that could be written down, "" for nothing; that is not among
    `calls`.
    """

    calls: tuple[ModelCall, ...]
    wrong: str = ""

    def usage(self, completion: Completion | None) -> Usage:
        """Return what the cycle's calls took: their sum.

        Args:
            completion: the answer, None for none. Where nobody has noted a call, what it says of
                itself is all there is.
        """
        if completion is not None and not self.calls:
            return completion.usage
        return usage_of(self.calls)


def read_calls(log: CallLog, redact: Redact) -> CallsMade:
    """Read a log into which strangers may have written anything."""
    good, wrong = sorted_calls(log)
    return CallsMade(calls=tuple(clean_call(call, redact) for call in good), wrong=wrong)
