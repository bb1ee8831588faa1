"""Databases of earlier revisions, with rows in them, are led to this one."""

from __future__ import annotations

import hashlib

import attrs
import pytest
from older_schema import fill, lines_of, names, read, script_of

from nof0_core.errors import ProviderError
from nof0_core.journal.record import parse
from nof0_core.storage.database import opened
from nof0_core.storage.preparing import prepare, upgraded
from nof0_core.storage.upgrade import newest, revisions

pytestmark = pytest.mark.anyio


@pytest.fixture(params=names())
def kept(request):
    return read(request.param)


@pytest.fixture(params=[name for name in names() if name != newest()])
def older(request):
    return read(request.param)


def test_every_revision_is_kept_with_rows():
    assert set(names()) == set(revisions())
    there = {name for name, table in read(newest())["tables"].items() if table["rows"]}
    assert {"events", "documents", "checkpoints", "funding_rates"} <= there


def test_a_revision_that_was_kept_is_never_changed(kept):
    assert hashlib.sha256(script_of(kept["revision"])).hexdigest() == kept["script"]


async def test_rows_of_an_earlier_revision_become_those_of_now(
    kept, target, make_target, make_told, tmp_path
):
    told = make_told([parse(line) for line in lines_of(kept)])
    await fill(target.settings.data_source, kept)
    async with opened(target.settings) as database:
        if kept["revision"] != newest():
            with pytest.raises(ProviderError, match="run `nof0 db upgrade`"):
                await prepare(database)
        assert await upgraded(database) == (kept["revision"], newest())
        assert not await prepare(database)
    lines = (await target.rows())["events"].values()
    assert sorted(bytes(row["line"]) for row in lines) == sorted(lines_of(kept))
    await target.fill(told)
    fresh = make_target(f"sqlite:///{tmp_path / 'fresh.db'}")
    await fresh.fill(told)
    assert await target.rows() == await fresh.rows()
    await target.fill(told)
    assert await target.rows() == await fresh.rows()


async def test_an_upgrade_that_fails_has_done_nothing(older, target, monkeypatch):
    from nof0_core.storage import preparing

    await fill(target.settings.data_source, older)
    upgrade = preparing.upgrade

    def fail(connection):
        upgrade(connection)
        raise ProviderError("in the middle")

    monkeypatch.setattr(preparing, "upgrade", fail)
    async with opened(target.settings) as database:
        with pytest.raises(ProviderError, match="in the middle"):
            await upgraded(database)
        monkeypatch.setattr(preparing, "upgrade", upgrade)
        assert await upgraded(database) == (older["revision"], newest())


async def test_rows_of_another_journal_are_refused_after_an_upgrade(kept, target, told):
    await fill(target.settings.data_source, kept)
    told.lines = [attrs.evolve(line, hash="0" * 64) for line in told.lines]
    async with opened(target.settings) as database:
        await upgraded(database)
    with pytest.raises(ProviderError, match="rows of another journal"):
        await target.fill(told)
