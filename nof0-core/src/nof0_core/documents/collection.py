"""Reading the rows of one of the API's files, all of them, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from nof0_core.documents.whole import PieceError, Whole, take_layout
from nof0_core.files import read_bytes

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_collection(directory: Path, name: str, key: str) -> list[Any]:
    """Read the list called `key` in a main file and its pieces.

    Where an export replaces the main file meanwhile, and removes a piece, it is read again.

    Raises:
        OSError: the main file cannot be read.
        PieceError: a piece of it cannot.
        ValueError: it is not a file of the `json` exporter.
        KeyError: it has no such list.
    """
    whole: Whole[list[Any]] = Whole(
        key, read=lambda piece: read_bytes(directory / piece), make=json.loads
    )
    content = read_bytes(directory / name)
    while True:
        members = _members.decode(content)
        layout = take_layout(members)
        if not layout:
            rows: list[Any] = json.loads(bytes(members[key]))
            return rows
        try:
            return [row for rows in whole.stretches(bytes(members[key]), layout) for row in rows]
        except PieceError:
            before, content = content, read_bytes(directory / name)
            if content == before:
                raise
