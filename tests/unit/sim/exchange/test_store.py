"""The account survives restarts, kills and torn writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nof0_core.domain.order import OrderStatus
from nof0_core.domain.position import MarginMode
from nof0_core.errors import ProviderError

pytestmark = pytest.mark.anyio

NOON = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)
DROP = [(99, 99, 98, 99)] * 3 + [(99, 99, 94, 96)] + [(96, 97, 95, 96)] * 70


async def _picture(exchange):
    return (
        (await exchange.report()).account,
        list((await exchange.report()).positions),
        list((await exchange.report()).orders),
        await exchange.fills(NOON),
        await exchange.funding(NOON),
    )


async def _live_through(desk):
    await desk.buy("10")
    await desk.exits("sell", "4", stop=("95", "80"), target=("120", "100"))
    await desk.bars()


async def test_everything_is_there_after_a_restart(open_desk):
    async with open_desk(*DROP) as desk:
        await _live_through(desk)
        await desk.exchange.set_leverage("ETH", 7, MarginMode.CROSS)
        await desk.rest("buy", "1", "90")
        before = await _picture(desk.exchange)
        clock = desk.clock
    async with open_desk(*DROP, clock=clock) as desk:
        assert await _picture(desk.exchange) == before


async def test_restart_in_the_middle_makes_no_difference(open_desk, tmp_path):
    async def run(folder, restart_after):
        clock, used = None, 0
        for stretch in (restart_after, 74 - restart_after):
            async with open_desk(*DROP, clock=clock, folder=tmp_path / folder) as desk:
                if clock is None:
                    await _live_through(desk)
                clock, used = desk.clock, used + stretch
                await clock.sleep_until(NOON + timedelta(minutes=used))
                picture = await _picture(desk.exchange)
        return picture, (tmp_path / folder / "paper_account.jsonl").read_bytes()

    whole = await run("whole", 0)
    assert len(whole[0][3]) == 2
    assert len(whole[0][4]) == 1
    for minutes in (1, 3, 4, 5, 59, 60, 61):
        assert (await run(f"at-{minutes}", minutes))[0] == whole[0]


async def test_same_inputs_give_the_same_bytes(open_desk, tmp_path):
    for name in ("a", "b"):
        async with open_desk(*DROP, folder=tmp_path / name) as desk:
            await _live_through(desk)
            await desk.bars(70)
    a, b = ((tmp_path / name / "paper_account.jsonl").read_bytes() for name in ("a", "b"))
    assert a == b


async def test_torn_last_line_is_as_if_the_call_had_never_come(open_desk, tmp_path):
    async with open_desk(*DROP) as desk:
        await desk.buy("10")
        before = await _picture(desk.exchange)
        size = (tmp_path / "paper" / "paper_account.jsonl").stat().st_size
        second = await desk.buy("5")
    path = tmp_path / "paper" / "paper_account.jsonl"
    content = path.read_bytes()
    for cut in (size + 1, (size + len(content)) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        async with open_desk(*DROP) as desk:
            assert await _picture(desk.exchange) == before
            assert await desk.exchange.order(second.client_id) is None
        assert path.stat().st_size == size


async def test_passing_time_writes_nothing_while_nothing_happens(open_desk, tmp_path):
    async with open_desk(*DROP) as desk:
        size = (tmp_path / "paper" / "paper_account.jsonl").stat().st_size
        await desk.bars(70)
        assert (tmp_path / "paper" / "paper_account.jsonl").stat().st_size == size


BROKEN = [
    pytest.param(lambda lines: [lines[0], "{nonsense", *lines[1:]], r":2: .*not a line", id="json"),
    pytest.param(
        lambda lines: [lines[0], '[{"is":"gift"}]'], r":2: .*not a line", id="unknown-record"
    ),
    pytest.param(lambda lines: lines[1:], r":1: .*not a line", id="no-header"),
    pytest.param(
        lambda lines: [lines[0].replace(":3,", ":2,"), *lines[1:]],
        r":1: written by another version",
        id="version",
    ),
    pytest.param(
        lambda lines: [*lines, lines[1].replace('"venue_order_id":1', '"venue_order_id":"x"')],
        r":3: .*not a line",
        id="bad-value",
    ),
]


@pytest.mark.parametrize(("damage", "message"), BROKEN)
async def test_damaged_file_is_refused_with_its_line(open_desk, tmp_path, damage, message):
    async with open_desk() as desk:
        await desk.buy("1")
    path = tmp_path / "paper" / "paper_account.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(damage(lines)) + "\n")
    with pytest.raises(ProviderError, match=message) as raised:
        async with open_desk():
            pass
    assert raised.value.hints


async def test_changed_initial_balance_is_refused_not_ignored(open_desk):
    async with open_desk():
        pass
    with pytest.raises(ProviderError, match="opened with 10000 USD, but initial_balance_usd is 5"):
        async with open_desk(initial_balance_usd=Decimal(5)):
            pass


async def test_what_cannot_be_written_stops_the_account(open_desk, tmp_path):
    async with open_desk() as desk:
        full = Path("/dev/full").open("ab", buffering=0)  # noqa: ASYNC230, SIM115
        desk.exchange._room.store._file.close()
        desk.exchange._room.store._file = full
        with pytest.raises(ProviderError, match="cannot be written: No space left"):
            await desk.buy("1")
        with pytest.raises(ProviderError, match="an earlier change could not be written"):
            await desk.buy("1")
    async with open_desk() as desk:
        assert list((await desk.exchange.report()).positions) == []


VICTIM = """
import sys
from decimal import Decimal
from datetime import UTC, datetime
from pathlib import Path
import anyio
from nof0_core.clock import SimulatedClock
from nof0_core.domain.order import OrderRequest, Side
from nof0_core.testing.environment import env
from nof0_provider_sim import plugin
from nof0_provider_sim.config import SimExchangeConfig
from nof0_provider_sim.exchange import store

