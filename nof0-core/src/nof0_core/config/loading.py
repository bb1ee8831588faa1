"""Load a configuration: read all files, check everything, report everything at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from nof0_core.config.assembly import Trees
from nof0_core.config.environ import Environment, read_dotenv
from nof0_core.config.files.main import ANY_ENV, FileRef
from nof0_core.config.model import Config
from nof0_core.config.overriding import Override, only_traders, overridden
from nof0_core.config.result import assemble
from nof0_core.config.session import Session
from nof0_core.config.tree import Problems, Scalar, Table, find
from nof0_core.errors import ConfigError, PluginError
from nof0_core.files import absolute
from nof0_core.plugins.catalog import Catalog
from nof0_core.plugins.one_off import add_file
from nof0_core.plugins.registry import PluginRegistry

FILES = ("LLM", "Executor", "Exchange", "Market", "Manager")
_MARKS = {
    "models": "LLM",
    "traders": "Manager",
    "symbols": "Market",
    "providers": "Exchange",
    "decision_interval": "Executor",
}
"""A key each of the other files has."""


def load(
    path: Path | str,
    registry: PluginRegistry,
    *,
    environ: Mapping[str, str] | None = None,
    data_dir: Path | None = None,
    has_files: bool = False,
) -> Config:
    """Load and check a main file and the files it names; opens nothing and writes nothing.

    Args:
        path: the main file; messages name it, and the others beside it, as written here.
        registry: the plugins. It is not changed by one-off plugins the file may name.
        environ: variables for `${NAME}`; default: the process's. `.env` beside the main file fills
            in what is missing here.
        data_dir: where to keep journal, state and exported files instead of the places configured.
        has_files: tells that `registry` has the one-off plugins of the file already, as they were
            when they were loaded; none is loaded then.

    Raises:
        ConfigError: with all problems of all files, in file and line order.
    """
    reading = Reading(path, registry, environ=environ, data_dir=data_dir, has_files=has_files)
    return reading.config()


class Reading:
    """The files of a configuration, read once; many that differ in some keys are made of them.

    The arguments are those of `load`.

    Raises:
        ConfigError: the main file cannot be read.
    """

    def __init__(
        self,
        path: Path | str,
        registry: PluginRegistry,
        *,
        environ: Mapping[str, str] | None = None,
        data_dir: Path | None = None,
        has_files: bool = False,
    ) -> None:
        session, main_table = begin(path, registry, environ=environ)
        shown = str(path)
        if not has_files:
            registry = _with_files(session, registry, main_table)
        self._trees = Trees(
            path=Path(os.path.abspath(path)),  # noqa: PTH100 - a linked file stays where it is named
            main=main_table,
            named={key: read_named(session, main_table, key, shown) for key in FILES},
            data_dir=None if data_dir is None else absolute(data_dir),
        )
        self._session, self._shown, self._registry = session, shown, registry

    def config(
        self,
        overrides: Sequence[Override] = (),
        *,
        traders: Sequence[Scalar] = (),
        directories: Mapping[str, Path] | None = None,
    ) -> Config:
        """Check a configuration in which some keys have other values than in the files.

        Args:
            overrides: the keys.
            traders: ids of those that take part; empty: all.
            directories: where relative paths start in the files that `overrides` come from, by the
                name those have in places.

        Raises:
            ConfigError: with all problems of all files, in file and line order.
        """
        first = self._session
        session = Session(
            registry=self._registry,
            environment=first.environment,
            problems=first.problems.copy(),
            directories={**first.directories, **(directories or {})},
            warnings=list(first.warnings),
        )
        trees = only_traders(session, self._trees, traders)
        trees = overridden(session, trees, overrides)
        config = assemble(session, self._registry, trees)
        if config is None or len(session.problems):
            names = [dotenv_of(self._shown), *session.files]
            error = ConfigError(session.problems.ordered(names))
            error.hints = (*error.hints, *_other_file(trees.main))
            raise error
        return config


def _other_file(table: Table) -> tuple[str, ...]:
    """Say which file this looks like, where it is not a main one."""
    if any(table.get(key) is not None for key in FILES):
        return ()
    for mark, key in _MARKS.items():
        if table.get(mark) is not None:
            return (f"this looks like the file that `{key}` of a main file names: give nof0.yaml",)
    return ()


def begin(
    path: Path | str, registry: Catalog, *, environ: Mapping[str, str] | None
) -> tuple[Session, Table]:
    """Read the main file, and `.env` beside it; the arguments are those of `load`.

    Raises:
        ConfigError: the main file cannot be read.
    """
    shown = str(path)
    problems = Problems()
    main_path = Path(os.path.abspath(path))  # noqa: PTH100 - a linked file stays where it is named
    process = os.environ if environ is None else environ
    extra = read_dotenv(main_path.parent / ".env", dotenv_of(shown), problems)
    session = Session(registry=registry, environment=Environment(process, extra), problems=problems)
    main_table = session.read(main_path, shown)
    if main_table is None:
        raise ConfigError(problems.ordered(session.files))
    return session, _without_notation(main_table)


def dotenv_of(shown: str) -> str:
    """Return the name of `.env` beside a main file, as messages show it."""
    return os.path.join(os.path.dirname(shown), ".env")  # noqa: PTH118, PTH120 - as written


def _without_notation(table: Table) -> Table:
    """Read `Env: test | dev | prod`, which the format's description shows, as not chosen."""
    env = table.get("Env")
    if isinstance(env, Scalar) and env.text == ANY_ENV:
        chosen = Scalar(place=env.place, text="dev", kind="text")
        return attrs.evolve(table, entries={**table.entries, "Env": chosen})
    return table


def _with_files(session: Session, registry: PluginRegistry, table: Table) -> PluginRegistry:
    """Load the one-off plugins into a registry of this configuration's own."""
    node = table.get("Plugins")
    paths = session.take(node, tuple[Path, ...]) if node is not None else None
    if not paths:
        return registry
    registry = session.registry = registry.copy()
    for position, path in enumerate(paths):
        try:
            add_file(registry, path, os.path.relpath(path))
        except PluginError as error:
            session.plugin_problem(find(table, "Plugins", position), error)
    return registry


def read_named(session: Session, main: Table, key: str, shown: str) -> Table | None:
    """Read one of the files that the main file names."""
    node = main.get(key)
    ref = session.take(node, FileRef) if node is not None else None
    if ref is None:
        return None
    # What it is read as is named beside where a link to it leads, and its own paths start there.
    file = Path(os.path.realpath(ref.file))
    text = os.path.relpath(file, session.directories[shown])
    name = os.path.normpath(os.path.join(os.path.dirname(shown), text))  # noqa: PTH118, PTH120
    return session.read(file, name, named_at=find(main, key, "File"))
