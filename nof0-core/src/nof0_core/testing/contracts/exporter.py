"""What must hold for every exporter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio
import attrs
import pytest

from nof0_core.border.values import shown
from nof0_core.domain.event import Event
from nof0_core.protocols import (
    Exporter,
    ExporterCapability,
    Projection,
    exporter_faults,
    exporter_with,
)
from nof0_core.testing import views
from nof0_core.testing.contracts.service import Opener, ServiceContract
from nof0_core.testing.events import sample_events
from nof0_core.testing.fingerprint import fingerprint
from nof0_core.testing.heartbeat import unblocked


class ExporterContract(ServiceContract):
    """Suite for `Exporter`; override `kind`, `config`, and `written` to have repetitions compared.

    What is exported are events of every kind there is, two of each, and a picture of two accounts.
    """

    @pytest.fixture
    def events(self) -> tuple[Event, ...]:
        """Return what is exported: all kinds of event, numbered from 1."""
        return sample_events()

    @pytest.fixture
    def written(self, opener: Opener) -> Written:
        """Return what tells two states of the target apart: the files in the data directory.

        Override it with an object whose `state()` returns something to be compared with `==` where
        the exporter writes elsewhere: the rows of a table, the lines a server was sent.
        """
        return Files(opener.env.data_dir)

    async def test_cursor_is_a_number_of_an_event(
        self, opener: Opener, events: tuple[Event, ...]
    ) -> None:
        """A whole number from 0 on, never beyond what was handed over, and it never goes back."""
        async with opener.open() as exporter:
            before = await cursor(exporter)
            assert before == 0, f"nothing was ever exported, and the cursor is {before}"
            for place in range(0, len(events), 7):
                part = events[place : place + 7]
                await exporter.export(part, views.view(events[-1].seq))
                after = await cursor(exporter)
                assert before <= after <= part[-1].seq, (
                    f"cursor {after} after events up to {part[-1].seq}, {before} before"
                )
                before = after

    async def test_every_kind_of_event_is_taken(
        self, opener: Opener, events: tuple[Event, ...]
    ) -> None:
        """Nothing is raised, whatever happened; an exporter leaves out what it does not need."""
        async with opener.open() as exporter:
            for event in events:
                try:
                    await exporter.export([event], views.view(event.seq))
                except Exception as error:
                    message = f"{event.body.type}: {type(error).__name__}: {error}"
                    raise AssertionError(message) from error

    async def test_no_events_are_fine(self, opener: Opener, events: tuple[Event, ...]) -> None:
        """With nothing new but prices, at first and later, there is nothing to count."""
        async with opener.open() as exporter:
            await exporter.export([], views.view(0))
            assert await cursor(exporter) == 0
            await exporter.export(events, views.view(events[-1].seq))
            before = await cursor(exporter)
            await exporter.export([], views.view(events[-1].seq))
            assert await cursor(exporter) == before

    async def test_same_events_again_change_nothing(
        self, opener: Opener, events: tuple[Event, ...], written: Written
    ) -> None:
        """After a crash the same events may come again, wholly or in part; each counts once."""
        picture = views.view(events[-1].seq)
        async with opener.open() as exporter:
            await exporter.export(events, picture)
            at, once = await cursor(exporter), written.state()
            await exporter.export(events, picture)
            await exporter.export(events[len(events) // 2 :], picture)
            assert await cursor(exporter) == at, "the cursor moved without new events"
            assert written.state() == once, "the same events left something else the second time"

    async def test_restart_goes_on_after_the_cursor(
        self, opener: Opener, events: tuple[Event, ...], written: Written
    ) -> None:
        """Opened again, what comes after its cursor leaves the same as a run without a stop.

        Where the cursor is 0 after a restart, it is told everything once more.
        """
        picture = views.view(events[-1].seq)
        half = len(events) // 2
        async with opener.open() as exporter:
            await exporter.export(events[:half], picture)
            before = await cursor(exporter)
        async with opener.open() as exporter:
            at = await cursor(exporter)
            assert at <= before, f"cursor {at} after a restart, only {before} were exported"
            assert at in (0, before), f"cursor {at} after a restart, {before} before"
            await exporter.export([event for event in events if event.seq > at], picture)
            stopped = written.state()
            await exporter.export([], picture)
            assert await cursor(exporter) <= events[-1].seq
        async with opener.open() as exporter:
            at = await cursor(exporter)
            await exporter.export([event for event in events if event.seq > at], picture)
            assert written.state() == stopped, "after a restart the same events left something else"

    async def test_words_and_methods_agree(self, opener: Opener) -> None:
        """A method exists if, and only if, its word is in `capabilities`."""
        async with opener.open() as exporter:
            assert not exporter_faults(exporter), "; ".join(exporter_faults(exporter))

    async def test_what_it_remembers_goes_on_where_it_is_handed_back(
        self, opener: Opener, events: tuple[Event, ...], written: Written
    ) -> None:
        """Only with PROJECTIONS: loaded into another one it is equal, and so is what follows."""
        picture = views.view(events[-1].seq)
        half = len(events) // 2
        async with opener.open() as exporter:
            if exporter_with(exporter, ExporterCapability.PROJECTIONS) is None:
                pytest.skip("the exporter remembers nothing")
            await exporter.export(events[:half], picture)
            at, dumps = await cursor(exporter), _dumps(exporter)
        async with opener.open() as exporter:
            fresh = _dumps(exporter)
            for each in _projections(exporter):
                with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, it is told
                    each.load(b"no dump of anything")
            assert _dumps(exporter) == fresh, "a load that failed has changed something"
            for each in _projections(exporter):
                each.load(dumps[each.name][1])
            assert _dumps(exporter) == dumps, "what was loaded is not what was dumped"
            assert await cursor(exporter) == at, "loaded, it does not say how far it reaches"
            await exporter.export(events[half:], picture)
            loaded = _dumps(exporter)
        told = written.state()
        async with opener.open() as exporter:
            await exporter.export(events, picture)
            assert _dumps(exporter) == loaded, "told everything, it remembers something else"
        assert written.state() == told, "told everything, it leaves something else"

    async def test_what_is_shown_is_only_looked_at(
        self, opener: Opener, events: tuple[Event, ...]
    ) -> None:
        """Events and picture are the same afterwards; others are handed them, too."""
        picture = views.view(events[-1].seq)
        before = fingerprint((events, picture))
        async with opener.open() as exporter:
            await exporter.export(list(events), picture)
        assert fingerprint((events, picture)) == before, "the exporter changed what it was shown"

    async def test_calls_at_once_lose_nothing(
        self, opener: Opener, events: tuple[Event, ...]
    ) -> None:
        """A round that comes while another goes on is taken over as well."""
        picture = views.view(events[-1].seq)
        async with opener.open() as exporter:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(exporter.export, events, picture)
                tasks.start_soon(exporter.export, events, picture)
            together = await cursor(exporter)
            await exporter.export(events, picture)
            assert await cursor(exporter) == together

    async def test_calls_do_not_block_the_loop(
        self, opener: Opener, events: Sequence[Event]
    ) -> None:
        """While it writes, others have their turns: stops are watched on this loop."""
        async with opener.open() as exporter:
            await unblocked("cursor", exporter.cursor)
            await unblocked("export", lambda: exporter.export(events, views.view(events[-1].seq)))


class Written:
    """What an exporter has written, as something that can be compared."""

    def state(self) -> object:
        """Return all of it."""
        raise NotImplementedError


@attrs.frozen
class Files(Written):
    """All files below a directory with their contents, hidden ones left out."""

    directory: Path

    def state(self) -> object:
        """Return contents by path."""
        found = sorted(path for path in self.directory.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.directory)): path.read_bytes()
            for path in found
            if not path.name.startswith(".")
        }


def _projections(exporter: Exporter) -> Sequence[Projection]:
    able = exporter_with(exporter, ExporterCapability.PROJECTIONS)
    assert able is not None
    return able.projections()


def _dumps(exporter: Exporter) -> dict[str, tuple[int, bytes]]:
    return {each.name: (each.version, each.dump()) for each in _projections(exporter)}


async def cursor(exporter: Exporter) -> int:
    """Ask for the cursor and see that it is one."""
    found: object = await exporter.cursor()
    assert type(found) is int, f"cursor is {shown(found)} ({type(found).__name__}), not an int"
    assert found >= 0, f"cursor is {found}, below 0"
    return found
