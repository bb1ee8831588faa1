"""Consoles that lack letters show the others: no command ends for what it has to say."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from nof0_core.testing.project import Project

NAME = "Ångström 交易 ≥ 📈"
HEADER = "timestamp_ms,open,high,low,close,volume"
COMMANDS = {
    ("check", "etc/nof0.yaml"): (0, "is fine"),
    ("leaderboard", "etc/nof0.yaml"): (0, "Leaderboard"),
    ("data", "list", "candles"): (0, "BTC"),
    ("data", "check", "candles"): (1, "is not a number"),
}
CODE = f"""
import sys
from nof0_core.cli import main

for arguments in {list(COMMANDS)}:
    sys.argv = ["nof0", *arguments]
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    print(f"= {{code or 0}}", flush=True)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    project = Project(directory=tmp_path_factory.mktemp("narrow"))
    project.nof0("init", ".").check()
    project.replace("etc/manager.yaml", "name: Buy and Hold", f'name: "{NAME}"')
    project.nof0("run", "etc/nof0.yaml", "--cycles", "1").check()
    row = "1752667200000,1,1,1,1,1"
    project.write("candles/btc_1m.csv", f"{HEADER}\n{row}\n1752667260000,1,≥📈,1,1,1\n")
    project.write("candles/交易_1m.csv", f"{HEADER}\n{row}\n")
    return project


CONSOLES = {
    "gbk": {"PYTHONIOENCODING": "gbk"},
    "cp932": {"PYTHONIOENCODING": "cp932"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "locale C": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.mark.parametrize("console", CONSOLES)
def test_what_a_console_cannot_show_ends_no_command(home, console):
    own = {"PYTHONUTF8": "0", "COLUMNS": "200", **CONSOLES[console]}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=home.directory,
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding=CONSOLES[console].get("PYTHONIOENCODING", "ascii"),
        # click writes UTF-8 where Python says ASCII.
        errors="replace",
        check=False,
    )
    said = re.split(r"^= (\d+)\n", done.stdout, flags=re.MULTILINE)
    assert "Traceback" not in done.stdout
    assert "a bug in nof0" not in done.stdout
    assert [int(code) for code in said[1::2]] == [code for code, _ in COMMANDS.values()]
    for text, (_, wanted) in zip(said[::2], COMMANDS.values(), strict=False):
        assert wanted in text
