"""Modules of the plugin system build on each other in one direction, types included."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import nof0_core.plugins

HOME = Path(nof0_core.plugins.__file__).parent
PACKAGE = "nof0_core.plugins"


def named_in(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
            yield node.module.removeprefix(f"{PACKAGE}.")


def test_no_module_refers_to_itself_by_way_of_others():
    """The linter of imports leaves out those that only annotations need."""
    files = [file for file in HOME.glob("*.py") if file.stem != "__init__"]
    graph = {file.stem: set(named_in(file)) for file in files}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert order.index("catalog") < order.index("messages") < order.index("registry")
