"""Whether a lease can be kept where the configuration has its database."""

from __future__ import annotations

from collections.abc import Sequence

from nof0_core.config.files.main import MainFile
from nof0_core.config.model import Section
from nof0_core.config.session import Session
from nof0_core.config.tree import Table, find


def check_lease(
    session: Session, main: MainFile, table: Table, exporters: Sequence[Section]
) -> None:
    """Refuse a lease that no server of a database can keep."""
    sources = [str(one.config.data_source) for one in exporters if one.kind.type == "sql"]
    if main.postgres.lease and (not sources or sources[0].startswith("sqlite")):
        session.problems.add(
            find(table, "Postgres", "Lease"),
            "needs a PostgreSQL server that all engines reach",
            "set Postgres.DataSource to postgresql://…; on one machine nof0 needs no lease: it "
            "locks data directories and venue accounts there",
        )
