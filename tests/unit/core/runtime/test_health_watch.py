"""How services say they are: guarded, cheap, and never an event."""

from __future__ import annotations

import asyncio  # noqa: TID251 - what a library that cancels itself raises
from types import SimpleNamespace

import anyio
import pytest
from bad_plugin.faults import EVERY, RAISED, Fault

from nof0_core.border.foreign import Origin
from nof0_core.clock import SimulatedClock
from nof0_core.domain.health import Health
from nof0_core.domain.measured import ExporterState
from nof0_core.redaction import Redactor
from nof0_core.runtime import health_watch
from nof0_core.runtime.health_watch import HealthWatch, Watched
from nof0_core.runtime.opening import Opening
from nof0_core.testing.environment import START, Lines


class Service:
    capabilities = frozenset({"health"})

    def __init__(self, say=lambda: (Health.OK, "")):
        self.say, self.asked = say, 0

    def health(self):
        self.asked += 1
        return self.say()


def watched(service):
    origin = Origin(part="market grove", plugin="x 1", redact=Redactor(["hunter22"]).text)
    return Watched.alone(service, origin, Lines())


class Watch(HealthWatch):
    """One market, one exporter."""

    def __init__(self, **opened):
        self.late_ones, self.states = [], []
        config = SimpleNamespace(
            markets={"grove": None},
            exchanges={},
            backends={},
            exporters=[SimpleNamespace(name="lines")],
        )
        self.clock = SimulatedClock(START)
        super().__init__(
            config=config,
            clock=self.clock,
            opened={("market" if k == "grove" else "exporter", k): w for k, w in opened.items()},
            late=lambda: self.late_ones,
            exporters=lambda: self.states,
        )

    def of(self, section):
        return next(each for each in self.all() if each.section == section)


def test_one_without_the_word_is_well_while_it_is_open():
    assert Watch(grove=watched(object())).of("grove").health is Health.OK


def test_what_it_says_is_shown_in_one_line_without_secrets():
    service = Service(lambda: (Health.DEGRADED, "no stream\nwith hunter22 " + "x" * 500))
    seen = Watch(grove=watched(service)).of("grove")
    assert seen.health is Health.DEGRADED
    assert seen.sentence.startswith("no stream with [redacted] xxx")
    assert len(seen.sentence) <= 201


@pytest.mark.parametrize("how", [h for h in EVERY if h not in {"mutated", "own"}])
def test_whatever_it_raises_or_returns_it_is_shown_and_harms_nobody(how):
    fault = Fault(f"health:{how}")

    def say():
        fault.raise_for("health", how)
        return fault.answer(how, (Health.OK, "well"))

    seen = Watch(grove=watched(Service(say))).of("grove")
    assert isinstance(seen.health, Health)
    assert seen.sentence.isprintable()
    if how in RAISED:
        assert seen.health is Health.DEGRADED
        assert seen.sentence.startswith("health() raised ")


def test_a_bug_is_told_once_with_the_plugin():
    log = Lines()
    service = Service(lambda: None)
    watch = Watch(grove=Watched.alone(service, Origin(part="market grove", plugin="x 1"), log))
    for _ in range(50):
        watch.all()
    assert [words for _, words, _ in log.lines] == [
        "market grove: health() answered None, not a Health and a sentence (x 1)"
    ]


def test_only_ctrl_c_passes():
    def say():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Watch(grove=watched(Service(say))).all()


def test_a_coroutine_is_a_bug():
    class Later(Service):
        async def health(self):
            return Health.OK, ""

    assert "write def health" in Watch(grove=watched(Later())).of("grove").sentence


def test_a_cancellation_of_its_own_is_a_bug():
    def say():
        raise asyncio.CancelledError

    async def run():
        return Watch(grove=watched(Service(say))).of("grove")

    assert anyio.run(run).health is Health.DEGRADED


