"""The files of the dashboard, read once and ready to send."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import attrs

_TYPES = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "mjs": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
}
_PLAIN = b"text/plain; charset=utf-8"


@attrs.frozen(kw_only=True)
class Page:
    """One file: its bytes, the same compressed if that is shorter, and what to say about it."""

    body: bytes
    zipped: bytes | None
    etag: bytes
    content_type: bytes


def load_pages() -> Mapping[str, Page]:
    """Read the package's files.

    Returns:
        Pages by path: `/`, and everything beneath `/static/`. Licences are among them.
    """
    root = files("nof0_api") / "static"
    found = {f"/static/{name}": page(name, data) for name, data in _walk(root, "")}
    found["/"] = found.pop("/static/index.html")
    return found


def page(name: str, data: bytes) -> Page:
    """Make a page of a file's name and bytes."""
    # Without the time of compression the same files give the same bytes.
    zipped = gzip.compress(data, 9, mtime=0)
    return Page(
        body=data,
        zipped=zipped if len(zipped) < len(data) else None,
        etag=b'"%s"' % hashlib.sha256(data).hexdigest()[:24].encode(),
        content_type=_TYPES.get(name.rpartition(".")[2], _PLAIN),
    )


def _walk(directory: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()
