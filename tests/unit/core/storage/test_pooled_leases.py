"""Leases and exports behind a pooler that gives each transaction another connection."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pooler import mixing_proxy, pgbouncer, pgbouncer_program

from nof0_core.errors import LeaseLostError
from nof0_core.storage.database import DatabaseSettings, opened
from nof0_core.storage.leases import Holder, LeaseHeldError, LeaseTable, Wanted, fence
from nof0_core.storage.preparing import prepare

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
NAME = Wanted(name="engine arena's", kind="engine")
BACKENDS = "SELECT pg_backend_pid(), current_setting('idle_in_transaction_session_timeout')"


@pytest.fixture(params=["proxy", "pgbouncer"])
def pooled(request, emptied, postgres):
    """The data source of an empty database, behind a pooler."""
    if request.param == "proxy":
        with mixing_proxy(postgres.port) as port:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        return
    program = pgbouncer_program()
    if program is None:
        pytest.skip("no pgbouncer here: apt-get install pgbouncer, or NOF0_PGBOUNCER=PATH")
    with pgbouncer(program, postgres.port) as port:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"


def settings(source):
    return DatabaseSettings(data_source=source, prepared_statements=False)


def holder(instance):
    return Holder(engine="arena's", instance=instance, place=instance, is_binding=True)


async def test_transactions_reach_several_connections_and_keep_their_limits(pooled):
    from sqlalchemy import text

    seen = set()
    async with opened(settings(pooled)) as database:
        # Two at a time: a pooler makes another connection for the second.
        async with database.transaction() as one, database.transaction() as two:
            for session in (one, two):
                await session.execute(text(BACKENDS))
        for _ in range(9):
            async with database.transaction() as session:
                pid, limit = (await session.execute(text(BACKENDS))).one()
                assert limit == "6s"
                seen.add(pid)
    assert len(seen) > 1


async def test_a_lease_is_held_taken_over_and_fences_as_without_a_pooler(
    pooled, emptied, told, make_target, expected, deliver
):
    target = make_target(pooled, prepared_statements=False)
    async with opened(settings(emptied)) as direct:
        await prepare(direct)
    async with opened(settings(pooled)) as database:
        long = LeaseTable(database, length=timedelta(hours=1))
        first = await long.acquire([NAME], holder("first"))
        for _ in range(4):
            await long.renew(first.tokens)
        with pytest.raises(LeaseHeldError):
            await long.acquire([NAME], holder("second"))
        mine = first.tokens[NAME.name]
        async with opened(target.settings, fence("arena's", lambda: mine)) as writing:
            await deliver(target.exporter(writing, told), told)
        await LeaseTable(database, length=timedelta(0)).renew(first.tokens)
        second = await long.acquire([NAME], holder("second"))
        assert second.tokens[NAME.name] == mine + 1
        with pytest.raises(LeaseLostError):
            await long.renew(first.tokens)
        async with opened(target.settings, fence("arena's", lambda: mine)) as writing:
            with pytest.raises(LeaseLostError):
                await target.exporter(writing, told).cursor()
    assert await target.rows() == expected
