"""The files of the dashboard, read once and ready to send."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from nof0_api.asgi import Header, answer
from nof0_api.negotiation import Choice
from nof0_core.project import Logo, chart_libraries

_TYPES = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "mjs": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
    "png": b"image/png",
    "json": b"application/json",
}
_PLAIN = b"text/plain; charset=utf-8"


def load_pages(logos: Mapping[str, Logo] | None = None) -> Mapping[str, Choice]:
    """Read the package's files and the chart libraries of core.

    Args:
        logos: pictures of traders, by trader. `/logos.json` tells their addresses by trader, which
            are made of what is in them and not of names.

    Returns:
        Pages by path: `/`, `/logos.json`, and everything beneath `/static/` and `/logos/`. Licences
        are among them.
    """
    root = files("nof0_api") / "static"
    own = dict(_walk(root, ""))
    charts = {f"vendor/{name}": data for name, data in chart_libraries().items()}
    found = {f"/static/{name}": page(name, data) for name, data in {**own, **charts}.items()}
    found["/"] = found.pop("/static/index.html")
    named = {trader: _logo_name(logo) for trader, logo in (logos or {}).items()}
    for trader, logo in (logos or {}).items():
        found[f"/{named[trader]}"] = page(named[trader], logo.data)
    found["/logos.json"] = page("logos.json", json.dumps(named).encode())
    return found


def _logo_name(logo: Logo) -> str:
    return f"logos/{hashlib.sha256(logo.data).hexdigest()[:24]}.{logo.kind}"


def page(name: str, data: bytes) -> Choice:
    """Make the answers to requests for a file, of its name and bytes."""
    tag = b'"%s"' % hashlib.sha256(data).hexdigest()[:24].encode()
    # Names carry no digest, so every visit asks; the answer is nearly always 304.
    shared: list[Header] = [
        (b"etag", tag),
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept-Encoding"),
    ]
    whole: list[Header] = [
        *shared,
        (b"content-type", _TYPES.get(name.rpartition(".")[2], _PLAIN)),
    ]
    # Without the time of compression the same files give the same bytes.
    zipped = gzip.compress(data, 9, mtime=0)
    return Choice(
        tag=tag,
        plain=answer(200, whole, data),
        zipped=answer(200, [*whole, (b"content-encoding", b"gzip")], zipped)
        if len(zipped) < len(data)
        else None,
        unchanged=answer(304, shared, None),
    )


def _walk(directory: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()