store.TAIL = int(sys.argv[2])

async def main():
    clock = SimulatedClock(datetime(2025, 7, 16, 12, 0, tzinfo=UTC))
    kind = plugin.nof0_exchange_providers()[0]
    async with env(clock=clock, data_dir=Path(sys.argv[1])) as made:
        async with kind.open(SimExchangeConfig(), made) as exchange:
            for number in range(100_000):
                side = Side.SELL if number % 2 else Side.BUY
                order = OrderRequest(
                    client_id=f"0x{number:032x}", symbol="ETH", side=side, size=Decimal("0.1"),
                    limit_price=Decimal(2500 + 100 * side.sign),
                )
                (outcome,) = await exchange.place([order], expires_at=None)
                print(outcome.client_id, outcome.status, flush=True)

anyio.run(main)
"""


@pytest.mark.parametrize("tail", [100_000, 2])
async def test_every_answered_order_survives_kill_9(tmp_path, open_desk, tail):
    """Also where the file is written anew after every call."""
    folder = tmp_path / "killed"
    command = [sys.executable, "-c", VICTIM, str(folder), str(tail)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        answered = [process.stdout.readline().split() for _ in range(200)]
        os.kill(process.pid, signal.SIGKILL)
        answered += [line.split() for line in process.stdout if line.endswith("\n")]
    async with open_desk(folder=folder) as desk:
        for client_id, status in answered:
            order = await desk.exchange.order(client_id)
            assert order.status is OrderStatus(status)
        fills = await desk.exchange.fills(NOON)
        assert len(answered) <= len(fills) <= len(answered) + 1
        assert [int(fill.trade_id) for fill in fills] == list(range(1, len(fills) + 1))
    header = json.loads((folder / "paper_account.jsonl").read_text().splitlines()[0])
    assert (header["paper_account"], header["initial_balance_usd"]) == (3, "10000")
    assert (header["snapshot"] is None) == (tail == 100_000)


async def test_account_of_an_older_version_still_opens(open_desk, tmp_path):
    """A file written before triggers told whether they are market orders."""
    async with open_desk(*DROP) as desk:
        await _live_through(desk)
        before, clock = await _picture(desk.exchange), desk.clock
    path = tmp_path / "paper" / "paper_account.jsonl"
    newer = path.read_text()
    older = newer.replace(',"trigger_is_market":true', "")
    assert older != newer
    path.write_text(older)
    async with open_desk(*DROP, clock=clock) as desk:
        assert await _picture(desk.exchange) == before