def test_one_that_answers_slowly_is_asked_less_often(monkeypatch):
    time = [0.0]
    monkeypatch.setattr(health_watch, "stopwatch", lambda: time[0])

    def slow():
        time[0] += 0.5
        return Health.DEGRADED, "slow"

    service = Service(slow)
    watch = Watch(grove=watched(service))
    for _ in range(20):
        assert watch.of("grove").sentence == "slow"
        time[0] += 1
    # half a second of work in ten
    assert service.asked == 2


def test_since_is_when_it_became_so():
    said = [(Health.OK, ""), (Health.DOWN, "gone"), (Health.DOWN, "still gone")]
    watch = Watch(grove=watched(Service(lambda: said.pop(0))))
    moments = []
    for minute in range(3):
        moments.append(watch.of("grove").since)
        anyio.run(watch.clock.sleep_until, START.replace(minute=minute + 1))
    assert moments == [START, START.replace(minute=1), START.replace(minute=1)]


def test_a_section_that_does_not_open_is_down_with_the_reason():
    watch = Watch()
    opening = Opening(name="market grove", place="m.yaml:3", plugin="x", steps=[None], why="no key")
    watch.late_ones.append(opening)
    watch.states.append(ExporterState(exporter="lines", behind=3, failures=1, trouble="no disk"))
    market, exporter = watch.all()
    assert (market.health, market.sentence) == (Health.DOWN, "does not open: no key")
    assert (exporter.health, exporter.sentence) == (Health.DOWN, "no disk")


def test_one_that_waits_for_another_says_for_which():
    watch = Watch()
    needs = frozenset({"market other"})
    for name, required in (("market grove", needs), ("market other", frozenset())):
        watch.late_ones.append(
            Opening(name=name, place="", plugin="", steps=[None], needs=required)
        )
    assert watch.of("grove").sentence == "does not open: waits for market other"


def test_what_runs_beside_is_watched_too():
    watch = Watch()
    watch.watch_companion("serve", watched(Service(lambda: (Health.DOWN, "no port"))))
    assert watch.all()[-1].family == "companion"
    assert watch.all()[-1].health is Health.DOWN


class Counting:
    capabilities = frozenset({"figures"})

    def __init__(self, tell):
        self.tell = tell

    def figures(self):
        return self.tell()


def test_numbers_are_shown_beside_health_and_go_when_they_are_not_told():
    told = {"weight_left": 3, "lag_seconds": 0.5}
    watch = Watch(grove=watched(Counting(lambda: told)))
    seen = watch.of("grove")
    assert (seen.health, seen.figures) == (Health.OK, {"weight_left": 3.0, "lag_seconds": 0.5})
    told.clear()
    assert watch.of("grove").figures == {}


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (None, "not a mapping"),
        ([("a", 1)], "not a mapping"),
        ({"a": float("nan")}, "not a finite number"),
        ({"a": float("inf")}, "not a finite number"),
        ({"a": True}, "not a finite number"),
        ({"a": "1"}, "not a finite number"),
        ({"A b": 1}, "answered the name"),
        ({"a" * 41: 1}, "answered the name"),
        ({3: 1}, "answered the name"),
        ({"hunter22": 1}, "with a secret in it"),
        ({f"a{n}": 1 for n in range(31)}, "31 numbers, more than 30"),
    ],
)
def test_numbers_that_cannot_be_shown_are_a_defect(told, says):
    seen = Watch(grove=watched(Counting(lambda: told))).of("grove")
    assert (seen.health, seen.figures) == (Health.DEGRADED, {})
    assert says in seen.sentence
    assert "hunter22" not in seen.sentence


@pytest.mark.parametrize("how", [h for h in EVERY if h not in {"mutated", "own"}])
def test_whatever_figures_raise_or_return_harms_nobody(how):
    fault = Fault(f"health:{how}")

    def tell():
        fault.raise_for("health", how)
        return fault.answer(how, {"left": 1})

    seen = Watch(grove=watched(Counting(tell))).of("grove")
    assert seen.sentence.isprintable()
    if how in RAISED:
        assert seen.sentence.startswith("figures() raised ")
