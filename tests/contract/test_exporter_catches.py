"""An exporter that breaks one promise fails the case for it; a good one fails none."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import anyio
import attrs
import pytest
from contract.broken_exchanges import held_up

from nof0_core.domain.event import Alerted, HourMarked
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.protocols import ExporterCapability
from nof0_core.testing.contracts import ExporterContract, ServiceContract

pytestmark = pytest.mark.anyio

IDEMPOTENT = "test_same_events_again_change_nothing"
RESTART = "test_restart_goes_on_after_the_cursor"
CURSOR = "test_cursor_is_a_number_of_an_event"
REMEMBERS = "test_what_it_remembers_goes_on_where_it_is_handed_back"


@attrs.frozen(kw_only=True)
class NoConfig:
    """Nothing to set."""


class Lines:
    """Appends a line for each event and goes on after the last one; this one is good."""

    def __init__(self, path):
        self.path = path
        lines = path.read_text().split() if path.exists() else []
        self.seq = int(lines[-1]) if lines else 0

    async def cursor(self):
        return self.seq

    async def export(self, events, view):
        for event in events:
            if event.seq > self.seq:
                self.write(event)
                self.seq = event.seq

    def write(self, event):
        with self.path.open("a") as file:
            file.write(f"{event.seq}\n")


class SaysNone(Lines):
    async def cursor(self):
        return None


class SaysMore(Lines):
    async def cursor(self):
        return self.seq + 1 if self.seq else 0


class WritesTwice(Lines):
    async def export(self, events, view):
        for event in events:
            self.write(event)
            self.seq = max(self.seq, event.seq)


class StartsAnywhere(Lines):
    """Takes half of what it wrote for all there is."""

    def __init__(self, path):
        super().__init__(path)
        self.seq //= 2


class ForgetsItsCursor(Lines):
    """Gets everything again after a restart, and writes it again."""

    def __init__(self, path):
        super().__init__(path)
        self.seq = 0


class KnowsAlertsOnly(Lines):
    def write(self, event):
        if isinstance(event.body, HourMarked):
            message = "what is an hour?"
            raise TypeError(message)
        super().write(event)


class NeedsEvents(Lines):
    async def export(self, events, view):
        assert events[0]
        await super().export(events, view)


class TidiesEvents(Lines):
    async def export(self, events, view):
        await super().export(events, view)
        for event in events:
            if isinstance(event.body, Alerted):
                object.__setattr__(event.body, "message", "")


class RunsIntoItself(Lines):
    """Two rounds at once: the later one sets the cursor back."""

    busy = False

    async def export(self, events, view):
        if self.busy:
            message = "not now"
            raise RuntimeError(message)
        self.busy = True
        await anyio.lowlevel.checkpoint()
        await super().export(events, view)
        self.busy = False


class Numbers:
    """Remembers the numbers of all events, and writes how many there are; this one is good."""

    capabilities = frozenset({ExporterCapability.PROJECTIONS})
    name, version = "numbers", 1

    def __init__(self, path):
        self.path = path
        self.seqs = []

    def projections(self):
        return (self,)

    def apply(self, event):
        self.seqs.append(event.seq)

    def dump(self):
        return json.dumps(self.seqs).encode()

    def load(self, data):
        self.seqs = json.loads(data)

    async def cursor(self):
        return self.seqs[-1] if self.seqs else 0

    async def export(self, events, view):
        for event in events:
            if not self.seqs or event.seq > self.seqs[-1]:
                self.apply(event)
        self.path.write_text(str(len(self.seqs)))


class SaysWhatItHasNot(Lines):
    capabilities = frozenset({ExporterCapability.PROJECTIONS})


class LoadsHalf(Numbers):
    def load(self, data):
        self.seqs = json.loads(data)[1:]


class BreaksWhenItLoads(Numbers):
    def load(self, data):
        self.seqs = [1]
        super().load(data)


class Blocks(Lines):
    async def export(self, events, view):
        await super().export(events, view)
        held_up()


def kind_of(cls):
    @asynccontextmanager
    async def opened(_config, env):
        env.data_dir.mkdir(parents=True, exist_ok=True)
        yield cls(env.data_dir / "lines")

    return ServiceKind(type="lines", config=NoConfig, open=opened, summary="a line each")


EXPORTERS = [
    (WritesTwice, {IDEMPOTENT}),
    (ForgetsItsCursor, {RESTART}),
    (StartsAnywhere, {RESTART}),
    (KnowsAlertsOnly, None),
    (NeedsEvents, None),
    (TidiesEvents, {"test_what_is_shown_is_only_looked_at"}),
    (RunsIntoItself, {"test_calls_at_once_lose_nothing"}),
    (SaysNone, None),
    (SaysMore, None),
    (SaysWhatItHasNot, None),
    (LoadsHalf, {REMEMBERS}),
    (BreaksWhenItLoads, {REMEMBERS}),
]
CASE = {
    SaysWhatItHasNot: "test_words_and_methods_agree",
    KnowsAlertsOnly: "test_every_kind_of_event_is_taken",
    NeedsEvents: "test_no_events_are_fine",
    SaysNone: CURSOR,
    SaysMore: CURSOR,
}
"""What these get wrong shows in other cases as well."""


@pytest.mark.parametrize(
    ("broken", "expected"), [pytest.param(b, e, id=b.__name__) for b, e in EXPORTERS]
)
async def test_broken_exporter_fails_its_case(broken, expected, failing):
    found = await failing(ExporterContract, kind_of(broken), NoConfig())
    assert found == expected if expected else CASE[broken] in found


@pytest.mark.parametrize("good", [Lines, Numbers])
async def test_good_exporter_fails_nothing(failing, good):
    assert await failing(ExporterContract, kind_of(good), NoConfig()) == set()


async def test_blocked_loop_is_caught(failing, monkeypatch):
    monkeypatch.setattr("nof0_core.testing.heartbeat.TICK", 0.001)
    blocked = await failing(ExporterContract, kind_of(Blocks), NoConfig())
    assert blocked == {"test_calls_do_not_block_the_loop"}


async def test_event_that_is_refused_is_named(faults):
    case = "test_every_kind_of_event_is_taken"
    given = {"kind": kind_of(KnowsAlertsOnly), "config": NoConfig()}
    assert (await faults(ExporterContract, given, [case]))[case] == (
        "hour: TypeError: what is an hour?"
    )


def test_every_case_of_the_exporter_suite_has_a_broken_exporter(cases):
    own = cases(ExporterContract) - cases(ServiceContract)
    caught = {case for _, found in EXPORTERS for case in found or ()} | set(CASE.values())
    assert own == caught | {"test_calls_do_not_block_the_loop"}
