"""An answer that came in several pieces: none of them vanishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nof0_core.answers.extraction import Ambiguous, decoded, is_deep
from nof0_core.errors import InvalidOutputError


def is_in_pieces(value: object) -> bool:
    """Tell whether an answer is a list of answers, each with decisions of its own."""
    return isinstance(value, list) and any(
        isinstance(piece, dict) and "decisions" in piece for piece in value
    )


def together(pieces: list[Any], text: str) -> dict[str, Any]:
    """Make one answer of several, in their order; what stands in two of them counts once.

    Raises:
        InvalidOutputError: two of them say different things of one coin, or one cannot be read.
    """
    listed: list[Any] = []
    thoughts: list[str] = []
    said: dict[str, int] = {}
    for place, piece in enumerate(pieces):
        if isinstance(piece, dict):
            check_object(piece, text)
            thought = piece.get("chain_of_thought")
            if isinstance(thought, str) and thought not in thoughts:
                thoughts.append(thought)
        for item in _listed(piece, text):
            if item in listed:
                continue
            name = item.get("symbol") if isinstance(item, dict) else None
            coin = name.strip().upper() if isinstance(name, str) else ""
            if coin and said.setdefault(coin, place) != place:
                reason = f"two parts of the answer differ on {coin[:32]!r}; decide once on a coin"
                raise InvalidOutputError([reason], output=text)
            listed.append(item)
    return {"chain_of_thought": "\n".join(thoughts), "decisions": listed}


def unpacked(value: Any) -> Any:
    """Return decisions as they were before somebody wrote them as a JSON text."""
    found = decoded(value) if isinstance(value, str) else None
    return value if found is None or is_deep(found) else found


def check_object(value: Mapping[str, Any], text: str) -> None:
    """Refuse an object of which it cannot be known what it decides.

    Raises:
        InvalidOutputError: with the reason.
    """
    if "signal" in value and "decisions" in value:
        raise InvalidOutputError(["both a decision and a list of decisions"], output=text)
    if isinstance(value, Ambiguous) and "signal" not in value:
        raise InvalidOutputError(["a key stands twice beside the decisions"], output=text)


def _listed(piece: Any, text: str) -> list[Any]:
    if not isinstance(piece, dict):
        return [piece]
    if "signal" not in piece and "decisions" not in piece:
        raise InvalidOutputError(["a part of the answer decides nothing"], output=text)
    value = piece if "signal" in piece else unpacked(piece["decisions"])
    return value if isinstance(value, list) else [value]
