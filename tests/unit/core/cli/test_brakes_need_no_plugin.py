"""What ends trading, and what looks at it, works whatever a plugin or the rest of the files do."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from called import started

from nof0_core.testing.project import Project

DEADLY = {
    "exit": "import sys\nsys.exit(7)\n",
    "raise": "raise RuntimeError('no')\n",
    "kill": "import os\nos._exit(9)\n",
    "hang": "import time\ntime.sleep(3600)\n",
    "twin": "from nof0_provider_sim.plugin import *\n",
}
COMMANDS = (
    ("halt", "etc/nof0.yaml", "--flatten", "--reason", "enough", "--json"),
    ("resume", "etc/nof0.yaml", "--json"),
    ("traders", "pause", "etc/nof0.yaml", "--json"),
    ("traders", "close", "etc/nof0.yaml", "--json"),
    ("traders", "settle", "etc/nof0.yaml", "paper_trading", "BTC", "--json"),
    ("traders", "status", "etc/nof0.yaml"),
    ("journal", "verify", "etc/nof0.yaml"),
    ("leaderboard", "etc/nof0.yaml", "--json"),
)
ALL = f"""
import sys
from nof0_core.cli import main
for command in {COMMANDS!r}:
    try:
        main(command)
    except SystemExit as end:
        assert not end.code, (command, end.code)
    else:
        raise AssertionError(command)
print("\\n" + repr([m for m in sys.modules if m.startswith(("nof0_provider", "nof0_llm"))]))
"""
"""Every command in one process, and which packages of plugins that imported."""


@pytest.fixture
def project(tmp_path):
    return started(tmp_path / "here")


def install(project, name, source):
    """Return the project with a plugin installed whose module says `source`."""
    site = project.directory.parent / "site"
    info = site / f"{name}_nof0-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-nof0\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[nof0.v1]\n{name} = {name}_nof0\n")
    (site / f"{name}_nof0.py").write_text(source)
    return Project(directory=project.directory, path=(site,))


def ran(project):
    """Let a short run leave its files."""
    project.nof0("run", "etc/nof0.yaml", "--cycles", "2").check()


@pytest.mark.parametrize("what", DEADLY)
def test_no_plugin_can_keep_a_command_from_working(project, what):
    ran(project)
    broken = install(project, what, DEADLY[what])
    said = broken.python(ALL, within=timedelta(minutes=1)).check().stdout
    assert json.JSONDecoder().raw_decode(said)[0]["flatten"] is True
    assert not (project.directory / "data" / "control" / "halt.json").exists()


def test_none_of_them_imports_a_package_that_offers_something(project):
    ran(project)
    assert project.python(ALL).check().stdout.splitlines()[-1] == "[]"


def test_a_halt_is_obeyed_whatever_else_is_wrong_in_the_files(project):
    for name in ("llm", "executor", "exchange", "market"):
        project.write(f"etc/{name}.yaml", "][ no YAML: {")
    outcome = project.nof0("halt", "etc/nof0.yaml", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["halted"] is True


def test_where_the_place_cannot_be_read_the_way_out_is_named(project):
    project.write("etc/manager.yaml", "][")
    outcome = project.nof0("halt", "etc/nof0.yaml")
    assert outcome.exit_code == 2
    assert "etc/manager.yaml:1" in outcome.stderr
    assert "--data-dir" in outcome.stderr


def test_a_halt_waits_for_no_file_that_it_does_not_need(project):
    for name in ("llm", "executor", "exchange", "market"):
        file = project.directory / "etc" / f"{name}.yaml"
        file.unlink()
        os.mkfifo(file)
    outcome = project.apart("halt", "etc/nof0.yaml", "--json")
    assert json.loads(outcome.check().stdout)["halted"] is True
