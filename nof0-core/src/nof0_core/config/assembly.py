"""The files of a configuration as objects, each checked by itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import attrs

from nof0_core.config.files.executor import ExecutorFile
from nof0_core.config.files.main import MainFile
from nof0_core.config.files.manager import ManagerBlock, ManagerFile, MonitoringBlock
from nof0_core.config.files.providers import ExchangeFile, MarketFile
from nof0_core.config.session import Session
from nof0_core.config.tree import Items, Node, Table
from nof0_core.files import absolute

T = TypeVar("T")

_STATE_FILE = Path("../data/manager_state.json")


@attrs.frozen(kw_only=True)
class Trees:
    """The files as read.

    `path` is the main file, absolute. `named` are the other files by the key that names them; one
    that could not be read is None. `data_dir` takes the place of the configured directories.
    """

    path: Path
    main: Table
    named: Mapping[str, Table | None]
    data_dir: Path | None

    def of(self, key: str) -> Table:
        """Return a file's tree; an empty one for a file that could not be read."""
        return self.named[key] or Table(place=self.main.below(key), entries={})


@attrs.frozen(kw_only=True)
class Files:
    """The files as objects; None where one is wrong, which is then noted.

    `traders` are the entries of manager.yaml, not yet looked at.
    """

    trees: Trees
    main: MainFile | None
    executor: ExecutorFile | None
    exchange: ExchangeFile | None
    market: MarketFile | None
    block: ManagerBlock | None
    monitoring: MonitoringBlock | None
    traders: tuple[Node, ...]


def read_files(session: Session, trees: Trees) -> Files:
    """Make objects of all files, one by one."""
    table = trees.of("Manager")
    nodes = table.get("traders")
    traders = nodes.items if isinstance(nodes, Items) else ()
    if trees.named["Manager"] is not None:
        session.take(table, ManagerFile)
        if nodes is not None and not traders:
            session.problems.add(nodes.place, "must have at least one trader")
    monitoring = table.get("monitoring")
    return Files(
        trees=trees,
        main=session.take(trees.main, MainFile),
        executor=_take(session, trees, "Executor", ExecutorFile),
        exchange=_take(session, trees, "Exchange", ExchangeFile),
        market=_take(session, trees, "Market", MarketFile),
        block=session.take(table.get("manager"), ManagerBlock),
        monitoring=session.take(monitoring, MonitoringBlock) if monitoring else MonitoringBlock(),
        traders=traders,
    )


def _take(session: Session, trees: Trees, key: str, cls: type[T]) -> T | None:
    return session.take(trees.named[key], cls)


def places(files: Files) -> tuple[Path, Path]:
    """Return the state file, whose directory is the data directory, and where exports go."""
    trees = files.trees
    return where(
        trees.path,
        trees.data_dir,
        state_file=files.block.state_storage_path if files.block is not None else None,
        data_path=files.main.data_path if files.main is not None else None,
    )


def where(
    main: Path, data_dir: Path | None, *, state_file: Path | None, data_path: Path | None
) -> tuple[Path, Path]:
    """Return the places of `places`: `data_dir` comes before what is configured, else defaults.

    `main` is the main file, absolute like `data_dir`; None is what was not given or configured.
    """
    if data_dir is not None:
        return data_dir / "manager_state.json", data_dir / "api"
    state_file = state_file or absolute(main.parent / _STATE_FILE)
    return state_file, data_path or state_file.parent / "api"
