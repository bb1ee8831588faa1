"""The database a configuration names, for commands."""

from __future__ import annotations

from pathlib import Path

import attrs

from nof0_core.config.model import Config
from nof0_core.errors import UsageError
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.project.configuration import load_config
from nof0_core.project.journal import JournalReader


@attrs.frozen(kw_only=True)
class NamedDatabase:
    """A `sql` section: `exporter` is its name, `config` has the place; `run` is all there is."""

    exporter: str
    config: SqlConfig
    run: Config

    @property
    def engine(self) -> str:
        """Return the name the rows stand under."""
        return self.config.engine

    @property
    def journal(self) -> JournalReader:
        """Return the journal of the run, which need not be there."""
        return JournalReader(
            root=self.run.state_dir / "journal",
            state_dir=self.run.state_dir,
            state_file=self.run.state_file,
            elsewhere={
                trader.id: trader.journal_dir
                for trader in self.run.traders
                if trader.journal_dir is not None
            },
        )


def named_database(config_file: Path, *, data_dir: Path | None = None) -> NamedDatabase:
    """Load the configuration and find its first `sql` section.

    Raises:
        ConfigError: the configuration cannot be used.
        UsageError: it names no database.
    """
    run = load_config(config_file, data_dir=data_dir)
    for section in run.exporters:
        if isinstance(section.config, SqlConfig):
            return NamedDatabase(exporter=section.name, config=section.config, run=run)
    message = f"{config_file} names no database"
    hint = "set Postgres.DataSource, or add a section `type: sql` to Exporters"
    raise UsageError(message, hints=(hint,))
