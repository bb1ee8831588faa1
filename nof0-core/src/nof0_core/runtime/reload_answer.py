"""What came of reading the configuration again, in words and for scripts."""

from __future__ import annotations

from typing import Any

import attrs

from nof0_core.config.changes import ConfigChange
from nof0_core.errors import Problem

NAMED = 5
"""So many changes or problems a sentence names; the answer has them all."""


@attrs.frozen(kw_only=True)
class ReloadAnswer:
    """Either it is in force with all its `changes`, or it is `refused` and nothing has changed.

    `problems` are why, as far as that has a place; `message` says it in one sentence.
    """

    message: str
    is_refused: bool = False
    changes: tuple[ConfigChange, ...] = ()
    problems: tuple[Problem, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "ok": not self.is_refused,
            "message": self.message,
            "changes": [attrs.asdict(change) for change in self.changes],
            "problems": [
                {
                    "file": each.file,
                    "line": each.line,
                    "path": each.path,
                    "message": each.message,
                    "hints": list(each.hints),
                }
                for each in self.problems
            ],
        }


def done(changes: tuple[ConfigChange, ...]) -> ReloadAnswer:
    """Say that changes are in force."""
    if not changes:
        return ReloadAnswer(message="nothing has changed")
    return ReloadAnswer(message=f"in force: {_some(list(map(str, changes)))}", changes=changes)


def refused(problems: tuple[Problem, ...]) -> ReloadAnswer:
    """Say that a configuration cannot be taken over, for all that is wrong with it."""
    told = _some([str(each) for each in problems])
    return ReloadAnswer(message=f"nothing was changed: {told}", is_refused=True, problems=problems)


def failed(why: str) -> ReloadAnswer:
    """Say that it could not be read, or not be put in force."""
    return ReloadAnswer(message=f"nothing was changed: {why}", is_refused=True)


def _some(said: list[str]) -> str:
    more = len(said) - NAMED
    told = "; ".join(" ".join(each.split()) for each in said[:NAMED])
    return f"{told}; and {more} more" if more > 0 else told
