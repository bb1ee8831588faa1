"""Taking and keeping the leases of a configuration, in the database it keeps its journal in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from nof0_core.config.model import Config
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.exporters.sql.exporter import settings_of
from nof0_core.plugins.env import Logger
from nof0_core.plugins.kinds import ExchangeKind
from nof0_core.runtime.beside import beside
from nof0_core.runtime.instance import instance_of, place_of
from nof0_core.runtime.lease import TIMES, HeldLease, LeaseTimes

if TYPE_CHECKING:
    from nof0_core.storage.leases import Wanted

_OPERATION = 2.0
"""Seconds one operation on leases may take: less than on rows, for they are renewed soon again."""


def lease_database(config: Config) -> SqlConfig | None:
    """Return the database that knows who runs: that of the first `sql` section, if a server."""
    for section in config.exporters:
        if isinstance(section.config, SqlConfig):
            is_server = not section.config.data_source.startswith("sqlite")
            return section.config if is_server else None
    return None


def identities(config: Config) -> dict[str, str]:
    """Return what tells the account of an exchange section from all others in the world.

    Sections whose accounts exist in their engine only are left out.
    """
    found = {}
    for name, section in config.exchanges.items():
        tell = section.kind.identity if isinstance(section.kind, ExchangeKind) else None
        if tell is not None:
            found[name] = " ".join(str(tell(section.config)).split())
    return found


def wanted_leases(config: Config, engine: str) -> tuple[Wanted, ...]:
    """Return the leases an engine needs: that of its name first, then one for each account."""
    from nof0_core.storage.leases import ACCOUNT, ENGINE, Wanted

    known: Mapping[str, str] = identities(config)
    accounts = {
        known.get(name, f"{section.kind.type} {engine} {name}")
        for name, section in config.exchanges.items()
    }
    return (
        Wanted(name=f"{ENGINE} {engine}", kind=ENGINE),
        *(Wanted(name=f"{ACCOUNT} {each}", kind=ACCOUNT) for each in sorted(accounts)),
    )


@asynccontextmanager
async def leased(
    config: Config, log: Logger, *, is_waiting: bool, times: LeaseTimes = TIMES
) -> AsyncIterator[HeldLease | None]:
    """Hold the leases of a configuration; None where no server of a database is configured.

    The caller holds the lock of the data directory. They are renewed until this is left, and given
    back then.

    Raises:
        UsageError, ProviderError: as `HeldLease.acquire`.
    """
    settings = lease_database(config)
    if settings is None:
        yield None
        return
    from nof0_core.storage.database import opened
    from nof0_core.storage.leases import Holder, LeaseTable
    from nof0_core.storage.preparing import prepare

    usual = settings_of(settings, log)
    small = attrs.evolve(usual, max_open=2, max_idle=1, timeout=min(_OPERATION, times.every))
    async with opened(small) as database:
        is_ready = False

        async def ready() -> None:
            nonlocal is_ready
            if is_ready:
                return
            async with opened(usual) as patient:
                if await prepare(patient):
                    log.info("the database was empty; its tables were made")
            is_ready = True

        lease = HeldLease(
            LeaseTable(database, length=timedelta(seconds=times.length)),
            wanted=wanted_leases(config, settings.engine),
            holder=Holder(
                engine=settings.engine,
                instance=instance_of(config.state_dir),
                place=place_of(config.state_dir),
                is_binding=config.is_leased,
            ),
            prepare=ready,
            log=log,
            times=times,
        )
        await lease.acquire(is_waiting=is_waiting)
        try:
            async with beside() as tasks:
                tasks.start_soon(lease.keep)
                yield lease
        finally:
            await lease.release()
