"""The account's file is written anew when it has grown, and whatever happens then one is whole."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import stat
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from nof0_core.errors import ProviderError
from nof0_provider_sim.exchange import draft, store

pytestmark = pytest.mark.anyio

NOON = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)
FLATS = [(100, 101, 99, 100)] * 80


@pytest.fixture(autouse=True)
def _short_tail(monkeypatch):
    monkeypatch.setattr(store, "TAIL", 10)
    monkeypatch.setattr(store, "AGAIN", 4)


async def _picture(exchange):
    return repr(
        (
            await exchange.report(),
            await exchange.fills(NOON),
            await exchange.funding(NOON),
        )
    )


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_the_file_is_a_snapshot_and_the_calls_since(open_desk, tmp_path):
    path = tmp_path / "paper" / "paper_account.jsonl"
    async with open_desk(*FLATS) as desk:
        for _ in range(5):
            assert _lines(path)[0]["snapshot"] is None
            await desk.buy("1")
        found = _lines(path)
        assert found[0]["snapshot"]["remembered"]["fill"] == {"forgotten": 0, "rows": 5}
        assert [row["was"] for row in found[1:-1]] == ["order"] * 5 + ["fill"] * 5
        assert list(found[-1]) == ["sha256"]
        stop = (await desk.exits("sell", "1", stop=("90", "80"), target=("120", "100")))[0]
        assert len(_lines(path)) == len(found) + 1
        before, clock = await _picture(desk.exchange), desk.clock
        told = await desk.order(stop)
    async with open_desk(*FLATS, clock=clock) as desk:
        assert await _picture(desk.exchange) == before
        assert await desk.order(stop) == told
    assert [found.name for found in path.parent.iterdir()] == ["paper_account.jsonl"]


async def test_a_file_that_has_grown_before_is_shortened_when_it_is_opened(
    open_desk, tmp_path, monkeypatch
):
    path = tmp_path / "paper" / "paper_account.jsonl"
    with monkeypatch.context() as patch:
        patch.setattr(store, "TAIL", 1000)
        async with open_desk(*FLATS) as desk:
            for _ in range(20):
                await desk.buy("0.1")
            before, clock = await _picture(desk.exchange), desk.clock
    assert _lines(path)[0]["snapshot"] is None
    async with open_desk(*FLATS, clock=clock) as desk:
        assert _lines(path)[0]["snapshot"] is not None
        assert await _picture(desk.exchange) == before


async def test_an_order_is_not_placed_again_after_its_snapshot(open_desk):
    async with open_desk(*FLATS) as desk:
        request = desk.request("buy", "1", "150")
        (first,) = await desk.exchange.place([request], expires_at=None)
        for _ in range(10):
            await desk.buy("0.1")
        clock, count = desk.clock, len(await desk.exchange.fills(NOON))
    async with open_desk(*FLATS, clock=clock) as desk:
        assert list(await desk.exchange.place([request], expires_at=None)) == [first]
        (late,) = await desk.exchange.cancel([request.client_id])
        assert late.status == "filled"
        assert len(await desk.exchange.fills(NOON)) == count


async def test_restarts_make_no_difference_to_the_bytes(open_desk, tmp_path):
    async def run(folder, *, restarts):
        clock = None
        for _ in range(12 if restarts else 1):
            async with open_desk(*FLATS, clock=clock, folder=tmp_path / folder) as desk:
                for _ in range(1 if restarts else 12):
                    side = "buy" if (desk.clock.now() - NOON).seconds % 120 else "sell"
                    desk.counter = iter([int((desk.clock.now() - NOON).total_seconds())])
                    await desk.send(side, "1.5", "150" if side == "buy" else "50")
                    await desk.bars()
                clock = desk.clock
        return (tmp_path / folder / "paper_account.jsonl").read_bytes()

    assert await run("torn", restarts=True) == await run("whole", restarts=False)


STEPS = ["open", "rights", "write", "sync", "rename", "directory"]


def _intercept(monkeypatch, step, act):
    """Let `act` come before one step of writing the file anew, instead of it if it raises."""

    def before(real):
        def called(*args, **kwargs):
            act()
            return real(*args, **kwargs)

        return called

    if step == "open":
        monkeypatch.setattr(draft, "open_regular", before(draft.open_regular))
    elif step == "write":
        real = io.BufferedWriter

        class Writer(real):
            def writelines(self, pieces):
                for number, piece in enumerate(pieces):
                    self.write(piece)
                    self.flush()
                    if number == 1:
                        act()

        monkeypatch.setattr(draft, "io", SimpleNamespace(**(vars(io) | {"BufferedWriter": Writer})))
    elif step in ("rights", "sync"):
        name = {"rights": "fchmod", "sync": "fsync"}[step]
        changed = vars(os) | {name: before(getattr(os, name))}
        monkeypatch.setattr(draft, "os", SimpleNamespace(**changed))
    elif step == "rename":
        monkeypatch.setattr(draft.Path, "replace", before(draft.Path.replace))
    else:
        monkeypatch.setattr(store, "_keep_name", before(store._keep_name))


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_any_step_the_account_is_whole(open_desk, tmp_path, monkeypatch, step):
    """What is on disk before each step is opened: no more is there after a kill."""
    seen = []

    def look():
        seen.append(tmp_path / f"copy-{len(seen)}")
        shutil.copytree(tmp_path / "paper", seen[-1])

    _intercept(monkeypatch, step, look)
    pictures = []
    async with open_desk(*FLATS) as desk:
        for _ in range(12):
            await desk.buy("0.1")
            if len(seen) > len(pictures):
                pictures.append(await _picture(desk.exchange))
        clock = desk.clock
    assert len(seen) == len(pictures) == 2
    monkeypatch.undo()
    for folder, picture in zip(seen, pictures, strict=True):
        async with open_desk(*FLATS, clock=clock, folder=folder) as desk:
            assert await _picture(desk.exchange) == picture
        assert [found.name for found in folder.iterdir()] == ["paper_account.jsonl"]


@pytest.mark.parametrize("step", STEPS)
async def test_a_full_disk_leaves_the_old_file_in_use_and_is_told_once(
    open_desk, tmp_path, monkeypatch, step
):
    path = tmp_path / "paper" / "paper_account.jsonl"
    tries, is_full = [], True

    def fail():
        tries.append(1)
        if is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    _intercept(monkeypatch, step, fail)
    async with open_desk(*FLATS) as desk:
        for _ in range(10):
            await desk.buy("0.1")
        told = [line for line in desk.log.lines if "paper account" in str(line)]
        if step == "directory":
            # The new file has taken its place by then; only a power failure could undo it.
            assert (len(told), len(tries)) == (2, 2)
            assert _lines(path)[0]["snapshot"] is not None
        else:
            # After 10, 14 and 18 records.
            assert (len(told), len(tries)) == (1, 3)
            assert "the disk is full: make room" in str(told)
            assert _lines(path)[0]["snapshot"] is None
        assert [found.name for found in path.parent.iterdir()] == ["paper_account.jsonl"]
        is_full = False
        for _ in range(5):
            await desk.buy("0.1")
        assert _lines(path)[0]["snapshot"] is not None
        before, clock = await _picture(desk.exchange), desk.clock
    async with open_desk(*FLATS, clock=clock) as desk:
        assert await _picture(desk.exchange) == before
        assert len(await desk.exchange.fills(NOON)) == 15


async def test_what_could_not_be_applied_never_gets_into_a_snapshot(open_desk, tmp_path):
    path = tmp_path / "paper" / "paper_account.jsonl"
    async with open_desk(*FLATS) as desk:
        await desk.buy("1")
        desk.exchange._state.account.raw_usd += 1
        with pytest.raises(ArithmeticError):
            await desk.buy("1")
        for _ in range(12):
            await desk.rest("buy", "1", "90")
        assert _lines(path)[0]["snapshot"] is None


async def test_a_link_and_the_rights_of_the_file_stay(open_desk, tmp_path):
    path, real = tmp_path / "paper" / "paper_account.jsonl", tmp_path / "elsewhere.jsonl"
    path.parent.mkdir()
    real.touch(0o600)
    path.symlink_to(real)
    async with open_desk(*FLATS) as desk:
        for _ in range(6):
            await desk.buy("1")
    assert path.is_symlink()
    assert _lines(real)[0]["snapshot"] is not None
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


async def test_a_file_of_the_version_before_is_refused_by_name(open_desk, tmp_path):
    path = tmp_path / "paper" / "paper_account.jsonl"
    path.parent.mkdir()
    content = '{"paper_account":2,"initial_balance_usd":"10000"}\n[]\n'
    path.write_text(content)
    with pytest.raises(ProviderError, match=r":1: written by another version .* \(2\)"):
        async with open_desk(*FLATS):
            pass
    assert path.read_text() == content
