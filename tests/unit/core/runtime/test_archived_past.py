"""Where the beginning of the journal is archived, metrics go on with what is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import anyio
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from nof0_core.domain.event import Alerted
from nof0_core.domain.view import View
from nof0_core.exporters.event_counts import EventCounts
from nof0_core.exporters.textfile import PrometheusConfig, open_prometheus
from nof0_core.ids import TraderId
from nof0_core.journal import Journal
from nof0_core.journal.archiving import archive
from nof0_core.runtime.export_loop import Exports
from nof0_core.runtime.exporting import Output
from nof0_core.state.checkpoint import Part
from nof0_core.testing.environment import Lines, env

pytestmark = pytest.mark.anyio
START = datetime(2025, 7, 1, 12, tzinfo=UTC)
ANN, BOB = TraderId("ann"), TraderId("bob")
PART = "exporter prometheus: counts"
CODE = "plugin_counters_begin_anew"


def first_form(seq):
    """What the first version of the counters has dumped after a record."""
    return msgspec.json.encode(
        {"seq": seq, "cycles": [["ann", "ok", 7]], "tokens": {"ann": 900}, "cost": {"ann": "1.25"},
         "fills": {"ann": 3}, "alerts": {"drift": 2}}
    )  # fmt: skip


@pytest.fixture
def journal(tmp_path):
    """A day of four records, which is archived, and one of two."""
    root = tmp_path / "journal"
    with Journal.open(root) as opened:
        for day, codes in ((0, ("drift", "drift", "halted", "halted")), (1, ("drift", "no_quote"))):
            for number, code in enumerate(codes):
                stream = (ANN, BOB)[number % 2]
                opened.append(START + timedelta(days=day), stream, Alerted(code=code, message="m"))
        opened.sync()
        mark = opened.bookmark(is_real_time=True)
    archive(root, {}, before=date(2025, 7, 2), target=tmp_path / "shelf")
    with Journal.open(root, mark=mark) as opened:
        yield opened


class Told:
    """What came of an exporter's start: its metrics, its alerts, and how it is."""

    def __init__(self, tmp_path):
        self.path = tmp_path / "nof0.prom"
        self.log = Lines()
        self.states = ()
        self.parts = []

    async def export(self, journal, *parts):
        exports = Exports(
            journal=journal, log=self.log, last_within=5, parts={one.name: one for one in parts}
        )
        async with (
            env(section="prometheus", log=self.log) as around,
            open_prometheus(PrometheusConfig(path=self.path), around) as exporter,
        ):

            async def ready():
                return exporter

            exports.add(Output(name="prometheus", plugin="", open=ready))
            async with exports.running():
                await exports.finish(View(seq=journal.last_seq, time=START, traders=(), quotes={}))
            self.parts = exports.parts()
        self.states = exports.states
        return self

    @property
    def alerts(self):
        return [text for _, text, values in self.log.lines if values.get("code") == CODE]

    def counted(self, name):
        families = text_string_to_metric_families(self.path.read_text())
        return {
            next(iter(sample.labels.values()), ""): sample.value
            for family in families
            for sample in family.samples
            if sample.name == name
        }


@pytest.fixture
def told(tmp_path):
    return Told(tmp_path)


async def test_what_an_older_version_counted_is_kept_and_told(journal, told):
    await told.export(journal, Part(name=PART, version=1, data=first_form(4)))
    assert [(one.behind, one.trouble) for one in told.states] == [(0, "")]
    assert told.counted("nof0_alerts_total") == {"drift": 3, "no_quote": 1}
    assert told.counted("nof0_fills_total") == {"ann": 3}
    assert told.counted("nof0_model_cost_usd_total") == {"ann": 1.25}
    assert told.counted("nof0_journal_seq") == {"": 6}
    [text] = told.alerts
    assert "records up to 4 are archived" in text
    assert "are kept" in text


async def test_what_it_had_counted_beyond_the_archived_days_counts_once(journal, told):
    await told.export(journal, Part(name=PART, version=1, data=first_form(5)))
    assert told.counted("nof0_alerts_total") == {"drift": 2, "no_quote": 1}
    assert len(told.alerts) == 1


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((), id="none"),
        pytest.param((Part(name=PART, version=1, data=b"{}"),), id="unreadable"),
        pytest.param((Part(name=PART, version=2, data=b"{}"),), id="damaged"),
        pytest.param((Part(name=PART, version=99, data=first_form(4)),), id="of the future"),
    ],
)
async def test_where_nothing_is_known_counters_begin_behind_the_archived_days(journal, told, parts):
    await told.export(journal, *parts)
    assert [(one.behind, one.trouble) for one in told.states] == [(0, "")]
    assert told.counted("nof0_alerts_total") == {"drift": 1, "no_quote": 1}
    [text] = told.alerts
    assert "records up to 4 are archived" in text
    assert "counters begin anew" in text


async def test_it_is_told_once_for_the_next_checkpoint_has_the_new_form(journal, told, tmp_path):
    await told.export(journal, Part(name=PART, version=1, data=first_form(4)))
    [part] = told.parts
    assert part.version == EventCounts.version
    again = await Told(tmp_path).export(journal, part)
    assert again.alerts == []
    assert again.counted("nof0_alerts_total") == {"drift": 3, "no_quote": 1}


async def test_with_a_whole_journal_all_is_counted_anew_and_nothing_told(tmp_path, told):
    with Journal.open(tmp_path / "journal") as whole:
        for _ in range(3):
            whole.append(START, ANN, Alerted(code="drift", message="m"))
        whole.sync()
        await told.export(whole, Part(name=PART, version=1, data=first_form(2)))
    assert told.counted("nof0_alerts_total") == {"drift": 3}
    assert told.counted("nof0_fills_total") == {}
    assert told.alerts == []


async def test_one_that_cannot_do_without_its_past_says_which_days_it_lacks(journal):
    class Whole:
        async def cursor(self):
            return 0

        async def export(self, events, view):
            raise AssertionError

    async def ready():
        return Whole()

    exports = Exports(journal=journal, log=Lines(), last_within=5)
    exports.add(Output(name="whole", plugin="", open=ready))
    async with exports.running():
        await exports.finish(View(seq=6, time=START, traders=(), quotes={}))
    await anyio.lowlevel.checkpoint()
    [state] = exports.states
    assert "it lacks records 1 to " in state.trouble
