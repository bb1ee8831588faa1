from __future__ import annotations

import gzip
import re

import anyio
import pytest

from nof0_api.dashboard import CONTENT_SECURITY_POLICY, Dashboard, load_pages

DASHBOARD = Dashboard(load_pages())
TEXT = [path for path in DASHBOARD.paths if "/vendor/" not in path]
LINKED = re.compile(
    r'(?:(?:src|href)="(?P<html>static/[^"]+)"'
    r'|from "(?P<module>\.[^"]+)"|import\("(?P<late>[^"]+)"\))'
)


def ask(path, method="GET", **headers):
    given = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    start, body = DASHBOARD.answer(method, path, given)
    return start["status"], dict(start["headers"]), body["body"]


def source(path):
    return ask(path)[2].decode()


def resolved(path, reference):
    parts = path.split("/")[:-1]
    for part in reference.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def sent(method, path):
    """What the ASGI application sends: status, headers, body."""
    messages = []

    async def talk():
        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            messages.append(message)

        scope = {"type": "http", "method": method, "path": path, "headers": []}
        await DASHBOARD(scope, receive, send)

    anyio.run(talk)
    start, body = messages
    return start["status"], dict(start["headers"]), body["body"]


@pytest.mark.parametrize("path", TEXT)
def test_every_file_that_is_named_is_there(path):
    named = [found.group(found.lastgroup) for found in LINKED.finditer(source(path))]
    missing = [one for one in named if resolved(path, one) not in DASHBOARD.paths]
    assert not missing
    if path == "/":
        assert len(named) > 6


@pytest.mark.parametrize("path", TEXT)
def test_nothing_is_inline_and_nothing_is_parsed_as_markup(path):
    """The content policy would refuse the first; the second would let a model write the page."""
    text = source(path)
    assert not re.search(r"<style|\sstyle=|<script>|\son\w+=\"|javascript:", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)


@pytest.mark.parametrize("path", [path for path in TEXT if path.endswith(".js")])
def test_modules_stay_short(path):
    assert source(path).count("\n") <= 200


def test_an_answer_carries_policy_type_and_length():
    status, headers, body = sent("GET", "/")
    assert status == 200
    assert headers[b"content-type"] == b"text/html; charset=utf-8"
    assert headers[b"content-security-policy"].decode() == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert headers[b"content-length"] == str(len(body)).encode()


def test_head_answers_like_get_without_the_body():
    _, of_get, body = sent("GET", "/static/js/app.js")
    status, of_head, nothing = sent("HEAD", "/static/js/app.js")
    assert status == 200
    assert of_head == of_get
    assert body
    assert nothing == b""


@pytest.mark.parametrize("asked", [b'"%s"', b'W/"%s"', b'"other", "%s"', b"*"])
def test_an_unchanged_file_is_not_sent_again(asked):
    etag = ask("/")[1][b"etag"].strip(b'"')
    status, headers, body = ask("/", if_none_match=asked.replace(b"%s", etag))
    assert (status, body) == (304, b"")
    assert headers[b"etag"] == b'"%s"' % etag
    assert b"content-length" not in headers
    assert ask("/", if_none_match=b'"other"')[0] == 200


@pytest.mark.parametrize(
    ("accepted", "is_zipped"), [(b"gzip, br", True), (b"br", False), (b"gzip;q=0", False)]
)
def test_compressed_only_where_it_is_asked_for(accepted, is_zipped):
    _, headers, body = ask("/static/vendor/uplot/uPlot.iife.min.js", accept_encoding=accepted)
    assert (headers.get(b"content-encoding") == b"gzip") is is_zipped
    assert (gzip.decompress(body) if is_zipped else body).startswith(b"/*!")


@pytest.mark.parametrize(
    "path", ["/static/../dashboard.py", "/etc/passwd", "/static/", "/static/js/%2e%2e/", "//", "/x"]
)
def test_paths_are_looked_up_and_never_opened(path):
    status, headers, body = ask(path)
    assert status == 404
    assert headers[b"content-type"] == b"application/problem+json"
    assert path.encode() not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(method):
    status, headers, _ = ask("/", method)
    assert status == 405
    assert headers[b"allow"] == b"GET, HEAD"


@pytest.mark.parametrize("library", ["uplot", "lightweight-charts"])
def test_vendored_libraries_come_with_their_licence(library):
    assert ask(f"/static/vendor/{library}/LICENSE")[0] == 200
    assert library in source("/static/vendor/NOTICE")
