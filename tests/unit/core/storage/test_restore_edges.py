"""Putting lines back: days in the middle, archived ones, a process that ends on the way."""

from __future__ import annotations

import shutil
from datetime import timedelta

import attrs
import pytest

from nof0_core.domain.event import Alerted
from nof0_core.domain.journal_line import CheckpointFile
from nof0_core.errors import JournalError, ProviderError, UsageError
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal
from nof0_core.journal.rebuilding import DayRebuilding
from nof0_core.project import load_config
from nof0_core.runtime.restore_mark import RestoreMark
from nof0_core.runtime.restoring import restore, restore_at_start
from nof0_core.testing.environment import START, Lines

pytestmark = pytest.mark.anyio
DAYS = 4


@pytest.fixture
def place(tmp_path):
    """A data directory with a journal of some days."""
    with Journal.open(tmp_path / "data" / "journal") as journal:
        for day in range(DAYS):
            for number in range(6):
                time = START + timedelta(days=day, minutes=number)
                stream = (ENGINE, TraderId("one"), TraderId("two"))[number % 3]
                journal.append(time, stream, Alerted(code="x", message=f"{day} {number}"))
    return tmp_path / "data"


@pytest.fixture
async def config(place, project, target, make_told):
    """A configuration with that directory, and a database that has its journal."""
    told = make_told(place)
    told.kept = CheckpointFile(seq=24, hash=told.lines[-1].hash, data=b"no checkpoint" * 100_000)
    await target.fill(told)
    found = load_config(project / "etc" / "nof0.yaml", data_dir=place, environ={})
    (json,) = [each for each in found.exporters if each.kind.type == "json"]
    settings = SqlConfig(data_source=target.settings.data_source, engine="arena's")
    return attrs.evolve(found, exporters=(attrs.evolve(json, name="sql", config=settings),))


@pytest.fixture
def settings(config):
    return config.exporters[0].config


def files(place):
    return {
        path.relative_to(place): path.read_bytes()
        for path in sorted(place.glob("journal/**/*"))
        if path.is_file()
    }


async def test_an_empty_directory_gets_lines_days_and_the_checkpoint(config, place):
    before = files(place)
    shutil.rmtree(place)
    place.mkdir()
    found = await restore_at_start(config, Lines())
    assert (found.written, found.last) == (24, 24)
    with Journal.open(place / "journal"):
        assert files(place) == before
    assert (place / "checkpoints" / "24.ckpt").read_bytes() == b"no checkpoint" * 100_000
    mark = RestoreMark(place)
    assert (mark.is_unfinished, mark.accounts) == (False, ("paper_trading",))
    mark.begun("paper_trading")
    assert not (place / "restored.json").exists()
    assert await restore_at_start(config, Lines()) is None


async def test_days_that_are_lost_come_back_wherever_they_are(config, settings, place):
    before = files(place)
    days = sorted((place / "journal" / "one").iterdir())
    days[1].unlink()
    days[-1].unlink()
    (place / "journal" / "two" / days[2].name).unlink()
    with pytest.raises(JournalError):
        Journal.open(place / "journal")
    found = await restore(config, settings, Lines(), is_thorough=True)
    assert (found.written, found.last) == (6, 24)
    assert files(place) == before


async def test_a_torn_line_is_written_whole(config, settings, place):
    before = files(place)
    path = max((place / "journal" / "two").iterdir())
    path.write_bytes(path.read_bytes()[:-700])
    assert (await restore(config, settings, Lines())).written >= 1
    assert files(place) == before


async def test_what_the_directory_has_beyond_the_database_stays(config, settings, place):
    with Journal.open(place / "journal") as journal:
        for stream in (ENGINE, TraderId("one")):
            journal.append(
                START + timedelta(days=3, hours=1), stream, Alerted(code="y", message="")
            )
    before = files(place)
    path = max((place / "journal" / "one").iterdir())
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + third)
    assert (await restore(config, settings, Lines())).written == 1
    assert path.read_bytes() == first + second + third
    assert files(place) == before
    assert (await restore(config, settings, Lines())).written == 0


async def test_archived_days_stay_where_they_are(config, settings, place):
    from nof0_core.journal.archiving import archive

    moved = archive(
        place / "journal", {}, before=START.date() + timedelta(days=2), target=place / "away"
    )
    assert len(moved) == 6
    before = files(place)
    assert (await restore(config, settings, Lines(), is_thorough=True)).written == 0
    assert files(place) == before


async def test_a_restore_that_ended_on_the_way_is_finished_before_anything(
    config, place, monkeypatch, target
):
    before = files(place)
    shutil.rmtree(place)
    place.mkdir()
    put, left = DayRebuilding.put, 5

    def fail(self):
        nonlocal left
        left -= 1
        if not left:
            raise OSError(28, "no room")
        return put(self)

    monkeypatch.setattr(DayRebuilding, "put", fail)
    with pytest.raises(OSError, match="no room"):
        await restore_at_start(config, Lines())
    monkeypatch.undo()
    assert RestoreMark(place).is_unfinished
    settings = SqlConfig(data_source="postgresql://nobody@127.0.0.1:1/x", engine="arena's")
    away = attrs.evolve(config, exporters=(attrs.evolve(config.exporters[0], config=settings),))
    # What is there is not the run: nobody may trade on it.
    with pytest.raises(ProviderError, match="cannot be seen"):
        await restore_at_start(away, Lines())
    await restore_at_start(config, Lines())
    assert not RestoreMark(place).is_unfinished
    with Journal.open(place / "journal"):
        assert files(place) == before


async def test_a_database_that_is_away_stops_only_those_who_have_nothing(config, place):
    settings = SqlConfig(data_source="postgresql://u:s3cret@127.0.0.1:1/x", engine="arena's")
    away = attrs.evolve(config, exporters=(attrs.evolve(config.exporters[0], config=settings),))
    log = Lines()
    assert await restore_at_start(away, log) is None
    assert "could not be compared" in str(log.lines)
    shutil.rmtree(place)
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        await restore_at_start(away, log)
    assert caught.value.exit_code == 1
    assert "s3cret" not in str(caught.value) + str(log.lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE events SET hash = 'f00' WHERE seq = 20", "was changed"),
        ("UPDATE events SET line = line || line WHERE seq = 20", "was changed"),
        ("DELETE FROM events WHERE seq = 9", "the one before it is missing"),
    ],
)
async def test_a_line_that_was_changed_is_not_put_back(config, place, target, change, words):
    await target.execute(change)
    shutil.rmtree(place)
    place.mkdir()
    with pytest.raises(JournalError, match=words):
        await restore_at_start(config, Lines())
    assert RestoreMark(place).is_unfinished


async def test_a_mark_that_cannot_be_read_is_told(place):
    (place / "restored.json").write_text("{")
    with pytest.raises(UsageError, match=r"restored\.json cannot be read"):
        RestoreMark(place)
