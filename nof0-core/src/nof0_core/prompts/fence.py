"""Text that came from outside, made unable to pass for instructions."""

from __future__ import annotations

import re

OPENING, CLOSING = "<data>", "</data>"
MAX_LENGTH = 300

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")
_ANGLES = str.maketrans({"<": "\u2039", ">": "\u203a"})


def fenced(text: str) -> str:
    """Put text between `<data>` and `</data>`.

    It becomes one line of at most 300 characters and cannot close the fence itself: angle brackets
    are replaced by look-alikes, control and direction characters by a blank.
    """
    line = _CONTROL.sub(" ", text).translate(_ANGLES).strip()
    if len(line) > MAX_LENGTH:
        line = line[: MAX_LENGTH - 1] + "…"
    return f"{OPENING}{line}{CLOSING}"
