"""A newcomer's walk: the commands of the README and the short pages, as they are written there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import attrs
import pytest
from called import started

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENDLESS = ("serve",)

pytestmark = pytest.mark.integration


def commands(page: str) -> list[list[str]]:
    """Return the commands for nof0 in the blocks of a page, without what never ends."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    words = [w[2:] if w[:2] == ["python3", "dev.py"] else w[1:] for w in words if is_ours(w)]
    return [w for w in words if w[0] not in ENDLESS]


def is_ours(words: list[str]) -> bool:
    return words[:2] == ["python3", "dev.py"] or words[:1] == ["nof0"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return started(tmp_path_factory.mktemp("walk") / "project")


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_commands_of_the_readme_work_one_after_the_other(project, page):
    asked = [words for words in commands(page) if words[0] != "init"]
    assert {"run", "leaderboard", "trades", "positions", "journal"} <= {w[0] for w in asked}
    # As dev.py calls it.
    here = attrs.evolve(project, environment={"NOF0_CONFIG": "etc/thinking.yaml"})
    for words in asked:
        short = ["--cycles", "40"] if words[0] == "run" and "--cycles" not in words else []
        outcome = here.nof0(*words, *short)
        assert outcome.exit_code == 0, (words, outcome.stderr)


def test_your_own_rule_vetoes_as_its_page_says(project):
    page = (ROOT / "docs/own-rule.md").read_text(encoding="utf-8")
    assert len(page.splitlines()) <= 40
    (code,) = re.findall(r"```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (rule,) = re.findall(r"```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    project.write("etc/quiet.py", code)
    project.replace("etc/nof0.yaml", "Name: nof0\n", "Name: nof0\nPlugins: [quiet.py]\n")
    project.replace(
        "etc/manager.yaml", "    name: Buy and Hold\n", f"    name: Buy and Hold\n    {rule}"
    )
    said = [project.nof0(*words).check().stdout for words in commands("docs/own-rule.md")]
    assert "is fine" in said[0]
    listed = project.nof0(
        "journal", "list", "data/quiet", "--trader", "holder", "--type", "cycle", "--limit", "0"
    )
    assert "buy_to_enter BTC REJECTED (quiet)" in listed.check().stdout


def test_every_command_that_how_to_names_exists(project):
    page = (ROOT / "docs/how-to.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`nof0 ([a-z ]+?)(?: [-A-Z/=]|[`.])", page))
    assert len(named) >= 12
    groups = ("journal", "traders", "prompt")
    for words in named:
        first, *rest = words.split()
        outcome = project.nof0(first, *(rest[:1] if first in groups else ()), "--help")
        assert outcome.exit_code == 0, (words, outcome.stderr)
