"""Who holds what is settled by the database, whatever clocks those who want it have."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest

from nof0_core.errors import LeaseLostError, ProviderError
from nof0_core.storage.database import DatabaseSettings, opened
from nof0_core.storage.leases import Holder, LeaseHeldError, LeaseTable, Wanted, fence
from nof0_core.storage.preparing import prepare

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
NAME = Wanted(name="engine arena", kind="engine")
ACCOUNT = Wanted(name="account venue 0xabc", kind="account")
LONG, SHORT = timedelta(hours=1), timedelta(milliseconds=1)


def holder(instance, engine="arena"):
    return Holder(engine=engine, instance=instance, place=f"host {instance}", is_binding=True)


@pytest.fixture
async def database(emptied):
    async with opened(DatabaseSettings(data_source=emptied)) as database:
        await prepare(database)
        yield database


def table(database, length=LONG):
    return LeaseTable(database, length=length)


async def test_a_lease_is_taken_once(database):
    first = await table(database).acquire([NAME, ACCOUNT], holder("a"))
    assert first.tokens == {NAME.name: 1, ACCOUNT.name: 1}
    assert first.taken_over == ()
    with pytest.raises(LeaseHeldError, match="host a"):
        await table(database).acquire([NAME, ACCOUNT], holder("b"))


async def test_an_account_is_one_engines_whatever_their_names(database):
    await table(database).acquire([NAME, ACCOUNT], holder("a"))
    other = Wanted(name="engine other", kind="engine")
    with pytest.raises(LeaseHeldError, match="account venue 0xabc"):
        await table(database).acquire([other, ACCOUNT], holder("b", "other"))
    held = await table(database).all()
    assert [(one.name, one.instance) for one in held] == [(ACCOUNT.name, "a"), (NAME.name, "a")]


async def test_one_that_has_run_out_is_taken_over_with_a_higher_number(database):
    first = await table(database, SHORT).acquire([NAME], holder("a"))
    await anyio.sleep(0.01)  # noqa: TID251 - the server's clock has to go on
    second = await table(database).acquire([NAME], holder("b"))
    assert second.tokens[NAME.name] == first.tokens[NAME.name] + 1
    assert [one.place for one in second.taken_over] == ["host a"]
    with pytest.raises(LeaseLostError, match="host b"):
        await table(database).renew(first.tokens)
    await table(database).release(first.tokens)
    (now,) = await table(database).all()
    assert now.is_live
    assert now.instance == "b"


async def test_one_that_has_run_out_and_that_nobody_took_is_renewed(database):
    first = await table(database, SHORT).acquire([NAME], holder("a"))
    await anyio.sleep(0.01)  # noqa: TID251 - as above
    until = await table(database).renew(first.tokens)
    (now,) = await table(database).all()
    assert now.until == until > now.now


async def test_one_that_was_given_back_is_free_at_once(database):
    first = await table(database).acquire([NAME], holder("a"))
    await table(database).release(first.tokens)
    second = await table(database).acquire([NAME], holder("b"))
    assert second.taken_over == ()
    assert second.tokens[NAME.name] == 2


async def test_the_same_directory_may_start_again_at_once(database):
    await table(database).acquire([NAME], holder("a"))
    again = await table(database).acquire([NAME], holder("a"))
    assert again.tokens[NAME.name] == 2
    assert again.taken_over == ()


async def test_of_many_that_want_it_at_once_one_gets_it(database):
    got, refused = [], []

    async def want(name):
        try:
            await table(database).acquire([ACCOUNT, NAME], holder(name))
        except LeaseHeldError:
            refused.append(name)
        else:
            got.append(name)

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(want, f"i{number}")
    assert (len(got), len(refused)) == (1, 7)


async def test_a_row_that_somebody_removed_is_no_lease(database):
    grant = await table(database).acquire([NAME], holder("a"))
    async with database.transaction() as session:
        from sqlalchemy import text

        await session.execute(text("DELETE FROM leases"))
    with pytest.raises(LeaseLostError, match="removed"):
        await table(database).renew(grant.tokens)


async def write(source, token, wrote):
    from sqlalchemy import text

    guard = fence("arena", lambda: token)
    insert = text("INSERT INTO cursors VALUES ('arena', :name, 1, '', now())")
    async with (
        opened(DatabaseSettings(data_source=source), guard) as database,
        database.transaction() as session,
    ):
        await session.execute(insert, [{"name": wrote}])


async def test_nothing_is_written_under_a_number_that_is_not_the_newest(database, emptied):
    first = await table(database, SHORT).acquire([NAME], holder("a"))
    await write(emptied, first.tokens[NAME.name], "before")
    await anyio.sleep(0.01)  # noqa: TID251 - as above
    await table(database).acquire([NAME], holder("b"))
    with pytest.raises(LeaseLostError, match="nothing is written"):
        await write(emptied, first.tokens[NAME.name], "after")
    async with database.transaction() as session:
        from sqlalchemy import text

        found = (await session.execute(text("SELECT exporter FROM cursors"))).scalars().all()
    assert found == ["before"]


async def test_nobody_takes_a_lease_in_the_midst_of_a_write_and_renewing_is_not_held_up(
    database, emptied
):
    grant = await table(database, SHORT).acquire([NAME], holder("a"))
    guard = fence("arena", lambda: grant.tokens[NAME.name])
    settings = DatabaseSettings(data_source=emptied, timeout=1.0)
    async with opened(settings) as short, opened(settings, guard) as writing:
        async with writing.transaction() as session:
            await guard()(session)
            await table(short).renew(grant.tokens)
            await table(short, SHORT).renew(grant.tokens)
            with pytest.raises(ProviderError):
                await table(short).acquire([NAME], holder("b"))
        await table(short).acquire([NAME], holder("b"))


async def test_where_no_leases_are_kept_the_highest_number_seen_counts(source):
    async with opened(DatabaseSettings(data_source=source)) as database:
        await prepare(database)
    for token in (3, 3, 5):
        async with (
            opened(
                DatabaseSettings(data_source=source), fence("arena", lambda at=token: at)
            ) as database,
            database.transaction(),
        ):
            pass
    async with opened(DatabaseSettings(data_source=source), fence("arena", lambda: 4)) as database:
        with pytest.raises(LeaseLostError, match="holds number 5"):
            async with database.transaction():
                pass


async def test_a_writer_that_stands_still_keeps_nobody_from_it_for_long(database, emptied):
    """The server itself rolls back what is idle in the middle of a transaction."""
    grant = await table(database, SHORT).acquire([NAME], holder("a"))
    guard = fence("arena", lambda: grant.tokens[NAME.name])
    stopped = DatabaseSettings(data_source=emptied, timeout=0.2)

    async def stand_still(session):
        await guard()(session)
        while True:
            try:
                return await table(database).acquire([NAME], holder("b"))
            except ProviderError:
                continue

    async with opened(stopped, guard) as writing:
        with pytest.raises(ProviderError):
            async with writing.transaction() as session:
                assert (await stand_still(session)).tokens == {NAME.name: 2}
