"""What runs beside the engine is asked for by its name, in the real command."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from nof0_core.testing import Project

ROOT = Path(__file__).parents[2]
COMPANIONS = """
import json
from contextlib import asynccontextmanager
from nof0_core import Companion, hookimpl

def companion(name):
    @asynccontextmanager
    async def opened(env):
        env.say(f"{name} begins")
        yield
        facts = {
            "config": str(env.config_file),
            "data": str(env.data_dir),
            "lag": dict(env.lag()),
            "companions": sorted(env.catalog.companions),
        }
        env.say(f"{name} ends {json.dumps(facts)}")
    return Companion(name=name, summary=f"says {name}", open=opened)

@hookimpl
def nof0_companions():
    return [companion("first"), companion("second")]
"""

pytestmark = pytest.mark.integration


@pytest.fixture
def project(tmp_path):
    """Return the shipped configuration with a file of one's own that offers two companions."""
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    made = Project(directory=tmp_path)
    made.write("etc/beside.py", COMPANIONS)
    main = tmp_path / "etc/nof0.yaml"
    main.write_text(main.read_text() + "\nPlugins: [./beside.py]\n")
    return made


def run(project, *options):
    return project.nof0("run", "etc/nof0.yaml", "--cycles", "5", "--data-dir", "d", *options)


def test_a_companion_of_a_file_of_ones_own_runs_from_before_to_after_the_engine(project):
    said = run(project, "--with", "first").check().stderr
    [begin, end] = [line for line in said.splitlines() if line.startswith("first ")]
    assert begin == "first begins"
    facts = json.loads(end.removeprefix("first ends "))
    assert (facts["config"], facts["data"]) == ("etc/nof0.yaml", "d")
    assert facts["lag"]["json"] == 0
    assert {"first", "second"} <= set(facts["companions"])
    assert "second" not in said.replace(end, "")


def test_several_are_opened_in_order_and_left_the_other_way_round(project):
    said = run(project, "--with", "second", "--with", "first", "--with", "second").check().stderr
    words = [
        " ".join(line.split()[:2])
        for line in said.splitlines()
        if line.startswith(("first ", "second "))
    ]
    assert words == ["second begins", "first begins", "first ends", "second ends"]


def test_a_name_nobody_offers_is_answered_with_what_there_is(project):
    outcome = run(project, "--with", "frist")
    assert outcome.exit_code == 2
    assert outcome.stderr.splitlines()[:3] == [
        'error: no plugin offers a companion "frist"',
        '  did you mean "first"?',
        "  installed:      first   (etc/beside.py)",
    ]
    assert not (project.directory / "d").exists()


def test_serve_is_the_short_form_of_the_one_of_that_name(project):
    main = project.directory / "etc/nof0.yaml"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    main.write_text(main.read_text().replace("Port: 8888", f"Port: {port}"))
    for options in (["--serve"], ["--with", "serve"], ["--serve", "--with", "serve"]):
        said = run(project, *options).check().stderr
        assert said.count("serving ") == 1
