"""Requests to settle a difference: taken up after a sync, answered once, given up in the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.position import VenuePosition
from nof0_core.domain.vocabulary import ControlCommand
from nof0_core.errors import TransientError
from nof0_core.manager.requests import Requests
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
NOW = datetime(2025, 7, 1, tzinfo=UTC)


def ask(stage, coin="ETH", section="paper", by="carla"):
    return Requests(stage.root / "data").add(
        ControlCommand.SETTLE, None, coin, NOW, venue_account=section, by=by
    )


def waiting(stage):
    return Requests(stage.root / "data").read()


def answers(engine):
    engine.journal.flush()
    found = engine.journal.read(types=["control"])
    return [(e.body.outcome, e.body.venue_account, e.body.symbol, e.body.message) for e in found]


async def minute(engine):
    await engine.clock.sleep_until(engine.clock.now() + timedelta(minutes=1))


@pytest.fixture
def drifting(stage, monkeypatch):
    """Let the venue show a position in ETH that no statement explains."""

    def drift(size="1"):
        venue, plain = stage.venue, stage.venue.report

        async def report():
            found = await plain()
            extra = VenuePosition(
                symbol="ETH", quantity=D(size), entry_price=D(4000), leverage=5,
                margin_used=D(0), unrealized_pnl=D(0),
            )  # fmt: skip
            others = tuple(p for p in found.positions if p.symbol != "ETH")
            return attrs.evolve(found, positions=(*others, extra))

        monkeypatch.setattr(venue, "report", report)

    return drift


async def test_a_request_is_done_at_the_sync_and_answered_once(stage, lockstep, drifting):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        drifting()
        request = ask(stage)
        await engine.manager.catch_up()
        assert [a[:3] for a in answers(engine)] == [("done", "paper", "ETH")]
        assert waiting(stage) == []
        assert engine.recorder.state.quantities("paper", "ETH") == {"@unassigned": D(1)}
        [alert] = [a for a in stage.alerts(engine) if a.code == "settled"]
        mark = engine.views._portfolio.quotes["paper"]["ETH"].mark
        assert f"carla settled ETH: buy 1 ETH at {mark} booked to @unassigned" in alert.message
        # As if it had not been removed after the answer.
        path = Requests(stage.root / "data").directory / f"{request.id}.json"
        path.write_text('{"command":"settle","venue_account":"paper","symbol":"ETH"}')
        await engine.manager.catch_up()
        assert waiting(stage) == []
        assert len(answers(engine)) == 1
        assert stage.codes(engine).count("settled") == 1


async def test_an_engine_that_died_before_the_answer_books_nothing_again(
    stage, lockstep, drifting, monkeypatch
):
    class KilledError(Exception):
        pass

    def die(*_):
        raise KilledError

    async with lockstep() as engine:
        await engine.manager.catch_up()
        drifting()
        ask(stage)
        with monkeypatch.context() as patch:
            patch.setattr(engine.manager._venues._controls, "answer", die)
            await engine.manager.catch_up()
        engine.journal.flush()
        assert len(waiting(stage)) == 1
    async with lockstep() as engine:
        drifting()
        await engine.manager.catch_up()
        assert answers(engine) == [("done", "paper", "ETH", "it was booked already")]
        assert engine.recorder.state.quantities("paper", "ETH") == {"@unassigned": D(1)}
        assert waiting(stage) == []


@pytest.mark.parametrize(
    ("section", "coin", "said"),
    [
        ("elsewhere", "ETH", "there is no exchange section elsewhere"),
        ("paper", "PEPE", "paper knows no coin PEPE"),
        ("paper", "BTC", "ledger and venue do not differ on BTC"),
    ],
)
async def test_what_cannot_be_settled_is_refused(stage, lockstep, section, coin, said):
    async with lockstep() as engine:
        ask(stage, coin, section)
        await engine.manager.catch_up()
        assert answers(engine) == [("refused", section, coin, said)]
        assert waiting(stage) == []


async def test_a_coin_without_a_price_is_refused(stage, lockstep, drifting):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        drifting()
        stage.without_price.add("ETH")
        await minute(engine)
        ask(stage)
        await engine.manager.catch_up()
        [(outcome, *_, said)] = answers(engine)
        assert (outcome, said) == (
            "refused",
            "ETH has no mark now: there is no price to book it at",
        )


async def test_it_waits_while_the_venue_is_away_says_so_once_and_is_given_up(stage, lockstep):
    said = "paper cannot be read"
    async with lockstep() as engine:
        await engine.manager.catch_up()
        ask(stage)
        stage.faults["report"] = TransientError("gone fishing")
        await minute(engine)
        for _ in range(15):
            await engine.manager.catch_up()
            await minute(engine)
        assert answers(engine) == []
        [alert] = [a for a in stage.alerts(engine) if a.code == "settle_waiting"]
        assert said in alert.message
        assert "tried again at every sync for 15 minutes" in alert.message
        await engine.manager.catch_up()
        [(outcome, *_, message)] = answers(engine)
        assert outcome == "refused"
        assert message.startswith(f"given up after 15 minutes: {said}")
        assert waiting(stage) == []


async def test_a_request_that_waited_is_done_once_the_venue_is_back(stage, lockstep, drifting):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        drifting()
        ask(stage)
        stage.faults["report"] = TransientError("gone fishing")
        await engine.manager.catch_up()
        assert answers(engine) == []
        del stage.faults["report"]
        await engine.manager.catch_up()
        assert [a[0] for a in answers(engine)] == ["done"]


async def test_requests_that_wait_for_a_start_are_done_at_it(stage, lockstep, drifting):
    ask(stage)
    async with lockstep(START) as engine:
        drifting()
        await engine.manager.catch_up()
        assert [a[0] for a in answers(engine)] == ["done"]
