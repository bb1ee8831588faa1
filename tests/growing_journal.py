"""An engine's exports of a journal that grows, with the real `sql` exporter."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import SimpleNamespace

from nof0_core.clock import pause
from nof0_core.domain.view import View
from nof0_core.execution.limits import LIMITS
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.exporters.sql.exporter import open_sql
from nof0_core.journal import Journal
from nof0_core.runtime.export_loop import Exports
from nof0_core.runtime.exporting import Output
from nof0_core.testing.environment import START, Lines


class GrowingJournal:
    """Lives the events of a journal that was read, and exports them into a database."""

    def __init__(self, folder, source, told):
        self.log, self.source, self.told = Lines(), source, told
        self.journal = Journal.open(folder / "journal")
        self.exports = Exports(journal=self.journal, log=self.log, last_within=LIMITS.export)
        self.exports.add(Output(name="sql", plugin="", open=self.open))
        self.folder, self.stack = folder, AsyncExitStack()

    async def open(self):
        config = SqlConfig(data_source=self.source, engine="arena's")
        # All it asks of its surroundings is a log and a name.
        surroundings = SimpleNamespace(section="sql", log=self.log, lease=int)
        return await self.stack.enter_async_context(open_sql(config, surroundings))

    def live(self, first, last):
        for event in self.told.events[first:last]:
            known = self.journal.append(event.time, event.stream, event.body)
            self.exports.notice(known)
        view = View(seq=self.journal.last_seq, time=START, traders=(), quotes={})
        self.exports.offer(view)
        return view

    @property
    def state(self):
        return self.exports.states[0]

    async def until(self, is_so):
        while not is_so(self.state):
            await pause(0.01)
