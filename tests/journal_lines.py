"""What tests read from the lines of a journal."""

from __future__ import annotations

from typing import Any

Line = dict[str, Any]


def whole(lines: list[Line]) -> list[Line]:
    """Return the lines in order, the two of each cycle that ordered as the one of its end.

    Messages have the texts that stand in other records.
    """
    cycles = {x["seq"]: x["data"] for x in lines if x["type"] in {"decided", "cycle"}}
    said = {
        seq: data | {"messages": _texts(cycles, data), "texts_in": []}
        for seq, data in cycles.items()
    }
    decided = {x["seq"]: said[x["seq"]] for x in lines if x["type"] == "decided"}
    found = []
    for line in sorted(lines, key=lambda each: each["seq"]):
        if line["type"] == "cycle":
            whole = said[line["seq"]] | decided.get(line["data"]["decided"], {})
            data = {k: v for k, v in whole.items() if k != "decided"}
            found.append(line | {"data": data})
        elif line["type"] != "decided":
            found.append(line)
    return found


def _texts(cycles: dict[int, Line], data: Line) -> list[Line] | None:
    if not data["texts_in"]:
        return data["messages"]
    return [
        message if seq is None else message | {"content": cycles[seq]["messages"][place]["content"]}
        for place, (message, seq) in enumerate(zip(data["messages"], data["texts_in"], strict=True))
    ]
