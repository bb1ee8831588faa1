"""The command on real terminals: no width, no pipe and no signal ends it in a traceback."""

from __future__ import annotations

import itertools
import json
import re
import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import attrs
import pytest
from called import started
from terminal import frames, run_on

NUMBER = re.compile(r"(?<![\d.,])[+-]?\d[\d,]*\.\d+(?![\d,.])")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    found = started(tmp_path_factory.mktemp("terminal") / "project")
    found.nof0("run", "--cycles", "60").check()
    return found


@pytest.mark.parametrize("words", [["leaderboard"], ["traders", "status"], ["journal", "list"]])
def test_no_digit_is_cut_where_it_is_narrow(project, words):
    whole = set(NUMBER.findall(project.nof0(*words).check().stdout))
    for columns in ("200", "120", "80", "60", "40"):
        narrow = attrs.evolve(project, environment={"COLUMNS": columns})
        text = narrow.nof0(*words).check().stdout
        assert set(NUMBER.findall(text)) <= whole
        if words != ["traders", "status"]:
            table = list(itertools.takewhile(lambda line: line[:1] != "*", text.splitlines()))
            assert all(len(line) <= int(columns) for line in table)


def test_a_live_run_fits_and_ends_with_what_is_next(project):
    code, drawn = run_on(
        80, 24, ["run", "--for", "2s", "--data-dir", "live"], cwd=project.directory
    )
    assert code == 0
    *live, end = frames(drawn)
    assert live
    for one in live:
        assert all(len(line) <= 80 for line in one.splitlines())
        assert len(one.splitlines()) <= 24
    assert re.search(r"next +\S*nof0 serve --data-dir live  shows it at http://127.0.0.1:8888", end)
    assert re.search(r"6 traders, \d+ trades?, ", end)


@pytest.mark.parametrize(
    "environment",
    [{"TERM": "dumb", "NO_COLOR": "1"}, {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}],
    ids=["dumb", "ascii"],
)
def test_any_console_will_do(project, environment):
    words = ["run", "--cycles", "2", "--data-dir", "any"]
    code, drawn = run_on(40, 12, words, cwd=project.directory, environment=environment)
    assert code == 0, drawn
    assert "Traceback" not in drawn
    assert "stopped: " in drawn
    if "TERM" in environment:
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]", drawn)
        assert "\x1b[2K" not in drawn


def test_a_pipe_that_is_closed_early_is_no_fault(project):
    command = f"{sys.executable} -m nof0_core journal list --limit 0 | head -1"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=project.directory,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_nothing_is_cut_in_a_pipe(project, monkeypatch):
    monkeypatch.setattr("nof0_core.cli.output.os.environ", {})
    unbounded = project
    said = unbounded.nof0("journal", "list", "--limit", "0").check().stdout
    assert "…" not in said
    assert said.splitlines()[0].split()[:2] == ["seq", "time"]
    numbers = [int(line.split()[0]) for line in said.splitlines()[1:]]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_second_run_is_named_and_ctrl_c_twice_ends_the_first_without_a_traceback(project):
    with subprocess.Popen(
        [sys.executable, "-m", "nof0_core", "run", "--data-dir", "first"],
        cwd=project.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        second = project.nof0("run", "--data-dir", "first")
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
        assert running.wait() == 130
    assert "Traceback" not in rest
    assert second.exit_code == 2
    assert str(running.pid) in second.stderr


def test_serving_goes_on_after_a_recording_is_over(tmp_path):
    project = started(tmp_path / "project")
    start = "Start: 2025-07-26T03:30:00Z"
    project.replace("etc/nof0.yaml", "Start: 2025-07-23T00:00:00Z", start)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    project.replace("etc/nof0.yaml", "Port: 8888", f"Port: {port}")
    for _ in range(2):  # once to its end, and once more where it had come to its end before
        with subprocess.Popen(
            [sys.executable, "-m", "nof0_core", "run", "--serve"],
            cwd=project.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            assert running.stdout is not None
            lines = []
            while "the run is over, serve goes on" not in (line := running.stdout.readline()):
                assert line, lines
                lines.append(line)
            said = "".join(lines)
            assert f"at http://127.0.0.1:{port}" in said
            with urlopen(f"http://127.0.0.1:{port}/api/leaderboard") as answer:
                assert answer.status == 200
                assert len(json.load(answer)["leaderboard"]) == 6
            running.send_signal(signal.SIGINT)
            assert running.wait() == 0
            assert "Traceback" not in running.stdout.read()


def test_nothing_asked_is_the_help_and_no_error(project):
    outcome = project.nof0()
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("Usage: nof0")
    assert outcome.stderr.count("Usage") == 1


def test_another_file_than_the_main_one_is_recognized(project):
    for name, key in (("llm", "LLM"), ("manager", "Manager"), ("market", "Market")):
        outcome = project.nof0("check", f"etc/{name}.yaml")
        assert outcome.exit_code == 2
        assert f"this looks like the file that `{key}` of a main file names" in outcome.stderr
