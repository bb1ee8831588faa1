"""A trial finds an engine that does not keep its promises, and has all tests of the engine."""

from __future__ import annotations

from world.bodies import SPOILING, SUITE, bodies
from world.faults import Kind, Verb
from world.killed import end_at
from world.loop import nap
from world.trial import Trial
from world.under_faults import play

from nof0_core.execution import order_factory
from nof0_core.execution.fills import FillReader
from nof0_core.execution.gateway import Gateway
from nof0_core.execution.nets import Nets
from nof0_core.execution.protection import Protection


def body(name):
    [found] = [b for b in bodies() if b.name == name]
    return found


ENTRY = "engine:an_entry_gets_stop_and_target_for_what_was_filled"


def found(root, name=ENTRY, verb=Verb.CANCEL, kind=Kind.SLOW):
    return {text.partition(":")[0] for text in play(body(name), verb, kind, root).wrong}


def test_each_module_of_the_suite_is_there_without_its_assertions():
    modules = {b.name.partition(":")[0] for b in bodies()}
    with_engine = {
        path.stem.removeprefix("test_")
        for path in SUITE.glob("test_*.py")
        if "async def test_" in path.read_text()
    }
    assert with_engine > SPOILING
    assert modules == with_engine - SPOILING | {"streams"}
    assert len({b.name for b in bodies()}) == len(bodies()) > 80


def test_a_sound_engine_passes(tmp_path):
    assert found(tmp_path) == set()


def test_a_position_that_is_left_without_its_stop_is_found(tmp_path, monkeypatch):
    async def idle(self, position):
        return True

    monkeypatch.setattr(Protection, "keep", idle)
    assert "protected" in found(tmp_path)


def test_an_execution_that_is_not_booked_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(FillReader, "_book_fill", lambda self, fill: None)
    assert "agrees" in found(tmp_path)


def test_an_order_that_is_sent_again_is_found(tmp_path, monkeypatch):
    place = Gateway.place

    async def twice(self, orders, **how):
        await place(self, orders, **how)
        return await place(self, orders, **how)

    monkeypatch.setattr(Gateway, "place", twice)
    assert "resent" in found(tmp_path)


def test_what_a_call_raises_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(Protection, "pressing", lambda self: 1 / 0)
    assert "raised" in found(tmp_path)


def test_a_close_that_lets_the_net_grow_is_found(tmp_path, monkeypatch):
    made = order_factory.close_order

    def turned(*, size, **how):
        return made(size=size * 3, **{**how, "is_reduce_only": False})

    monkeypatch.setattr(order_factory, "close_order", turned)
    monkeypatch.setattr(Nets, "doubt", lambda self, symbol: "")
    monkeypatch.setattr(Trial, "calm_down", lambda self: nap(30))
    assert "growth" in found(tmp_path, "engine:a_close_cancels_both_exits")


def test_an_engine_that_does_not_read_its_journal_is_found_at_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(Trial, "crash", Trial.part)
    journal = Trial.open_journal

    def empty(self):
        if self.line is not None:
            self.root = tmp_path / "empty"
        return journal(self)

    monkeypatch.setattr(Trial, "open_journal", empty)
    end = end_at("exit sent", Verb.CANCEL, Kind.SLOW, tmp_path, is_orderly=False)
    assert end.was_reached
    assert {text.partition(":")[0] for text in end.wrong} >= {"agrees", "intent"}
