"""Where a configuration keeps its files, and whose: read without any plugin.

What ends trading, and what looks at it afterwards, must work whatever is wrong with a plugin or
with another part of the configuration. So only these few keys are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

import attrs

from nof0_core.config.assembly import where
from nof0_core.config.loading import begin, dotenv_of, read_named
from nof0_core.config.session import Session
from nof0_core.config.targets import note_unusable
from nof0_core.config.tree import Items, Scalar, Table, find
from nof0_core.errors import ConfigError
from nof0_core.files import absolute, no_directory
from nof0_core.ids import Symbol, TraderId
from nof0_core.plugins.registry import PluginRegistry


@attrs.frozen(kw_only=True)
class TraderPlace:
    """A trader's name, model, exchange section and coins.

    `name` is what people call it, its id where it has none. `journal_dir` is where its journal
    is, None with the others'.
    """

    name: str
    model: str
    exchange: str
    symbols: tuple[Symbol, ...]
    journal_dir: Path | None


@attrs.frozen(kw_only=True)
class Places:
    """The files of a configuration.

    `state_dir` is the data directory, `api_dir` where the `json` exporter writes. What `traders`
    needs is read when they are first asked for: ending trading needs none of it.
    """

    state_dir: Path
    state_file: Path
    api_dir: Path
    _read_traders: Callable[[], Mapping[TraderId, TraderPlace]]

    @cached_property
    def traders(self) -> Mapping[TraderId, TraderPlace]:
        """The traders, in the order of manager.yaml."""
        return self._read_traders()


def read_places(
    path: Path | str, *, environ: Mapping[str, str] | None = None, data_dir: Path | None = None
) -> Places:
    """Read where the files of a main file are; the arguments are those of `load`.

    Raises:
        ConfigError: the main file or manager.yaml cannot be read, or one of these keys, or what
            stands in the place of the data directory is none.
    """
    session, main = begin(path, PluginRegistry(), environ=environ)
    shown = str(path)
    manager = read_named(session, main, "Manager", shown)
    if manager is None:
        if main.get("Manager") is None:
            session.problems.add(main.below("Manager"), "required key is missing")
        raise ConfigError(session.problems.ordered([dotenv_of(shown), *session.files]))
    told = len(session.problems)
    by_json = _written_by_json(session, main)
    configured = exported = whole = None
    if data_dir is not None:
        whole = absolute(data_dir)
    else:
        configured = session.take(manager.table("manager").get("state_storage_path"), Path)
        exported = session.take(main.get("DataPath"), Path)
        if len(session.problems) > told:
            raise ConfigError(session.problems.ordered([dotenv_of(shown), *session.files]))
    state_file, data_path = where(
        Path(os.path.abspath(path)),  # noqa: PTH100 - keeps links
        whole,
        state_file=configured,
        data_path=exported,
    )
    if whole is None:
        # Where a run cannot keep anything, there is nothing of one, and nobody to tell anything.
        kept, at = state_file.parent, find(manager, "manager", "state_storage_path")
        note_unusable(session, at, kept, no_directory(kept))
        if len(session.problems) > told:
            raise ConfigError(session.problems.ordered([dotenv_of(shown), *session.files]))
    return Places(
        state_dir=state_file.parent,
        state_file=state_file,
        api_dir=by_json or data_path,
        read_traders=lambda: _traders(
            session, main, manager, shown, keeps_journals=data_dir is None
        ),
    )


def _traders(
    session: Session, main: Table, manager: Table, shown: str, *, keeps_journals: bool
) -> dict[TraderId, TraderPlace]:
    """Return what is written of traders; what cannot be read of one is left out."""
    market = read_named(session, main, "Market", shown)
    common = _symbols(session, market)
    models = read_named(session, main, "LLM", shown)
    default = _text(models, "default_model") if models is not None else ""
    exchange = _default_exchange(read_named(session, main, "Exchange", shown))
    nodes = manager.get("traders")
    found: dict[TraderId, TraderPlace] = {}
    for node in nodes.items if isinstance(nodes, Items) else ():
        if not isinstance(node, Table) or not (trader := _text(node, "id")):
            continue
        directory = session.take(node.get("journal_dir"), Path) if keeps_journals else None
        own = _symbols(session, node) if node.get("symbols") is not None else common
        found[TraderId(trader)] = TraderPlace(
            name=_text(node, "name") or trader,
            model=_text(node, "model") or default,
            exchange=_text(node, "exchange_provider") or exchange,
            symbols=own,
            journal_dir=directory,
        )
    return found


def _default_exchange(table: Table | None) -> str:
    """Return the section that is named as the default, or is the only one."""
    if table is None:
        return ""
    names = list(table.table("providers").entries)
    return _text(table, "default") or (names[0] if len(names) == 1 else "")


def _text(table: Table, key: str) -> str:
    node = table.get(key)
    return node.text or "" if isinstance(node, Scalar) else ""


def _written_by_json(session: Session, main: Table) -> Path | None:
    """Return the path of its own that the `json` exporter was given."""
    exporters = main.get("Exporters")
    for node in exporters.items if isinstance(exporters, Items) else ():
        if isinstance(node, Table) and _text(node, "type") == "json":
            return session.take(node.get("path"), Path)
    return None


def _symbols(session: Session, table: Table | None) -> tuple[Symbol, ...]:
    node = table.get("symbols") if table is not None else None
    return tuple(map(Symbol, session.take(node, tuple[str, ...]) or ()))
