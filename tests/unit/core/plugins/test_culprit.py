"""An exception nobody expected is put down to the plugin whose code it came out of."""

from __future__ import annotations

import importlib
import json

import pytest

from nof0_core.ids import cycle_id
from nof0_core.plugins.culprit import culprit
from nof0_core.plugins.one_off import add_file
from nof0_core.plugins.registry import PluginRegistry

BROKEN = """
    import json

    def fail():
        raise ZeroDivisionError

    def misuse():
        json.loads("{")

    @hookimpl
    def nof0_exporters():
        return []
"""


def caught(call):
    with pytest.raises(Exception) as told:
        call()
    return told.value


@pytest.mark.parametrize("name", ["fail", "misuse"])
def test_a_plugin_and_its_line_are_named_also_where_a_library_has_raised(install, name):
    module = importlib.import_module(install("acme-nof0", BROKEN, version="2.1"))
    found = culprit(caught(getattr(module, name)))
    assert found.plugin == "acme-nof0 2.1"
    assert found.place.startswith("acme_nof0_plugin.py:")


def test_a_file_of_the_configuration_is_a_plugin_too(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(
        "from nof0_core import hookimpl\n\n@hookimpl\ndef nof0_exporters():\n    return []\n\n"
        "def fail():\n    raise KeyError\n"
    )
    registry = PluginRegistry()
    add_file(registry, file, "own.py")
    import sys

    [module] = [m for n, m in sys.modules.items() if n.startswith("nof0_file_own_")]
    found = culprit(caught(module.fail))
    assert (found.plugin, found.place) == ("own.py", "own.py:8")


def test_what_is_raised_in_core_is_nobodys_else():
    found = culprit(caught(lambda: cycle_id(None, None)))
    assert found.plugin == ""
    assert found.place.startswith("nof0_core/ids.py:")


def test_what_came_through_neither_has_no_place():
    found = culprit(caught(lambda: json.loads("{")))
    assert (found.plugin, found.place) == ("", "")
