"""Near-miss suggestions for misspelled words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be, None if nothing is close.

    Compared without regard to case, `-` and `_`.
    """
    folded = {_fold(name): name for name in sorted(known, reverse=True)}
    found = difflib.get_close_matches(_fold(word), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean "…"?` to append to a message, or nothing."""
    found = nearest(word, known)
    return f', did you mean "{found}"?' if found else ""


def _fold(word: str) -> str:
    return word.lower().replace("-", "_")
