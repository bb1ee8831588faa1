"""What the `json` exporter remembers, and how it comes back."""

from __future__ import annotations

import msgspec
import pytest

from nof0_core.documents import account_totals
from nof0_core.documents.documents import Documents
from nof0_core.exporters.json_files import JsonExporter
from nof0_core.runtime.export_parts import dumped, loaded
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.anyio


def exporter_in(path):
    path.mkdir(exist_ok=True)
    documents = Documents(conversations_per_trader=5, candles_per_coin=50)
    return JsonExporter(path, section="json", documents=documents)


def parts_of(exporter):
    return {part.name: part for part in dumped("json", exporter, Lines())}


def content(path):
    """All but the note: which export it is depends on how many there were."""
    return {f.name: f.read_bytes() for f in path.iterdir() if f.name != "export.json"}


@pytest.mark.parametrize("hours", [1, 7, 30])
async def test_after_a_restart_the_files_are_what_they_would_have_been(tmp_path, story, hours):
    whole, part = story(40), story(hours)
    del part.events[-1]
    one = exporter_in(tmp_path / "one")
    await one.export(whole.events, whole.view())
    await one.finish()
    first = exporter_in(tmp_path / "many")
    await first.export(part.events, part.view())
    again = exporter_in(tmp_path / "many")
    assert loaded("json", again, parts_of(first), Lines())
    await again.export(whole.events, whole.view())
    await again.finish()
    assert content(tmp_path / "many") == content(tmp_path / "one")


async def test_what_a_closed_trade_leaves_is_columns_alone(tmp_path, story):
    """88 bytes, and nothing of its fills: those of what is held are all that stays."""
    sizes, entries = [], []
    for hours in (60, 160):
        told = story(hours)
        exporter = exporter_in(tmp_path / str(hours))
        await exporter.export(told.events, told.view())
        [part] = parts_of(exporter).values()
        kept = msgspec.msgpack.decode(part.data)
        sizes.append(len(kept["trades"]["alpha"]["cells"]))
        entries.append(sum(len(fills) for fills in kept["history"]["entries"].values()))
    assert sizes[1] - sizes[0] == 100 * 88
    assert entries[0] == entries[1] <= 2


async def test_a_part_that_cannot_be_used_is_put_back_once(tmp_path, story, monkeypatch):
    monkeypatch.setattr(account_totals, "PIECE_BYTES", 1)
    told = story(5)
    first = exporter_in(tmp_path)
    await first.export(told.events, told.view())
    parts = parts_of(first)
    for piece in tmp_path.glob("account-totals-*.json"):
        piece.unlink()
    taken = []
    take = Documents.take
    monkeypatch.setattr(Documents, "take", lambda *args: (taken.append(args[1].seq), take(*args)))
    again, log = exporter_in(tmp_path), Lines()
    assert not loaded("json", again, parts, log)
    assert taken == [0]
    assert await again.cursor() == 0
    [(level, _, values)] = log.lines
    assert level == "warning"
    assert "is not there any more" in values["error"]


async def test_bytes_of_something_else_change_nothing(tmp_path, story):
    told = story(3)
    exporter = exporter_in(tmp_path)
    await exporter.export(told.events, told.view())
    [remembered] = exporter.projections()
    before = remembered.dump()
    with pytest.raises(ValueError):
        remembered.load(b"rubbish")
    assert remembered.dump() == before
