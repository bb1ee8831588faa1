"""The repository keeps the shape that CONTRIBUTING.md describes."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("nof0-core", "nof0-provider-sim", "nof0-provider-hyperliquid", "nof0-llm", "nof0-api")
EXAMPLE = "examples/nof0-provider-example"
GENERATED = {".git", ".venv", ".nox", "build", "dist", "data", "__pycache__", ".hypothesis"}
LONGEST_MODULE = 400
LONGEST_TEST = 600
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".tmpl", ".j2", ".cfg", ".html", ".js"}


def files(*suffixes, under=("",)):
    for start in under:
        for path in sorted((ROOT / start).rglob("*")):
            inside = path.relative_to(ROOT).parts
            is_ours = not any(part in GENERATED or part.endswith("-info") for part in inside)
            if is_ours and path.is_file() and path.suffix in suffixes:
                yield path


def sources():
    return files(".py", under=[f"{p}/src" for p in (*PACKAGES, EXAMPLE)])


def suites():
    return files(".py", under=["tests", f"{EXAMPLE}/tests"])


def metadata(package):
    return tomllib.loads((ROOT / package / "pyproject.toml").read_text())["project"]


def lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def test_there_is_something_to_look_at():
    assert len(list(sources())) > 50
    assert len(list(suites())) > 5


def test_no_module_is_too_long():
    """Split a long module along its nouns; 50 to 150 lines are the aim."""
    long = {str(p.relative_to(ROOT)): lines(p) for p in sources() if lines(p) >= LONGEST_MODULE}
    long |= {str(p.relative_to(ROOT)): lines(p) for p in suites() if lines(p) >= LONGEST_TEST}
    assert not long


def test_modules_are_named_after_what_they_hold():
    banned = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
    named = {p for p in sources() if p.stem in banned or p.parent.name in banned}
    # Readers, and sometimes tools, mix up a module of ours with one of Python's own.
    shadowing = {p for p in sources() if p.stem in sys.stdlib_module_names and p.stem[0] != "_"}
    assert not named
    assert not shadowing


def test_every_module_annotates_lazily():
    without = [
        str(p.relative_to(ROOT))
        for p in sources()
        if re.search(r"^(async def|def|class) ", p.read_text(), re.MULTILINE)
        and "from __future__ import annotations" not in p.read_text()
    ]
    assert not without


MAY_ASK = ("clock.py", "runtime/clocks.py", "config/", "testing/contracts/")
"""Who may ask a clock, or decide, whether time stands still; below nof0_core."""


def asks_the_clocks_kind(path):
    """Tell whether a module asks a clock for its kind; the configuration of one may be read."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    asked = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "is_lockstep"]
    return any(ast.unparse(n.value) != "config.clock" for n in asked)


def test_nobody_asks_the_clocks_kind():
    """What follows from how time passes is handed out by the driver, each decision by its name."""
    core = ROOT / "nof0-core/src/nof0_core"
    may = {
        p
        for p in sources()
        if p.is_relative_to(core) and str(p.relative_to(core)).startswith(MAY_ASK)
    }
    asking = {p for p in sources() if asks_the_clocks_kind(p)}
    assert core / "clock.py" in asking
    assert not asking - may


def test_versions_agree():
    assert len({metadata(package)["version"] for package in PACKAGES}) == 1


@pytest.mark.parametrize("package", [*PACKAGES[1:], EXAMPLE])
def test_plugins_accept_this_minor_version_of_core_and_no_other(package):
    major, minor, _ = metadata("nof0-core")["version"].split(".")
    wanted = f"nof0-core>={major}.{minor}.0,<{major}.{int(minor) + 1}"
    ours = [d for d in metadata(package)["dependencies"] if d.startswith("nof0-")]
    assert ours == [wanted]


def test_core_requires_no_plugin():
    assert not [d for d in metadata("nof0-core")["dependencies"] if d.startswith("nof0")]


@pytest.mark.parametrize("package", [*PACKAGES, EXAMPLE])
def test_package_is_typed_and_described(package):
    (module,) = [p for p in (ROOT / package / "src").iterdir() if p.suffix != ".egg-info"]
    module_name = metadata(package)["name"].replace("-", "_")
    assert module.name == module_name
    assert (module / "py.typed").exists()
    settings = tomllib.loads((ROOT / package / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert "py.typed" in settings["package-data"][module_name]
    assert (ROOT / package / "README.md").read_text().count("\n") > 5, "say what it is"


def test_packages_hold_metadata_only():
    """Tools are configured once, in the root."""
    for package in (*PACKAGES, EXAMPLE):
        tools = tomllib.loads((ROOT / package / "pyproject.toml").read_text())["tool"]
        assert set(tools) == {"setuptools"}, package


def test_text_names_no_machine_and_no_registry():
    """Paths of one machine and addresses of registries do not belong into a public repository."""
    words = ["/work/" + "shared", "/work/" + "main", "/ro" + "ot/", "/opt/" + "pypi"]
    words += ["pypi." + "org", "python" + "hosted", "ind" + "ex-url", "find-" + "links"]
    found = {
        f"{path.relative_to(ROOT)}: {word}"
        for path in files(*TEXT)
        for word in words
        if word in path.read_text(encoding="utf-8")
    }
    assert not found


def test_constraints_are_names_and_versions_only():
    pins = [
        line
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", pin) for pin in pins)
    assert pins == sorted(pins, key=str.lower)


def test_changelog_has_a_heading_for_this_version():
    version = metadata("nof0-core")["version"]
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert re.fullmatch(rf"{re.escape(version)} — (Unreleased|\d{{4}}-\d\d-\d\d)", headings[0])
    for older in headings[1:]:
        assert re.fullmatch(r"\d+\.\d+\.\d+ — \d{4}-\d\d-\d\d", older)


def test_the_files_of_tests_that_begin_are_there(pytestconfig):
    common = pytestconfig.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))
    assert len(common.LONGEST) > 5
    assert not [name for name in common.LONGEST if not (ROOT / "tests" / name).is_file()]


def test_server_runs_the_one_test_command():
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in script if line and not line.startswith("#")]
    assert "set -euo pipefail" in commands
    assert [c for c in commands if "dev.py" in c] == ['exec python3 dev.py test "$@"']
