"""What plugins may rely on: the declared modules, every name in them, and who keeps to it."""

from __future__ import annotations

import ast
import fnmatch
import inspect
import pkgutil
import re
import runpy
import tomllib
from difflib import unified_diff
from importlib import import_module
from pathlib import Path

import pytest

import nof0_core
from nof0_core.public import MODULES, WHOLE, is_public
from nof0_core.testing import private_imports

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "docs" / "surface.py"
OURS = ("nof0-provider-sim", "nof0-provider-hyperliquid", "nof0-llm", "nof0-api")
EXAMPLE = ROOT / "examples" / "nof0-provider-example"
ACCEPT = """\
The public surface has changed: lines with - are gone, lines with + are new.
Is that meant? A plugin that uses what is gone or changed breaks; new names and new arguments with a
default break nobody. To accept it: `python docs/surface.py`, and a sentence in CHANGELOG.md."""
HANDED_IN = {"Implementations"}
"""Types of nof0's own in signatures of what only nof0 itself calls: `PluginRegistry.take`."""


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(TOOL))


@pytest.fixture(scope="module")
def snapshot(tool):
    return tool["TARGET"].read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def surface(tool, snapshot):
    return tool["lines"](tool["required"](snapshot))


def test_a_new_field_of_a_public_value_has_a_default(tool, snapshot, surface):
    wrong = tool["refused"](snapshot, surface)
    assert not wrong, f"{', '.join(wrong)}: {tool['RULE']}"


def test_every_name_and_signature_is_that_of_the_snapshot(snapshot, surface):
    changed = [
        line
        for line in unified_diff(snapshot, surface, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    assert not changed, "\n".join([ACCEPT, *changed])


FILL = "nof0_core.domain.fill.Fill.fee"


def without(lines, name):
    return [line for line in lines if not line.startswith(f"{name}:")]


@pytest.mark.parametrize(
    ("known", "is_refused"),
    [
        pytest.param(lambda lines: lines, False, id="as before"),
        pytest.param(lambda lines: without(lines, FILL), True, id="new without a default"),
        pytest.param(
            lambda lines: [*without(lines, FILL), f"{FILL}: Decimal = Decimal('0')"],
            True,
            id="lost its default",
        ),
        pytest.param(
            lambda lines: [line for line in lines if ".Fill" not in line], False, id="new value"
        ),
    ],
)
def test_a_field_without_a_default_cannot_be_accepted_by_writing_anew(
    tool, snapshot, tmp_path, known, is_refused
):
    target = tmp_path / "surface.txt"
    target.write_text("\n".join(known(snapshot)))
    before, main = target.read_text(), tool["main"]
    real = main.__globals__["TARGET"]
    main.__globals__["TARGET"] = target
    try:
        if is_refused:
            with pytest.raises(SystemExit, match=f"{re.escape(FILL)}: a new field must have a def"):
                main()
            assert target.read_text() == before
        else:
            main()
            assert target.read_text().splitlines() == snapshot
    finally:
        main.__globals__["TARGET"] = real


def test_a_required_field_is_as_old_as_it_was_when_it_was_written_down(tool):
    old = f"{FILL}: Decimal  (required since 0.0)"
    assert tool["required"]([old, "nof0_core.money.ZERO = Decimal(0)"]) == {FILL: "0.0"}
    assert old in tool["lines"]({FILL: "0.0"})


def every_module():
    found = pkgutil.walk_packages(nof0_core.__path__, "nof0_core.")
    return sorted(one.name for one in found if not one.name.endswith("__main__"))


def test_declared_modules_are_there_and_the_page_lists_them():
    assert set(MODULES) <= {"nof0_core", *every_module()}
    assert set(MODULES) >= WHOLE
    page = (ROOT / "docs" / "public-api.md").read_text()
    rows = re.findall(r"^\| `([\w.]+)`(, all modules)? \| (.*) \|$", page, re.MULTILINE)
    assert {name: what for name, _, what in rows} == {
        name: what.replace(", with all modules in it", "") for name, what in MODULES.items()
    }
    assert {name for name, whole, _ in rows if whole} == WHOLE


def test_the_linter_forbids_our_packages_all_that_is_not_public():
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = [c for c in linter["contracts"] if c["id"] == "public"]
    assert contract["source_modules"] == [name.replace("-", "_") for name in OURS]
    allowed, excepted = set(), []
    for rule in contract["ignore_imports"]:
        importer, imported = rule.split(" -> ")
        if importer == "**":
            allowed.add(imported)
        else:
            excepted.append((importer, imported))

    def is_forbidden(module):
        parents = [".".join(module.split(".")[:end]) for end in range(2, module.count(".") + 2)]
        wanted = contract["forbidden_modules"]
        hit = any(
            fnmatch.fnmatch(p, rule) and p.count(".") == rule.count(".")
            for p in parents
            for rule in wanted
        )
        return hit and module not in allowed

    tests_only = [m for m in every_module() if m.startswith("nof0_core.testing")]
    assert all(map(is_forbidden, tests_only))
    wrong = [
        module
        for module in set(every_module()) - set(tests_only)
        if is_forbidden(module) is is_public(module)
    ]
    assert not wrong
    assert excepted == []


@pytest.mark.parametrize("package", [*(ROOT / name / "src" for name in OURS), EXAMPLE], ids=str)
def test_packages_use_only_what_is_public(package):
    assert private_imports(package) == []


def definitions():
    """Yield every public class and function with the module that defines it and its source."""
    seen = set()
    for name in runpy.run_path(str(TOOL))["modules"]():
        module = import_module(name)
        names = set(getattr(module, "__all__", ())) or {
            n for n, v in vars(module).items() if getattr(v, "__module__", None) == name
        }
        for each in names:
            value = inspect.unwrap(getattr(module, each))
            home = getattr(value, "__module__", "") or ""
            if home.startswith("nof0_core") and each[0] != "_" and hasattr(value, "__qualname__"):
                seen.add((home, value.__qualname__))
    return sorted(seen)


def annotations(node):
    """Yield the annotations of what is public of a class or function."""
    if isinstance(node, ast.ClassDef):
        for part in node.body:
            yield from annotations(part)
    elif isinstance(node, ast.AnnAssign):
        if isinstance(node.target, ast.Name) and not node.target.id.startswith("_"):
            yield node.annotation
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        if node.name.startswith("_") and node.name != "__init__":
            return
        arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        yield from (a.annotation for a in [*arguments, node.args.vararg, node.args.kwarg] if a)
        yield node.returns


def test_no_public_signature_names_a_type_that_is_private():
    offered = {
        each for name in MODULES for each in getattr(import_module(name), "__all__", ())
    } | HANDED_IN
    leaks = set()
    for home, name in definitions():
        tree = ast.parse(inspect.getsource(import_module(home)))
        sources = {
            alias.asname or alias.name: node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nof0_core")
            for alias in node.names
        }
        nodes = [n for n in tree.body if getattr(n, "name", None) == name]
        for annotation in filter(None, (a for node in nodes for a in annotations(node))):
            words = set(re.findall(r"\w+", ast.unparse(annotation)))
            leaks |= {
                f"{home}.{name} names {sources[w]}.{w}"
                for w in words & sources.keys()
                if not is_public(sources[w]) and w not in offered
            }
    assert not leaks
