"""What the engine says of itself: files, API and terminal agree, also about its end."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import anyio
import pytest

from nof0_core.sources import FileSource

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.integration
ENGINE_KEYS = {"state", "reason", "since", "clock", "speed", "heartbeat", "notes"}
TRADER_KEYS = {
    *("id", "name", "status", "reason", "until", "cycles", "usable_answers", "failed_by_reason"),
}


class Quiet:
    """A log nobody reads."""

    def debug(self, event, **values):
        pass

    info = warning = error = debug


@pytest.fixture
def project(run_in, tmp_path):
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    return run_in(tmp_path / "data", tmp_path / "etc" / "nof0.yaml")


def command(project, *words):
    done = project.nof0(*words, str(project.config), "--data-dir", str(project.data), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def status_file(project):
    return json.loads((project.data / "api" / "status.json").read_bytes())


def asked(project, name):
    """What a source answers, with its other members."""

    async def ask():
        document = await getattr(FileSource(project.data / "api", log=Quiet()), name)()
        members = {key: json.loads(text) for key, text in document.members.items()}
        return {document.key: json.loads(document.data), **members}

    return anyio.run(ask)


def test_files_source_and_terminal_say_the_same_of_a_mixed_run(project):
    manager = project.config.parent / "manager.yaml"
    text = manager.read_text()
    manager.write_text(text.replace("- id: holder\n", '- id: holder\n    color: "#FF00AA"\n', 1))
    assert project.run("--cycles", "20").returncode == 0
    first = json.loads((project.data / "api" / "export.json").read_bytes())["export"]
    paused = ("traders", "pause", str(project.config), "coin_flip")
    assert project.nof0(*paused, "--data-dir", str(project.data)).returncode == 0
    command(project, "halt")
    assert project.run("--cycles", "20").returncode == 0

    found = status_file(project)
    assert set(found) == {"engine", "traders", "services", "alerts", "exporters", "serverTime"}
    assert set(found["engine"]) == ENGINE_KEYS
    assert all(set(row) == TRADER_KEYS for row in found["traders"])
    assert (found["engine"]["state"], found["engine"]["clock"]) == ("ended", "simulated")
    words = {row["id"]: row["status"] for row in found["traders"]}
    assert words.pop("coin_flip") == "paused"
    assert set(words.values()) == {"halted"}
    assert found["alerts"][0]["seq"] == max(row["seq"] for row in found["alerts"])
    alerts = [r["seq"] for r in project.records("alert")]
    assert [row["seq"] for row in found["alerts"]] == alerts[::-1][:100]
    assert found["exporters"]["json"] == 0

    found.pop("serverTime")
    assert asked(project, "status") == found
    ranking = asked(project, "leaderboard")["leaderboard"]
    assert {r["id"]: r["status"] for r in ranking} == {**words, "coin_flip": "paused"}
    assert {r["id"]: r["color"] for r in ranking if r["color"]} == {"holder": "#ff00aa"}
    shown = command(project, "traders", "status")
    note = json.loads((project.data / "api" / "export.json").read_bytes())
    assert shown["export"] == note["export"] > first
    for row in found["traders"]:
        told = shown["traders"][row["id"]]
        assert {key: told[key] for key in row} == row
        standing = next(r for r in ranking if r["id"] == row["id"])
        assert told["equity"] == standing["equity"]
        assert (row["cycles"], row["usable_answers"]) == (
            standing["cycles"],
            standing["usable_answers"],
        )


def test_a_killed_engine_is_not_heard_of_and_the_next_run_counts_on(project):
    process = project.start()
    note = project.data / "api" / "export.json"
    try:
        while not note.exists():
            assert process.poll() is None, process.communicate()
            anyio.run(anyio.sleep, 0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert status_file(project)["engine"]["state"] in ("running", "stopping")
    number = json.loads(note.read_bytes())["export"]
    while asked(project, "status")["engine"]["state"] != "not heard of":
        anyio.run(anyio.sleep, 0.2)
    assert command(project, "traders", "status")["status"]["state"] == "not heard of"
    assert project.run("--cycles", "1").returncode == 0
    assert status_file(project)["engine"]["state"] == "ended"
    assert json.loads(note.read_bytes())["export"] > number
