"""The engines that use one database: who runs, where, and on which accounts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from nof0_core.errors import UsageError
from nof0_core.plugins.env import Logger
from nof0_core.project.database import NamedDatabase
from nof0_core.runtime.leasing import lease_database

if TYPE_CHECKING:
    from nof0_core.storage.leases import Lease


class EngineLife(StrEnum):
    """How an engine stands: RUNS; GONE without a word, its lease has run out; ENDED in order."""

    RUNS = "runs"
    GONE = "gone"
    ENDED = "ended"


@attrs.frozen(kw_only=True)
class KnownEngine:
    """An engine as its lease tells; times are the database's, UTC.

    `since` it has the lease, `seen` it was last; `age` and `silence` are seconds up to now.
    `token` is the number of its lease, `is_binding` whether it trades with it only. `accounts` are
    those it holds, or held last.
    """

    engine: str
    life: EngineLife
    place: str
    instance: str
    token: int
    is_binding: bool
    since: datetime
    seen: datetime
    age: float
    silence: float
    accounts: tuple[str, ...]


async def known_engines(named: NamedDatabase, log: Logger) -> list[KnownEngine]:
    """Return all engines that have run with a database, by name.

    Raises:
        UsageError: it is a file, which one machine has.
        ProviderError: the database is away, or its tables are of another version.
    """
    from nof0_core.exporters.sql.exporter import settings_of
    from nof0_core.storage.database import opened
    from nof0_core.storage.leases import ENGINE, LeaseTable
    from nof0_core.storage.preparing import is_prepared

    settings = lease_database(named.run)
    if settings is None:
        message = "engines tell each other of themselves on a PostgreSQL server only"
        hint = "a file of SQLite is one engine's, which locks its data directory"
        raise UsageError(message, hints=(hint,))
    async with opened(settings_of(settings, log)) as database:
        found = await LeaseTable(database).all() if await is_prepared(database) else []
    taken = [one for one in found if one.token]
    return [_engine(one, taken) for one in taken if one.kind == ENGINE]


def _engine(lease: Lease, found: list[Lease]) -> KnownEngine:
    from nof0_core.storage.leases import ACCOUNT

    life = EngineLife.GONE if lease.has_run_out else EngineLife.ENDED
    return KnownEngine(
        engine=lease.engine,
        life=EngineLife.RUNS if lease.is_live else life,
        place=lease.place,
        instance=lease.instance,
        token=lease.token,
        is_binding=lease.is_binding,
        since=lease.since,
        seen=lease.seen,
        age=(lease.now - lease.since).total_seconds(),
        silence=(lease.now - lease.seen).total_seconds(),
        accounts=tuple(
            one.name.removeprefix(f"{ACCOUNT} ")
            for one in found
            if one.kind == ACCOUNT and (one.engine, one.instance) == (lease.engine, lease.instance)
        ),
    )
