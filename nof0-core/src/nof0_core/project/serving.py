"""The part of a configuration that reading the exported data needs.

The API must start where no key of a model or an exchange is known, and must go on being able to
start while somebody edits a prompt or a limit. So only the main file and `manager.yaml` are read,
and of the exporters only those that write what the API reads.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import attrs

from nof0_core.config.addresses import check_hosts, check_origins
from nof0_core.config.assembly import Trees, places, read_files
from nof0_core.config.file_names import METRICS_FILE
from nof0_core.config.files.main import PostgresBlock
from nof0_core.config.loading import FILES, begin, dotenv_of, read_named
from nof0_core.config.logos import Logo, logos_of
from nof0_core.config.model import Section, TtlConfig
from nof0_core.config.outputs import make_exporters
from nof0_core.config.result import ttl_of
from nof0_core.config.sections import Markets
from nof0_core.config.tree import Scalar, Table
from nof0_core.errors import ConfigError, UsageError
from nof0_core.files import absolute
from nof0_core.plugins import load_plugins
from nof0_core.plugins.catalog import Catalog
from nof0_core.sources.place import DatabasePlace

_READ = ("json", "prometheus")
"""Exporters whose output the API reads."""


@attrs.frozen(kw_only=True)
class ServingConfig:
    """What a server of the exported data needs; paths are absolute.

    `data_path` is the directory of the `json` exporter, `database` what is read instead of it, None
    for the files; `metrics_file` the text file of the
    `prometheus` exporter, None without one. `allow_origins` are the web sites that may read from a
    browser, `*` for all. `allow_hosts` are the names the server may be called by beside `host`,
    addresses and localhost, `*` for all (`ANY_ORIGIN`, `ANY_HOST`). `state_dir` is the data
    directory, whose reports of backtests and sweeps are listed; None: none are. `logos` are
    pictures by trader.
    """

    name: str
    host: str
    port: int
    data_path: Path
    metrics_file: Path | None
    ttl: TtlConfig
    allow_origins: tuple[str, ...]
    allow_hosts: tuple[str, ...]
    database: DatabasePlace | None = None
    state_dir: Path | None = None
    logos: Mapping[str, Logo] = attrs.field(factory=dict)


def load_serving(
    config_file: Path | str,
    *,
    catalog: Catalog | None = None,
    environ: Mapping[str, str] | None = None,
    data_dir: Path | None = None,
    from_database: bool = False,
) -> ServingConfig:
    """Load what a server needs; opens nothing and writes nothing.

    Args:
        config_file: CONFIG, the main file.
        catalog: the plugins, as a companion is given them; None: those that are installed.
        environ: variables for `${NAME}`; default: the process's.
        data_dir: what the run was given as `--data-dir`, if it was.
        from_database: read the database of the first `sql` exporter instead of the files.

    Raises:
        ConfigError: with all problems of the main file and of manager.yaml.
        UsageError: it names no database, and one is to be read.
    """
    session, main_table = begin(config_file, catalog or load_plugins(), environ=environ)
    shown = str(config_file)
    trees = Trees(
        path=Path(os.path.abspath(config_file)),  # noqa: PTH100 - a link stays where it is named
        main=main_table,
        named={
            key: read_named(session, main_table, key, shown) if key == "Manager" else None
            for key in FILES
        },
        data_dir=None if data_dir is None else absolute(data_dir),
    )
    files = read_files(session, trees)
    state_file, data_path = places(files)
    read = (*_READ, "sql") if from_database else _READ
    made: dict[str, Section] = {}
    if files.main is not None and files.monitoring is not None:
        check_hosts(session, files.main.allow_hosts, main_table)
        check_origins(session, files.main.cors, main_table)
        sections = make_exporters(
            session,
            attrs.evolve(
                files.main,
                exporters=tuple(n for n in files.main.exporters if _type_of(n) in read),
                # What it takes to reach a database may be missing where nobody asks for it.
                postgres=files.main.postgres if from_database else PostgresBlock(),
                cache=(),
            ),
            attrs.evolve(files.monitoring, alert_webhook=""),
            (main_table, trees.of("Manager")),
            Markets(names=frozenset(), default=""),
            (state_file, data_path),
        )
        made = {section.kind.type: section for section in reversed(sections)}
    logos = logos_of(session, files.traders)
    if files.main is None or len(session.problems):
        raise ConfigError(session.problems.ordered([dotenv_of(shown), *session.files]))
    return ServingConfig(
        name=files.main.name,
        host=files.main.host,
        port=files.main.port,
        data_path=made["json"].config.path,
        metrics_file=_metrics_file(made.get("prometheus"), state_file.parent),
        ttl=ttl_of(files.main),
        allow_origins=files.main.cors.allow_origins,
        allow_hosts=files.main.allow_hosts,
        database=_database(made.get("sql"), config_file) if from_database else None,
        state_dir=state_file.parent,
        logos=logos,
    )


def _type_of(node: object) -> str | None:
    if isinstance(node, Table):
        node = node.get("type")
    return node.text if isinstance(node, Scalar) else None


def _database(section: Section | None, config_file: Path | str) -> DatabasePlace:
    if section is None:
        message = f"{config_file} names no database"
        hint = "set Postgres.DataSource, or add a section `type: sql` to Exporters"
        raise UsageError(message, hints=(hint,))
    config = section.config
    return DatabasePlace(data_source=config.data_source, engine=config.engine)


def _metrics_file(section: Section | None, state_dir: Path) -> Path | None:
    if section is None:
        return None
    own: Path | None = section.config.path
    return own or state_dir / "exporter" / section.name / METRICS_FILE
