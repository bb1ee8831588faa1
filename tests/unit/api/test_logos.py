"""Pictures of traders, as they are served."""

from __future__ import annotations

import json

from nof0_api.dashboard import PICTURE_POLICY, Dashboard, load_pages
from nof0_core.project import Logo

EVIL = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
LOGOS = {"a": Logo(kind="svg", data=EVIL), "b": Logo(kind="png", data=b"\x89PNG\r\n\x1a\n")}
SERVED = Dashboard(load_pages(LOGOS))


def ask(path):
    start, body = SERVED.answer("GET", path, [])
    return start["status"], dict(start["headers"]), body["body"]


def test_addresses_are_told_by_trader_and_pictures_cannot_run_anything():
    status, _, body = ask("/logos.json")
    addresses = json.loads(body)
    assert (status, set(addresses)) == (200, {"a", "b"})
    for trader, kind in (("a", b"image/svg+xml"), ("b", b"image/png")):
        status, headers, data = ask(f"/{addresses[trader]}")
        assert (status, data) == (200, LOGOS[trader].data)
        assert headers[b"content-type"] == kind
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"content-security-policy"] == PICTURE_POLICY.encode()
    assert "script-src" not in PICTURE_POLICY
    assert PICTURE_POLICY.endswith("sandbox")


def test_without_pictures_nobody_has_an_address():
    plain = Dashboard(load_pages())
    _, body = plain.answer("GET", "/logos.json", [])
    assert body["body"] == b"{}"
    assert not [path for path in plain.paths if path.startswith("/logos/")]
