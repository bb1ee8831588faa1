"""The list of backtests and sweeps, their reports and pages, over folders as they really are."""

from __future__ import annotations

import itertools
import json
import os
import re
from urllib.parse import quote

import pytest
from kept_runs import keep_run

from nof0_api.kept_runs import LARGEST
from nof0_api.run_handlers import PAGE_POLICY

ODD = "a <b>run<b> \u202eback\u2066 %2e%2e 'q\" \U0001f680"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "secret.json").write_text('{"key": "sk-secret"}')
    (tmp_path / "api").mkdir()
    return tmp_path


@pytest.fixture
def site(serve, place):
    return serve(place / "api", state_dir=place)


def listed(site, query=""):
    answer = site.ask(f"/api/runs{query}").json
    return [f"{one['kind']}/{one['name']}" for one in answer["runs"]], answer["total"]


def test_runs_are_listed_newest_first_with_what_their_reports_say(site, place):
    keep_run(place, "backtests/old", at=100, returns={"ann": 1.5, "bob": 2.5})
    keep_run(place, "sweeps/new", at=300, report={"anything": [1, 2]})
    keep_run(place, "backtests/mid", at=200, returns={"ann": -3.0})
    assert listed(site) == (["sweeps/new", "backtests/mid", "backtests/old"], 3)
    assert listed(site, "?limit=1&skip=1") == (["backtests/mid"], 3)
    new, _, old = site.ask("/api/runs").json["runs"]
    assert old == {
        "kind": "backtests",
        "name": "old",
        "state": "complete",
        "reason": "",
        "changed": 100.0,
        "has_report": True,
        "has_page": True,
        "start": "2025-07-23T00:00:00+00:00",
        "end": "2025-07-24T00:00:00+00:00",
        "traders": 2,
        "best": {"id": "bob", "name": "Bob", "return_pct": 2.5},
        "digests": {"data": "d", "configuration": "c"},
    }
    # Another command's report is its own matter: it is listed and opens.
    assert (new["state"], new["traders"], new["best"]) == ("complete", None, None)


def test_what_is_not_whole_is_listed_as_such(site, place):
    keep_run(place, "backtests/stopped", returns={"ann": 1.0}, ended="interrupted")
    keep_run(place, "backtests/damaged").joinpath("report.json").write_text('{"window": ')
    keep_run(place, "backtests/binary").joinpath("report.json").write_bytes(b"\xff\xfe\0")
    (place / "backtests/killed").mkdir()
    (place / "backtests/now").mkdir()
    (place / "backtests/now/engine.lock").write_text(str(os.getpid()))
    keep_run(place, "backtests/pipe").joinpath("report.json").unlink()
    os.mkfifo(place / "backtests/pipe/report.json")
    keep_run(place, "backtests/linked").joinpath("report.json").unlink()
    (place / "backtests/linked/report.json").symlink_to(place / "secret.json")
    (place / "backtests/huge").mkdir()
    with (place / "backtests/huge/report.json").open("wb") as file:
        file.truncate(LARGEST + 1)
    (place / "backtests/a file").write_text("x")
    rows = {one["name"]: one for one in site.ask("/api/runs").json["runs"]}
    told = {name: (row["state"], row["reason"]) for name, row in rows.items()}
    unread = "its report cannot be read: "
    damaged = ("broken", "its report is damaged or half-written: run it anew")
    assert told == {
        "stopped": ("incomplete", "interrupted"),
        "damaged": damaged,
        "binary": damaged,
        "killed": ("unfinished", "it was ended before there was a report: run it anew"),
        "now": ("running", "the report comes at the end"),
        "pipe": ("broken", f"{unread}it is a pipe: name a regular file"),
        "linked": ("broken", f"{unread}it is a symbolic link: put the file itself there"),
        "huge": ("broken", f"{unread}it has more than 64 MB: open the file itself"),
    }
    for name in ("pipe", "linked", "huge"):
        got = site.ask(f"/api/runs/backtests/{name}")
        assert got.status == 503
        assert b"sk-secret" not in got.body
    assert site.ask("/api/runs/backtests/stopped").json["ended"] == "interrupted"
    assert site.ask("/api/runs/backtests/killed").status == 404


def test_a_page_alone_makes_a_run_whole(site, place):
    folder = keep_run(place, "sweeps/grid")
    (folder / "report.json").unlink()
    os.utime(folder / "report.html", (700, 700))
    (row,) = site.ask("/api/runs").json["runs"]
    assert (row["state"], row["has_page"], row["changed"]) == ("complete", True, 700.0)
    assert site.ask("/api/runs/sweeps/grid").status == 404
    assert site.ask("/runs/sweeps/grid/report.html").status == 200
    # A link that stands for a page is none.
    (folder / "report.html").unlink()
    (folder / "report.html").symlink_to(place / "secret.json")
    (row,) = site.ask("/api/runs").json["runs"]
    assert (row["state"], row["has_page"]) == ("unfinished", False)
    got = site.ask("/runs/sweeps/grid/report.html")
    assert got.status == 503
    assert b"secret" not in got.body


