from __future__ import annotations

import sys
from datetime import timedelta
from subprocess import TimeoutExpired

import pytest

from nof0_core.testing import Project

pytest_plugins = ["nof0_core.testing.fixtures"]
pytestmark = pytest.mark.integration


def test_files_are_written_without_the_indentation_of_the_test(project):
    file = project.write(
        "etc/main.yaml",
        """
        Name: x
        LLM:
          File: llm.yaml
        """,
    )
    assert file.read_text() == "Name: x\nLLM:\n  File: llm.yaml\n"


def test_replace_insists_on_exactly_one_place(project):
    project.write("a.txt", "one two one")
    project.replace("a.txt", "two", "three")
    assert (project.directory / "a.txt").read_text() == "one three one"
    for text in ("one", "four"):
        with pytest.raises(ValueError, match="not once"):
            project.replace("a.txt", text, "x")


def test_outcome_has_exit_code_and_both_outputs(project):
    outcome = project.python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (3, "out\n", "err\n")
    with pytest.raises(AssertionError, match="exit code 3"):
        outcome.check()


def test_plugin_selection_of_the_surroundings_is_left_out(project, monkeypatch):
    monkeypatch.setenv("NOF0_PLUGINS", "nothing")
    code = "import os; print(os.environ.get('NOF0_PLUGINS'), os.environ.get('MINE'))"
    assert project.python(code).stdout == "None None\n"
    named = Project(directory=project.directory, environment={"NOF0_PLUGINS": "x", "MINE": "1"})
    assert named.python(code).stdout == "x 1\n"


def test_modules_of_path_come_first(tmp_path):
    (tmp_path / "mine.py").write_text("print('imported')")
    project = Project(directory=tmp_path, path=(tmp_path,))
    assert project.python("import mine").check().stdout == "imported\n"


def test_a_command_that_does_not_end_is_killed(project):
    with pytest.raises(TimeoutExpired):
        project.python("import time; time.sleep(60)", within=timedelta(milliseconds=300))


def test_commands_run_in_the_directory_with_this_python(project):
    code = "import os, sys; print(os.getcwd()); print(sys.executable)"
    where, python = project.python(code).check().stdout.splitlines()
    assert where == str(project.directory)
    assert python == sys.executable
