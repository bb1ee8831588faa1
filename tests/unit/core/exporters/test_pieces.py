"""Main files and pieces together: the same collections as in one file each, at any moment."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio
import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_api.answer_cache import AnswerCache, Query
from nof0_api.routes import ACCOUNT_TOTALS, CANDLES, CONVERSATIONS, FIXED, TRADES
from nof0_core.config.model import TtlConfig
from nof0_core.documents import account_totals, candles, conversations, trades
from nof0_core.domain.event import MarketSeen
from nof0_core.exporters import json_files, piece_files
from nof0_core.exporters.files import replace_file
from nof0_core.exporters.json_files import JsonConfig, open_json
from nof0_core.sources import FileSource
from nof0_core.testing.environment import Lines, env

pytestmark = pytest.mark.anyio

HOURS = 40
LIMITS = {"conversations": 7, "candles": 23}
SIZES = (
    (account_totals, "PIECE_BYTES", 3_000),
    (account_totals, "GATHERED", 3),
    (candles, "PIECE_BARS", 5),
    (candles, "KEPT", 2),
    (conversations, "MAIN_ROWS", 3),
    (trades, "PIECE_TRADES", 3),
)
QUESTIONS = (
    *map(Query, FIXED),
    *(Query(TRADES, number=number) for number in (1, 6, 50)),
    *(Query(CONVERSATIONS, number=number) for number in (1, 6, 50)),
    *(Query(ACCOUNT_TOTALS, number=number) for number in (1, 20, 39)),
    Query(ACCOUNT_TOTALS, points=7),
    Query(CANDLES, symbol="BTC"),
)


@pytest.fixture
def small(monkeypatch):
    """Pieces so small that a short story makes many."""
    for module, name, size in SIZES:
        monkeypatch.setattr(module, name, size)


@pytest.fixture
def tale(story):
    """The story up to some hour, whose markets have bars, as events with their picture."""

    def tale(hours, *, is_over=False):
        told = story(hours)
        if not is_over:
            del told.events[-1]
        minute = 0
        for event in told.events:
            if isinstance(event.body, MarketSeen):
                minute += 1 + minute % 3
                bars = [
                    [60_000 * n, 1, 3, 0.5, 2, n] for n in range(max(1, minute - 9), minute + 1)
                ]
                columns = ["open_time", "open", "high", "low", "close", "volume"]
                event.body.snapshots["BTC"]["series"]["1m"] = {"columns": columns, "bars": bars}
        return told.events, attrs.evolve(told.view(), seq=told.events[-1].seq)

    return tale


class Killed(BaseException):
    """The process is gone."""


async def export(path, *rounds, **limits):
    async with (
        env() as surroundings,
        open_json(JsonConfig(path=path, **(limits or LIMITS)), surroundings) as exporter,
    ):
        for events, view in rounds:
            await exporter.export(events, view)


async def answers(path):
    """What the API says to every question, without the time."""
    cache = AnswerCache(FileSource(path, log=Lines()), TtlConfig())
    found = {}
    for question in QUESTIONS:
        body = (await cache.ready(question)).plain[1]["body"]
        found[question] = body.rpartition(b',"serverTime":')[0] or body
    return found


def content(path):
    """All but the note: which export it is depends on how many there were."""
    return {f.name: f.read_bytes() for f in path.iterdir() if f.name != "export.json"}


async def test_answers_are_byte_for_byte_those_of_a_directory_without_pieces(
    tmp_path, tale, monkeypatch
):
    plain, laid = tmp_path / "plain", tmp_path / "laid"
    for module, name, _ in SIZES:
        monkeypatch.setattr(module, name, 10**12)
    monkeypatch.setattr(conversations, "MAIN_BYTES", 10**12)
    await export(plain, tale(HOURS, is_over=True))
    assert len([*plain.iterdir()]) == 12
    for module, name, size in SIZES:
        monkeypatch.setattr(module, name, size)
    await export(laid, tale(HOURS, is_over=True))
    assert len([*laid.iterdir()]) > 40
    assert await answers(laid) == await answers(plain)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_the_directory_is_the_same_whatever_the_rounds_and_restarts_were(
    data, tmp_path_factory, tale, small
):
    """Hours that were exported, and before which of them the engine was started anew."""
    hours = data.draw(st.integers(2, 30), label="hours")
    rounds = sorted(data.draw(st.sets(st.integers(1, hours - 1), max_size=8), label="rounds"))
    starts = data.draw(st.sets(st.sampled_from(rounds)) if rounds else st.just(set()))
    once, often = tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("often")

    async def live():
        await export(once, tale(hours, is_over=True))
        async with AsyncExitStack() as life:
            exporter, seen = None, 0
            for hour in (*rounds, hours):
                if exporter is None or hour in starts:
                    await life.aclose()
                    surroundings = await life.enter_async_context(env())
                    config = JsonConfig(path=often, **LIMITS)
                    exporter = await life.enter_async_context(open_json(config, surroundings))
                    seen = 0
                events, view = tale(hour, is_over=hour == hours)
                await exporter.export(events[seen:], view)
                seen = len(events)

    anyio.run(live)
    assert content(often) == content(once)


async def test_a_reader_never_sees_anything_but_whole_exports(tmp_path, tale, small):
    """A writer and readers in loops: what is read is one of the exports, nothing is at fault."""
    routes = (TRADES, CONVERSATIONS, CANDLES, ACCOUNT_TOTALS)
    whole = {route: set() for route in routes}
    for hour in range(1, HOURS):
        await export(tmp_path / str(hour), tale(hour))
        source = FileSource(tmp_path / str(hour), log=Lines())
        for route in routes:
            whole[route].add((await route.load(source, "")).data)
    path, log = tmp_path / "raced", Lines()
    await export(path, tale(1))
    is_over = False
    seen = {route: set() for route in routes}

    async def read(route):
        source = FileSource(path, log=log)
        while not is_over:
            seen[route].add((await route.load(source, "")).data)
            # One that knows no piece has to find all of them.
            seen[route].add((await route.load(FileSource(path, log=log), "")).data)

    async with anyio.create_task_group() as tasks:
        for route in routes:
            tasks.start_soon(read, route)
        async with (
            env() as surroundings,
            open_json(JsonConfig(path=path, **LIMITS), surroundings) as exporter,
        ):
            told = 0
            for hour in range(1, HOURS):
                events, view = tale(hour)
                await exporter.export(events[told:], view)
                told = len(events)
                if hour % 3 == 0:
                    await exporter.export([], view)
        is_over = True
    for route in routes:
        assert seen[route] <= whole[route]
    assert log.lines == []


@pytest.mark.parametrize("share", [0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
async def test_a_process_killed_between_two_writes_leaves_whole_collections(
    tmp_path, tale, small, monkeypatch, share
):
    path, before, after = (tmp_path / name for name in ("killed", "before", "after"))
    written = []

    def note(*args, **more):
        if len(written) >= limit:
            raise Killed
        written.append(args)
        replace_file(*args, **more)

    limit = 10**9
    for module in (json_files, piece_files):
        monkeypatch.setattr(module, "replace_file", note)
    await export(before, tale(20))
    await export(path, tale(20))
    await export(after, tale(20))
    written.clear()
    await export(after, tale(HOURS, is_over=True))
    limit = int(share * len(written))
    written.clear()
    with pytest.raises(Killed):
        await export(path, tale(HOURS, is_over=True))
    old, new, found = [await answers(at) for at in (before, after, path)]
    for question in QUESTIONS:
        assert found[question] in (old[question], new[question])
    limit = 10**9
    await export(path, tale(HOURS, is_over=True))
    assert content(path) == content(after)


async def test_names_of_pieces_have_nothing_of_a_traders_id(tmp_path, tale, small):
    events, view = tale(20)
    odd = "-" * 3 + "x" * 90 + ".."
    traders = tuple(
        attrs.evolve(one, trader=odd) if one.trader == "alpha" else one for one in view.traders
    )
    with pytest.raises(Exception, match="cannot be part of a file name"):
        await export(tmp_path, (events, attrs.evolve(view, traders=traders)))
    assert len([*tmp_path.iterdir()]) > 20
    assert not [file.name for file in tmp_path.iterdir() if "xx" in file.name]
    # An export that cannot be finished is not begun to be shown.
    assert not (tmp_path / "trades.json").exists()
