"""What tests read from the lines of a journal."""

from __future__ import annotations

from typing import Any

Line = dict[str, Any]
NUMBERS = ("decided", "as_of")
"""Keys of a cycle that have the number of another record."""


def whole(lines: list[Line]) -> list[Line]:
    """Return the lines in order, the two of each cycle that ordered as the one of its end.

    Cycles are left without the numbers of other records, which a further start moves.
    """
    decided = {line["seq"]: line["data"] for line in lines if line["type"] == "decided"}
    found = []
    for line in sorted(lines, key=lambda each: each["seq"]):
        if line["type"] == "cycle":
            said = decided.get(line["data"]["decided"], {})
            data = {k: v for k, v in (line["data"] | said).items() if k not in NUMBERS}
            found.append(line | {"data": data})
        elif line["type"] != "decided":
            found.append(line)
    return found
