"""Whether a plugin keeps to what is public of nof0."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from nof0_core.public import is_public

CORE = "nof0_core"


def private_imports(package: ModuleType | Path) -> list[str]:
    """Return what a package imports of nof0 that is not public, as `file:line: what`.

    All its modules are read, none is run; imports within functions and for types alone count, too.

    Args:
        package: the imported package, or the directory or file of its source.
    """
    if isinstance(package, ModuleType):
        place = Path(package.__file__ or "")
        package = place.parent if place.name == "__init__.py" else place
    files = [package] if package.is_file() else sorted(package.rglob("*.py"))
    return [
        f"{file}:{line}: {what}"
        for file in files
        for line, what in _private(ast.parse(file.read_text(encoding="utf-8")))
    ]


def _private(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if _is_ours(name.name) and not is_public(name.name):
                    yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and node.module and _is_ours(node.module):
            for name in node.names:
                if not _may_take(node.module, name.name):
                    yield node.lineno, f"{node.module}.{name.name}"


def _may_take(module: str, name: str) -> bool:
    """Tell whether a name may be imported from a module of nof0: `*` as well, from a public one."""
    if is_public(f"{module}.{name}"):
        return True
    if not is_public(module) or name.startswith("_"):
        return False
    offered = getattr(import_module(module), "__all__", ())
    return name in offered or not _is_module(f"{module}.{name}")


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False  # what it would be in is no package


def _is_ours(module: str) -> bool:
    return module == CORE or module.startswith(f"{CORE}.")
