"""A process reads its configuration again: by a command, by a signal, not by a closed window."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMPT = "prompts/executor/default_prompt.tmpl"


@pytest.fixture
def paper(tmp_path, run_in):
    """The shipped configuration, which a test may edit, run at the pace it is shown at."""
    for part in ("etc", "prompts"):
        shutil.copytree(ROOT / part, tmp_path / part, symlinks=False)
    main = tmp_path / "etc" / "nof0.yaml"
    # The recording lasts longer than any machine needs.
    main.write_text(main.read_text().replace("Speed: 3600", "Speed: 600"))
    return run_in(tmp_path / "data", tmp_path / "etc" / "nof0.yaml")


def until(condition, process):
    """Wait for something to be so while a process lives."""
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def told(run, word):
    return [r for r in run.records("alert") if r["data"]["code"] == word]


def edit(run, name, old, new):
    file = run.config.parents[1] / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def begun(run):
    """Tell that an engine decides, and has had its handlers since long."""
    return len(run.records("cycle")) > 3


def log_of(run):
    return (run.data / "nof0.log").read_text(encoding="utf-8")


def stop(process):
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    assert process.returncode == 0, (out, err)


def reload(run, *options):
    return run.nof0("traders", "reload", str(run.config), "--data-dir", str(run.data), *options)


def test_the_command_waits_for_the_answer_and_shows_it(paper):
    process = paper.start()
    try:
        until(lambda: begun(paper), process)
        same = reload(paper)
        assert same.returncode == 0, same.stderr
        assert "runs this configuration already" in same.stdout

        edit(paper, "etc/executor.yaml", "decision_timeout: 60s", "decision_timeout: 50s")
        done = reload(paper)
        assert done.returncode == 0, done.stderr
        assert [line.split() for line in done.stdout.splitlines()[3:]] == [
            ["all", "decision_timeout", "1m", "→", "50s"]
        ]

        edit(paper, "etc/executor.yaml", "decision_timeout: 50s", "decision_timeout: 40s")
        edit(paper, "etc/nof0.yaml", "Port: 8888", "Port: 8889")
        edit(paper, "etc/manager.yaml", "reserve_equity_pct: 10", "reserve_equity_pct: 9")
        refused = reload(paper)
        assert refused.returncode == 2
        assert "Port: needs a restart" in refused.stderr
        assert "manager.reserve_equity_pct: needs a restart" in refused.stderr
        assert "nothing was changed" in refused.stderr

        answer = json.loads(reload(paper, "--json").stdout)["answer"]
        assert not answer["ok"]
        assert {p["path"] for p in answer["problems"]} == {"Port", "manager.reserve_equity_pct"}
        assert all(p["line"] for p in answer["problems"])
        assert list((paper.data / "control" / "answers").iterdir()) == []
    finally:
        stop(process)
    assert [r["data"]["outcome"] for r in paper.records("control")] == ["done"] * 2 + [
        "refused"
    ] * 2
    assert len(paper.records("config_loaded")) == 2
    assert len(told(paper, "reload_refused")) == 2
    edit(paper, "etc/nof0.yaml", "Port: 8889", "Port: 8888")
    gone = reload(paper)
    assert gone.returncode == 0
    assert "no engine is running" in gone.stdout
    assert json.loads(reload(paper, "--json").stdout) == {"engine": None, "answer": None}


def test_a_signal_is_as_good_and_a_broken_file_ends_nothing(paper):
    process = paper.start()
    try:
        until(lambda: begun(paper), process)
        edit(paper, PROMPT, "\n", "\nBe brief.\n")
        process.send_signal(signal.SIGHUP)
        until(lambda: len(paper.records("config_loaded")) == 2, process)
        edit(paper, "etc/executor.yaml", "decision_timeout: 60s", "decision_timeout: [")
        process.send_signal(signal.SIGHUP)
        until(lambda: told(paper, "reload_refused"), process)
        count = len(paper.records("cycle"))
        until(lambda: len(paper.records("cycle")) > count, process)
    finally:
        stop(process)
    _, config = paper.records("config_loaded")
    assert any("Be brief." in each["text"] for each in config["data"]["templates"])
    [alert] = told(paper, "reload_refused")
    assert "executor.yaml:" in alert["data"]["message"]
    verified = paper.nof0("journal", "verify", str(paper.data))
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize("number", [0, 1, 2])
def test_killed_in_the_middle_of_a_reload_a_start_is_fine(paper, number):
    process = paper.start()
    until(lambda: begun(paper), process)
    edit(paper, "etc/executor.yaml", "decision_timeout: 60s", "decision_timeout: 50s")
    process.send_signal(signal.SIGHUP)
    if number:
        until(lambda: len(paper.records("config_loaded")) == number, process)
    process.kill()
    process.communicate()
    again = paper.run("--cycles", str(2))
    assert again.returncode == 0, again.stderr
    *_, last = paper.records("config_loaded")
    entries = last["data"]["config"]["Manager"]["traders"]
    assert {e["decision_timeout"] for e in entries} == {"50s"}


def test_a_run_whose_terminal_is_closed_ends_in_order(paper):
    command = [sys.executable, "-m", "nof0_core", "run", str(paper.config)]
    ours, theirs = pty.openpty()
    # A terminal of its own, which it is the leader of.
    take = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    take += "os.execv(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", take, *command, "--data-dir", str(paper.data)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=ROOT,
    )
    os.close(theirs)
    os.set_blocking(ours, False)

    def is_begun():
        # Somebody looks at the window: nothing written to it waits.
        with suppress(BlockingIOError):
            os.read(ours, 1 << 16)
        return begun(paper)

    until(is_begun, process)
    # As long as the terminal is there, the signal asks for a reload.
    process.send_signal(signal.SIGHUP)

    def is_read():
        is_begun()
        return "the configuration was read again" in log_of(paper)

    until(is_read, process)
    os.close(ours)
    assert process.wait() == 0
    *_, end = paper.records("engine_stopped")
    assert end["data"]["reason"] == "the terminal was closed"


def test_under_nohup_the_signal_is_left_ignored(paper):
    ignoring = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    ignoring += "os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-m", "nof0_core", "run", str(paper.config)]
    process = subprocess.Popen(
        [sys.executable, "-c", ignoring, *command, "--data-dir", str(paper.data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        until(lambda: begun(paper), process)
        process.send_signal(signal.SIGHUP)
        assert reload(paper).returncode == 0
    finally:
        stop(process)
    assert log_of(paper).count("the configuration was read again") == 1
