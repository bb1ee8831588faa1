"""Text that came from outside, made unable to pass for instructions."""

from __future__ import annotations

import re
import unicodedata

OPENING, CLOSING = "<data>", "</data>"
MAX_LENGTH = 300

_ANGLES = str.maketrans({"<": "\u2039", ">": "\u203a"})
_END_MARK = re.compile(
    r"[<\u2039\u27e8\u3008\u27ea\u300a\u00ab\u276c\u276e\u29fc](?:\s*[/\\\u2215\u2044\u29f8])+\s*"
)
"""The beginning of a closing mark, with any bracket and any slash that look like one."""
_INVISIBLE = {"Cf", "Co", "Cn"}
_BREAKS = {"Cc", "Cs", "Zl", "Zp"}


def fenced(text: str) -> str:
    """Put text between `<data>` and `</data>`.

    It becomes one line of at most 300 characters and cannot close the fence itself, nor seem to:
    angle brackets become look-alikes (a comparison can still be read), of a closing mark the slash
    goes, full-width letters become plain ones, what cannot be seen is taken out, and control
    characters are blanks.
    """
    plain = text[: 4 * MAX_LENGTH]
    if not (plain.isascii() and plain.isprintable()):
        plain = "".join(map(_visible, unicodedata.normalize("NFKC", plain)))
    line = " ".join(plain.split())
    line = _END_MARK.sub("\u2039", line).translate(_ANGLES)
    if len(line) > MAX_LENGTH:
        line = line[: MAX_LENGTH - 1] + "…"
    return f"{OPENING}{line}{CLOSING}"


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in _BREAKS:
        return " "
    return "" if category in _INVISIBLE or _is_selector(character) else character


def _is_selector(character: str) -> bool:
    """Tell variation selectors: they change how a character looks, and can carry hidden text."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
