"""One session for each question one may ask about the repository.

`nox` asks the quick four. Nothing here is needed to work on nof0: `python3 dev.py test` answers
most of it in one environment.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
nox.options.sessions = ["lint", "types", "imports", "tests"]

ROOT = Path(__file__).parent
PACKAGES = ("nof0-core", "nof0-provider-sim", "nof0-provider-hyperliquid", "nof0-llm", "nof0-api")
EXAMPLE = "examples/nof0-provider-example"
PYTHONS = nox.project.python_versions(
    nox.project.load_toml(ROOT / "nof0-core" / "pyproject.toml"), max_version=None
)


def requirements(group: str) -> list[str]:
    """Return a dependency group of the root pyproject.toml."""
    return list(nox.project.dependency_groups(tomllib.loads(_root()), group))


def _root() -> str:
    return (ROOT / "pyproject.toml").read_text()


def install(session: nox.Session, *packages: str, group: str | None = None) -> None:
    """Install packages of this repository editable, with the tools of a dependency group."""
    editable = [word for package in packages for word in ("-e", f"./{package}")]
    tools = requirements(group) if group else []
    session.install("-c", "constraints.txt", *editable, *tools)


@nox.session
def lint(session: nox.Session) -> None:
    """Does ruff find anything?"""
    session.install("-c", "constraints.txt", "ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Does mypy find anything in the sources and in tests/typing?"""
    install(session, *PACKAGES, group="test")
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Does anybody import upwards, or a library that has its fenced place?"""
    install(session, *PACKAGES, group="static")
    session.run("lint-imports")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Do the tests pass, on each Python?"""
    install(session, *PACKAGES, group="test")
    session.run("coverage", "run", "-m", "pytest", "-m", "not static", *session.posargs)
    session.run("coverage", "report")


@nox.session
def core_only(session: nox.Session) -> None:
    """Does core work alone, without any plugin?"""
    install(session, "nof0-core", group="test")
    session.run("nof0", "plugins")
    # Without plugins a run must end as a configuration error that says what to install.
    session.run("nof0", "run", "etc/nof0.yaml", success_codes=[2])
    # These use installed plugins as their material.
    without = [f"--ignore=tests/unit/core/{area}" for area in ("config", "plugins", "project")]
    session.run("pytest", "tests/unit/core", *without, *session.posargs)


@nox.session
def example(session: nox.Session) -> None:
    """Does the example plugin pass its tests as a stranger would run them?"""
    install(session, "nof0-core", EXAMPLE, group="test")
    session.run("pytest", f"{EXAMPLE}/tests", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Do the wheels install into a clean environment, and does the command start from them?"""
    wheels = Path(session.create_tmp())
    session.install("-c", "constraints.txt", *requirements("build"))
    for package in PACKAGES:
        session.run("python", "-m", "build", "-o", str(wheels), package, silent=True)
    session.install("--force-reinstall", *map(str, sorted(wheels.glob("*.whl"))))
    session.run("nof0", "plugins")


@nox.session
def soak(session: nox.Session) -> None:
    """Do 100,000 lives of the execution engine, and everything under all faults, end well?"""
    install(session, *PACKAGES, group="test")
    size = {"NOF0_LIVES": "100000", "NOF0_STREAMS": "50000", "NOF0_RUNS": "10000"}
    size |= {"NOF0_ORDERS": "100000", "NOF0_LOST_ANSWERS": "10000"}
    size |= {"NOF0_COMPANIES": "200", "NOF0_RETURNS": "5000"}
    size |= {"NOF0_SPAN": "month", "NOF0_CUTS": "2000", "NOF0_FLUSHES": "1000"}
    size |= {"NOF0_WEEKS": "24"}
    size |= {"NOF0_FAULTS": "all", "NOF0_ENDS": "all", "NOF0_DAMAGE": "all", "NOF0_BAD": "all"}
    long = [
        f"tests/integration/test_{suite}.py"
        for suite in ("company", "conservation", "sim_faults", "bad_plugin", "secret_canary")
    ]
    long += ["tests/unit/core/runtime/test_damage.py", "tests/unit/core/border/test_fuzz.py"]
    long += ["tests/unit/core/analysis/test_return_streams.py"]
    long += ["tests/unit/core/storage/test_redis_beside_runs.py"]
    long += ["tests/unit/core/storage/test_redis_beside_live_runs.py"]
    long += ["tests/unit/hyperliquid/orders/test_order_wire.py"]
    long += ["tests/integration/hyperliquid/test_lost_answers.py"]
    long += ["tests/integration/hyperliquid/test_venue_crashes.py"]
    long += ["tests/integration/hyperliquid/test_taken_over.py"]
    long += ["tests/integration/test_order_crashes.py"]
    long += ["tests/integration/test_database_beside.py"]
    long += ["tests/unit/core/storage/test_sql_exporter.py"]
    long += ["tests/unit/core/storage/test_database_source.py"]
    options = ["-n", "auto", "--timeout=0", *session.posargs]
    session.run("pytest", "tests/world", "tests/generated", *long, *options, env=size)
    # A year of six coins is a gigabyte while it is made: one form after the other.
    year = "tests/unit/core/recordings/test_year.py"
    session.run("pytest", year, "-n", "0", "--timeout=0", env={"NOF0_SPAN": "year"})


@nox.session
def docs(session: nox.Session) -> None:
    """Do the snippets of the documentation run, and is the reference up to date?"""
    install(session, *PACKAGES, group="test")
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def pictures(session: nox.Session) -> None:
    """What do terminals of four widths show, and every page of the dashboard? `-- FOLDER`."""
    install(session, *PACKAGES, group="test")
    session.run("python", "tests/pictures.py", *(session.posargs or ["pictures"]))


@nox.session(venv_backend="none")
def dev(session: nox.Session) -> None:
    """Set up `.venv` for working in."""
    session.run("python3", "dev.py", "test", "--version", external=True)
