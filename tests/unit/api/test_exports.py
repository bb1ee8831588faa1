"""Numbers of exports: every answer bears one, events tell of them, and no answer mixes two."""

from __future__ import annotations

import http.client
import json
import threading
from urllib.parse import urlsplit

import pytest

from nof0_api import answer_cache
from nof0_api.events import MOST_CLIENTS
from nof0_api.routes import FIXED
from nof0_core.documents.export_note import ExportNote, digest_of

KEYS = {"leaderboard": "leaderboard", "trades": "trades", "positions": "accountTotals"}


class Writer:
    """Writes exports as the exporter does: all files, then the note."""

    def __init__(self, site):
        self.site = site
        self.digests = {}

    def write(self, number, *, names=tuple(KEYS), note=True, every=None):
        for name in names:
            text = json.dumps({KEYS[name]: [{"id": "a", "model_id": "a", "n": number}]}).encode()
            self.site.write(name, text)
            self.digests[f"{name}.json"] = digest_of(text)
        if note:
            told = ExportNote(export=number, time=1.0, every=every, documents=self.digests)
            self.site.write("export", told.text())


@pytest.fixture
def writer(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(answer_cache, "RENEWED_EVERY", 0.0)
    (tmp_path / "api").mkdir()
    return Writer(serve(tmp_path / "api"))


def shown(site, name, **headers):
    """The number of the export an answer bears, and that of the data in it."""
    got = site.ask(f"/api/{name}", **headers)
    assert got.status == 200
    return int(got.headers["nof0-export"]), got.json[KEYS[name]][0]["n"]


def test_every_answer_bears_the_number_also_where_there_is_nothing_to_show(writer):
    site = writer.site
    assert {site.ask(f"/api/{r.name}").headers["nof0-export"] for r in FIXED} == {"0"}
    writer.write(3)
    numbers = {site.ask(f"/api/{r.name}").headers["nof0-export"] for r in FIXED}
    assert numbers == {"3"}
    assert site.ask("/api/health").headers["nof0-export"] == "3"
    assert site.ask("/api/health").json["export"] == 3


def test_what_did_not_change_is_unchanged_and_of_the_new_export(writer):
    site = writer.site
    writer.write(1)
    tag = site.ask("/api/trades").headers["etag"]
    writer.write(2, names=("positions",))
    got = site.ask("/api/trades", if_none_match=tag)
    assert (got.status, got.headers["nof0-export"]) == (304, "2")


def test_an_export_that_is_not_finished_is_not_shown(writer):
    site = writer.site
    writer.write(1)
    assert shown(site, "trades") == (1, 1)
    writer.write(2, names=("trades",), note=False)
    assert shown(site, "trades") == (1, 1)
    writer.write(2, names=("positions", "leaderboard"))
    assert {shown(site, name) for name in KEYS} == {(2, 2)}


def test_what_a_killed_writer_left_is_shown_by_who_knows_nothing_better(writer, serve, log):
    writer.write(1)
    writer.write(2, names=("trades",), note=False)
    fresh = serve(writer.site.directory)
    assert shown(fresh, "trades") == (1, 2)
    assert any("not finished" in str(values) for *_, values in log.lines)
    writer.write(3)
    assert {shown(fresh, name) for name in KEYS} == {(3, 3)}


def test_no_answer_mixes_exports_while_they_go_on(writer):
    """Under a server that is asked all the time, the number and the data always agree."""
    writer.write(1)
    over = threading.Event()
    wrong, seen = [], set()

    def ask():
        while not over.is_set():
            for name in KEYS:
                number, inside = shown(writer.site, name)
                seen.add(number)
                if number != inside:
                    wrong.append((name, number, inside))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for one in askers:
        one.start()
    number = 1
    # As many exports as it takes for some of them to be seen.
    while len(seen) < 8 or number < 60:
        number += 1
        writer.write(number)
    over.set()
    for one in askers:
        one.join()
    assert not wrong
    assert seen <= set(range(1, number + 1))


class Listener:
    """A client of `/api/events`."""

    def __init__(self, site, **headers):
        place = urlsplit(site.url)
        self.line = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        self.line.request("GET", "/api/events", headers=headers)
        self.answer = self.line.getresponse()

    def event(self):
        """The data of the next event."""
        while line := self.answer.readline():
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None

    def close(self):
        self.answer.close()
        self.line.close()


def test_each_export_is_told_at_once_and_the_newest_to_who_comes(writer):
    writer.write(4)
    listener = Listener(writer.site)
    assert listener.answer.headers["content-type"].startswith("text/event-stream")
    assert listener.event() == {"export": 4, "time": 1.0}
    for number in (5, 6):
        writer.write(number)
        assert listener.event()["export"] == number
    listener.close()


def test_clients_are_bounded_and_make_room_when_they_go(writer):
    writer.write(1)
    listeners = [Listener(writer.site) for _ in range(MOST_CLIENTS)]
    for one in listeners:
        assert one.event()["export"] == 1
    refused = writer.site.ask("/api/events")
    assert (refused.status, refused.headers["content-type"]) == (503, "application/problem+json")
    listeners[0].answer.close()
    listeners[0].close()
    while (again := Listener(writer.site)).answer.status == 503:
        again.close()
    assert again.event()["export"] == 1
    assert writer.site.ask("/api/trades").status == 200
    for one in (*listeners, again):
        one.close()


def test_a_server_that_closes_ends_its_streams(writer):
    writer.write(1)
    listener = Listener(writer.site)
    assert listener.event()["export"] == 1
    writer.site.stop()
    assert listener.event() is None
    listener.close()


def test_head_of_the_events_has_no_body(writer):
    got = writer.site.ask("/api/events", method="HEAD")
    assert (got.status, got.body) == (200, b"")