def test_a_report_is_answered_as_it_stands_and_follows_its_file(site, place):
    folder = keep_run(place, "backtests/one", returns={"ann": 1.0})
    got = site.ask("/api/runs/backtests/one")
    assert got.body == (folder / "report.json").read_bytes()
    assert got.headers["content-type"] == "application/json"
    assert site.ask("/api/runs/backtests/one", if_none_match=got.headers["etag"]).status == 304
    before = site.ask("/api/runs").json["runs"][0]
    keep_run(place, "backtests/one", at=900, returns={"ann": 7.0})
    after = site.ask("/api/runs").json["runs"][0]
    assert (before["best"]["return_pct"], after["best"]["return_pct"]) == (1.0, 7.0)
    assert site.ask("/api/runs/backtests/one").json["traders"][0]["return_pct"] == 7.0


def test_a_page_is_shown_in_a_sandbox(site, place):
    folder = keep_run(place, "sweeps/one", returns={"ann": 1.0})
    got = site.ask("/runs/sweeps/one/report.html")
    assert got.body == (folder / "report.html").read_bytes()
    assert got.headers["content-security-policy"] == PAGE_POLICY
    # Without allow-same-origin its scripts read nothing of this server.
    assert re.match(r"sandbox allow-scripts; default-src 'none'; ", PAGE_POLICY)
    assert "allow-same-origin" not in PAGE_POLICY
    assert got.headers["x-content-type-options"] == "nosniff"
    assert site.ask("/runs/sweeps/one/report.html", method="POST").status == 405
    head = site.ask("/runs/sweeps/one/report.html", method="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_names_of_every_kind_lead_to_their_run_and_to_no_other(site, place):
    names = {ODD, "n" * 255, "..a", "a b", "%41", "*", "line\nbreak"}
    for number, name in enumerate(names):
        keep_run(place, f"backtests/{name}", returns={"ann": number})
    assert {one["name"] for one in site.ask("/api/runs").json["runs"]} == names
    for number, name in enumerate(names):
        found = site.ask(f"/api/runs/backtests/{quote(name, safe='')}").json
        assert found["traders"][0]["return_pct"] == number
        assert site.ask(f"/runs/backtests/{quote(name, safe='')}/report.html").status == 200


KINDS = ["backtests", "journal", "..", "api", "%2e%2e"]
WAYS_OUT = ["..", ".", "%2e%2e", "..%2f..", "%2e%2e%2fsecret.json", "x%00", "outside", "n" * 300]
WAYS_OUT += ["..%5c..", "%2fetc", "nosuch", "report.json"]


def test_nothing_but_runs_can_be_reached(site, place):
    keep_run(place, "backtests/one", returns={"ann": 1.0})
    (place / "journal").mkdir()
    (place / "journal/report.json").write_text('"sk-secret"')
    (place / "report.json").write_text('"sk-secret"')
    (place / "backtests/report.json").write_text('"sk-secret"')
    keep_run(place, "elsewhere/real", returns={"ann": 1.0})
    (place / "backtests/outside").symlink_to(place / "elsewhere/real")
    for kind, name in itertools.product(KINDS, WAYS_OUT):
        for path in (f"/api/runs/{kind}/{name}", f"/runs/{kind}/{name}/report.html"):
            got = site.ask(path)
            assert got.status == 404, path
            assert b"secret" not in got.body.replace(name.encode(), b"")
    assert [one["name"] for one in site.ask("/api/runs").json["runs"]] == ["one"]


def test_names_that_are_no_text_are_left_out(site, place):
    keep_run(place, "backtests/one", returns={"ann": 1.0})
    os.mkdir(os.fsencode(place / "backtests") + b"/\xff\xfe")  # noqa: PTH102 - a name of bytes
    assert listed(site) == (["backtests/one"], 1)


def test_without_a_data_directory_or_runs_there_are_none(serve, place):
    nothing = {"runs": [], "total": 0}
    assert serve(place / "api").ask("/api/runs").json == nothing
    assert serve(place / "api", state_dir=place / "gone").ask("/api/runs").json == nothing
    assert serve(place / "api").ask("/api/runs/backtests/one").status == 404


def test_of_a_thousand_runs_only_those_that_are_shown_are_read(site, place):
    for number in range(1000):
        folder = place / f"backtests/{number:04}"
        folder.mkdir(parents=True)
        (folder / "report.json").write_text("{" if number == 500 else "{}")
        os.utime(folder / "report.json", (number, number))
    names, total = listed(site)
    assert (names[0], names[-1], len(names), total) == (
        "backtests/0999",
        "backtests/0950",
        50,
        1000,
    )
    last = site.ask("/api/runs?limit=1000&skip=400").json["runs"]
    assert len(last) == 600
    assert [one["name"] for one in last if one["state"] == "broken"] == ["0500"]
    for wrong in ("limit=0", "limit=1001", "skip=-1"):
        assert site.ask(f"/api/runs?{wrong}").status == 400


def test_the_document_describes_the_routes(site):
    paths = site.ask("/schema").json["paths"]
    rows = json.dumps(paths["/api/runs"])
    assert "Runs" in rows
    assert {"/api/runs/{kind}/{name}", "/runs/{kind}/{name}/report.html"} < set(paths)
