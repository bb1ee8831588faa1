"""What docs/first-run.md promises happens."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from nof0_core.testing import Project

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "first-run.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.integration


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    return Project(directory=tmp_path)


def test_misspelled_key_gives_the_message_of_the_page(project):
    manager = (project.directory / "etc" / "manager.yaml").read_text()
    misspelled = manager.replace("decision_interval:", "decision_intervall:", 1)
    project.write("etc/manager.yaml", misspelled)
    (message,) = re.findall(r"^error: etc/manager.yaml.*$", PAGE, re.MULTILINE)
    outcome = project.nof0("run", "etc/nof0.yaml")
    assert outcome.exit_code == 2
    assert outcome.stderr.splitlines() == [message]


def test_data_directory_has_what_the_page_lists(project):
    project.nof0("run", "etc/nof0.yaml", "--cycles", "3").check()
    data = project.directory / "data"
    table = PAGE.split("## What it leaves behind")[1]
    for listed in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE):
        pattern = re.sub(r"<\w+>", "*", listed).rstrip("/")
        assert list(data.glob(pattern)), f"{listed} is not there"
    tops = {listed.split("/")[0] for listed in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)}
    unlisted = {path.name for path in data.iterdir()} - tops
    assert not unlisted, "not on the page"


def test_commands_of_the_page_work(project):
    project.nof0("run", "etc/nof0.yaml", "--cycles", "3").check()
    for line in re.findall(r"^nof0 (?:leaderboard|journal|traders) .*$", PAGE, re.MULTILINE):
        project.nof0(*shlex.split(line, comments=True)[1:]).check()
