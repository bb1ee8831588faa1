"""What tests read from the lines of a journal."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

Line = dict[str, Any]
NUMBERS = ("decided", "as_of")
"""Keys of a cycle that have the number of another record."""


def day_files(folder: Path) -> list[Path]:
    """Return the day files below a directory, plain and compressed, by name."""
    return sorted(p for p in folder.rglob("*") if p.name.endswith((".jsonl", ".jsonl.gz")))


def content_of(file: Path) -> bytes:
    """Return what stands in a file, unpacked if it is compressed, or is so by now."""
    if not file.exists() and file.suffix == ".jsonl":
        file = file.with_name(f"{file.name}.gz")
    found = file.read_bytes()
    return gzip.decompress(found) if file.suffix == ".gz" else found


def lines_below(folder: Path) -> list[Line]:
    """Return the records of all day files below a directory, file by file."""
    return [
        json.loads(line) for file in day_files(folder) for line in content_of(file).splitlines()
    ]


def whole(lines: list[Line]) -> list[Line]:
    """Return the lines in order, the two of each cycle that ordered as the one of its end.

    Cycles are left without the numbers of other records, which a further start moves. Messages have
    the texts that stand in other records.
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
            data = {k: v for k, v in whole.items() if k not in NUMBERS}
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
