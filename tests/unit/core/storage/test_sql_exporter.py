"""The tables equal the journal, whatever happens on the way."""

from __future__ import annotations

import os
import random
import signal

import anyio
import attrs
import pytest

from nof0_core.errors import ProviderError, TransientError
from nof0_core.exporters.sql import exporter as module
from nof0_core.storage.database import Session, opened
from nof0_core.storage.preparing import prepare
from nof0_core.storage.tables import Tables

pytestmark = pytest.mark.anyio
KILLS = 200 if os.environ.get("NOF0_ENDS") else 10


async def test_rows_equal_however_events_are_shared_out(target, told, expected):
    await target.fill(told, size=7, until=100)
    await target.fill(told, size=113)
    assert await target.rows() == expected
    await target.fill(told)
    assert await target.rows() == expected


async def test_every_table_of_a_trading_run_has_rows(expected):
    empty = {name for name, rows in expected.items() if not rows}
    # No model was asked over a network.
    assert empty <= {"llm_conversations"}


async def test_analytics_are_the_tables_of_the_api_in_the_days_first_hour(expected):
    rows = expected["trader_performance"].values()
    first = {}
    for row in sorted(rows, key=lambda row: row["timestamp"]):
        day = row["trader_id"], row["timestamp"].date()
        assert (row["analytics"] is not None) == (day not in first)
        first.setdefault(day, row["analytics"])
    assert len(first) > 1
    for (trader, _), tables in first.items():
        assert tables["model_id"] == trader
        assert tables["invocation_breakdown_table"]["num_invocations"] > 0


async def test_an_order_that_was_executed_before_any_answer_was_sent(target, told, expected):
    """Its status says so until the answer comes."""
    filled = next(e for e in told.events if e.body.type == "filled" and e.body.fill.client_id)
    told.lines = [line for line in told.lines if line.seq <= filled.seq]
    told.events = [
        event
        for event in told.events
        if event.seq <= filled.seq and event.body.type != "order_answered"
    ]
    await target.fill(told)
    rows = (await target.rows())["trader_orders"]
    client_id = filled.body.fill.client_id
    assert {row["status"] for row in rows.values()} == {"intended", "sent"}
    assert rows[next(key for key in rows if key[1] == client_id)]["status"] == "sent"


async def test_lines_are_the_journals_to_the_byte(target, told):
    await target.fill(told)
    found = (await target.rows())["events"].values()
    assert [bytes(row["line"]) for row in sorted(found, key=lambda row: row["seq"])] == [
        line.line for line in told.lines
    ]


async def test_another_journals_rows_are_left_alone(target, told, expected):
    await target.fill(told)
    told.lines = [attrs.evolve(line, hash="0" * 64) for line in told.lines]
    with pytest.raises(ProviderError, match="rows of another journal"):
        await target.fill(told)
    assert await target.rows() == expected


async def test_a_database_that_comes_back_older_is_filled_again(target, told, expected, deliver):
    async with opened(target.settings) as database:
        await prepare(database)
        exporter = target.exporter(database, told)
        await deliver(exporter, told, until=150)
        for name in expected:
            await target.execute(f"DELETE FROM {name} WHERE seq > 60")  # noqa: S608 - names of ours
        line = told.lines[59]
        await target.execute("UPDATE cursors SET seq = 60, hash = :hash", hash=line.hash)
        with pytest.raises(ProviderError, match="not where this exporter left it"):
            await exporter.export(told.after(150)[:5], None)
        await deliver(exporter, told)
    assert await target.rows() == expected


async def test_what_is_remembered_in_a_checkpoint_goes_on(target, told, expected, deliver):
    async with opened(target.settings) as database:
        await prepare(database)
        first = target.exporter(database, told)
        await deliver(first, told, until=120)
        (memory,) = first.projections()
        kept = memory.dump()
        await deliver(first, told, until=180)
        second = target.exporter(database, told)
        second.projections()[0].load(kept)
        assert await second.cursor() == 120
        assert second.projections()[0].dump() == kept
        await deliver(second, told)
    assert await target.rows() == expected


@pytest.mark.parametrize("what", ["rows", "commit"])
async def test_a_batch_that_failed_is_written_once(
    target, told, expected, deliver, monkeypatch, what
):
    """The second: the database has committed, and nobody heard of it."""
    async with opened(target.settings) as database:
        await prepare(database)
        exporter = target.exporter(database, told)
        await deliver(exporter, told, until=50)
        write = Tables.write

        async def fail(self, batch):
            if what == "commit":
                await write(self, batch)
            raise TransientError("the database is away")

        monkeypatch.setattr(Tables, "write", fail)
        with pytest.raises(TransientError):
            await deliver(exporter, told, until=100)
        monkeypatch.setattr(Tables, "write", write)
        await deliver(exporter, told)
    assert await target.rows() == expected


async def test_lines_of_a_transaction_are_bounded(target, told, expected, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 60_000)
    await target.fill(told, size=1000)
    assert await target.rows() == expected


class Kill:
    """Kills the process before its n-th operation on the database."""

    def __init__(self, at, monkeypatch):
        self.left = at
        watched = Session.watched

        def counted(session, what):
            self.left -= 1
            if self.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return watched(session, what)

        monkeypatch.setattr(Session, "watched", counted)


@pytest.mark.parametrize("part", range(2))
def test_killed_between_rows_and_cursor(source, make_target, told, expected, part):
    """Each kill is a process that ends without a word; the next one goes on where it was."""
    target = make_target(source)
    chance = random.Random(f"{part} {source.partition(':')[0]}")
    anyio.run(lambda: target.fill(told, until=1))
    killed = 0
    assert told.events[-1].seq > 100
    for _ in range(KILLS // 2):
        child = os.fork()
        if child == 0:
            with pytest.MonkeyPatch.context() as patch:
                Kill(chance.randint(8, 60), patch)
                anyio.run(lambda: target.fill(told, size=chance.choice((3, 10, 40))))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        # Each child draws from its own copy: the next one has to draw something else.
        chance.random()
    assert killed
    anyio.run(lambda: target.fill(told))
    assert anyio.run(target.rows) == expected
