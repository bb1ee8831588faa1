"""A journal changed by hand: by somebody who does not know of hashes, or by somebody who does."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

_LINE = re.compile(
    rb'(\{"seq":.*?,"type":")([a-z_]+)(","data":)(.*),"prev":"([0-9a-f]{64})"'
    rb',"hash":"([0-9a-f]{64})","wall":\{"at":"([^"]*)","took":"([^"]*)","by":"([^"]*)",'
    rb'"lease":"([^"]*)","sum":"[^"]*"\}\}\n'
)
Change = Callable[[dict[str, Any]], bool]
"""Is given a record (`seq`, `stream`, `type`, `data`) and tells whether it has changed it."""


def forge(journal: Path, change: Change, *, is_chained: bool = False) -> int:
    """Change records of a journal; with `is_chained` all hashes are made anew.

    Returns how many were changed.
    """
    count = 0
    for directory in filter(Path.is_dir, journal.iterdir()):
        prev = b""
        for path in sorted(directory.glob("*.jsonl*")):
            is_packed = path.suffix == ".gz"
            text = gzip.decompress(path.read_bytes()) if is_packed else path.read_bytes()
            lines = []
            for line in text.splitlines(keepends=True):
                made, was_changed, prev = _line(line, directory.name, change, prev, is_chained)
                count += was_changed
                lines.append(made)
            whole = b"".join(lines)
            path.write_bytes(gzip.compress(whole, mtime=0) if is_packed else whole)
    if is_chained:
        # They speak of the hashes that were.
        (journal / "days.json").unlink(missing_ok=True)
    return count


def _line(
    line: bytes, stream: str, change: Change, prev: bytes, is_chained: bool
) -> tuple[bytes, bool, bytes]:
    found = _LINE.fullmatch(line)
    assert found is not None, line
    head, type_, middle, data, before, digest, *wall = found.groups()
    record = {
        "seq": int(head.split(b":")[1].split(b",")[0]),
        "stream": stream,
        "type": type_.decode(),
        "data": json.loads(data),
    }
    was_changed = change(record)
    if was_changed:
        type_ = record["type"].encode()
        data = json.dumps(record["data"], separators=(",", ":"), ensure_ascii=False).encode()
    if not is_chained:
        made = b'%b%b%b%b,"prev":"%b"' % (head, type_, middle, data, before)
    else:
        made = b'%b%b%b%b,"prev":"%b"' % (head, type_, middle, data, prev or before)
        digest = hashlib.sha256(made).hexdigest().encode()
    at, took, by, lease = wall
    checksum = f"{crc32(b' '.join((digest, at, took, by, lease))):08x}".encode()
    tail = b',"hash":"%b","wall":{"at":"%b","took":"%b","by":"%b","lease":"%b","sum":"%b"}}\n'
    return made + tail % (digest, at, took, by, lease, checksum), was_changed, digest
