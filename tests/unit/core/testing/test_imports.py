from __future__ import annotations

import pytest

from nof0_core import cli
from nof0_core.testing import private_imports


@pytest.mark.parametrize(
    "line",
    [
        "import nof0_core",
        "from nof0_core import Env, hookimpl, testing",
        "from nof0_core.domain.order import Side",
        "from nof0_core.domain import order",
        "from nof0_core.project import Config, load_config",
        "from nof0_core.protocols.llm import CompletionRequest",
        "from nof0_core.config.fields import opt",
        "from nof0_core.plugins import load_plugins",
        "import nof0_corefoo.runtime",
        "from json import loads",
    ],
)
def test_what_is_public_may_be_imported(tmp_path, line):
    (tmp_path / "plugin.py").write_text(f"{line}\n")
    assert private_imports(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import nof0_core.runtime.engine", "nof0_core.runtime.engine"),
        ("from nof0_core import config as configuration", "nof0_core.config"),
        ("from nof0_core import runtime", "nof0_core.runtime"),
        ("from nof0_core.plugins import registry", "nof0_core.plugins.registry"),
        ("from nof0_core.plugins.registry import PluginRegistry", ".registry.PluginRegistry"),
        ("from nof0_core.project.journal import JournalReader", ".journal.JournalReader"),
        ("from nof0_core.answers.parsing import parse", "nof0_core.answers.parsing.parse"),
        ("from nof0_core.money import _digits", "nof0_core.money._digits"),
    ],
)
@pytest.mark.parametrize("where", ["{}", "if TYPE_CHECKING:\n    {}", "def late():\n    {}"])
def test_what_is_private_is_named_with_its_place_wherever_it_is_imported(
    tmp_path, line, what, where
):
    file = tmp_path / "inner" / "plugin.py"
    file.parent.mkdir()
    file.write_text("# first\n" + where.format(line) + "\n")
    (found,) = private_imports(tmp_path)
    assert found.startswith(f"{file}:{2 + where.count(chr(10))}: nof0_core")
    assert found.endswith(what)


def test_an_imported_package_can_be_given():
    found = [each.rpartition(": ")[2] for each in private_imports(cli)]
    assert "nof0_core.cli.group.CommandTable" in found
