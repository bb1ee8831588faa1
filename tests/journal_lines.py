"""What tests read from the lines of a journal."""

from __future__ import annotations

from typing import Any

Line = dict[str, Any]


def whole(lines: list[Line]) -> list[Line]:
    """Return the lines in order, the two of each cycle that ordered as the one of its end."""
    decided = {line["seq"]: line["data"] for line in lines if line["type"] == "decided"}
    found = []
    for line in sorted(lines, key=lambda each: each["seq"]):
        if line["type"] == "cycle":
            said = decided.get(line["data"]["decided"], {})
            data = {k: v for k, v in (line["data"] | said).items() if k != "decided"}
            found.append(line | {"data": data})
        elif line["type"] != "decided":
            found.append(line)
    return found
