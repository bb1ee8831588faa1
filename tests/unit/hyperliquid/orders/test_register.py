"""What was sent is known again after a restart, whatever became of the file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hyperliquid_orders import D, cloid

from nof0_core.clock import SimulatedClock
from nof0_core.domain.candles import to_ms
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.errors import ProviderError, TransientError
from nof0_core.ids import Symbol
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid.orders import register as module
from nof0_provider_hyperliquid.orders.register import FILE_NAME, open_register

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NOW_MS = to_ms(NOW)
BTC = Symbol("BTC")
FILLED = OrderOutcome(
    client_id=cloid(1),
    status=OrderStatus.FILLED,
    venue_order_id="7",
    filled_size=D("0.00100"),
    average_price=D("118000.5"),
)
pytestmark = pytest.mark.anyio


@pytest.fixture
async def env(tmp_path, anyio_backend):
    async with make_env(clock=SimulatedClock(NOW), data_dir=tmp_path / "section") as made:
        yield made


async def note(register, *numbers, nonce=NOW_MS, signer="0xa"):
    await register.note(
        [(cloid(n), BTC) for n in numbers], nonce=nonce, expires=nonce + 20_000, signer=signer
    )


def shown(sent):
    return None if sent is None else attrs.asdict(sent, recurse=False)


async def test_a_restart_knows_what_was_sent_and_answered(env):
    register = open_register(env)
    await note(register, 1, 2)
    register.answered(FILLED)
    register.closed(NOW_MS, NOW_MS + 3)
    await note(register, 3, nonce=NOW_MS + 1)
    await note(register, 4, nonce=NOW_MS + 2)
    register.unsent(NOW_MS + 2)
    before = [shown(register.get(cloid(n))) for n in (1, 2, 3, 4)]
    register.close()

    for _ in range(2):
        again = open_register(env)
        assert [shown(again.get(cloid(n))) for n in (1, 2, 3, 4)] == before
        again.close()
    one, two, three, four = before
    assert (one["outcome"], one["closed"]) == (FILLED, NOW_MS + 3)
    assert (two["outcome"], two["closed"], two["nonce"]) == (None, NOW_MS + 3, NOW_MS)
    assert (three["closed"], three["expires"]) == (None, NOW_MS + 20_001)
    assert four is None
    assert again.last_nonce("0xa") == NOW_MS + 1
    assert again.last_nonce("0xb") == 0


async def test_it_is_on_disk_before_it_counts(env, monkeypatch):
    register = open_register(env)
    synced = []
    monkeypatch.setattr(module.os, "fsync", synced.append)
    await note(register, 1)
    assert len(synced) == 1
    assert (env.data_dir / FILE_NAME).read_bytes().endswith(b"\n")
    register.close()


async def test_what_cannot_be_written_must_not_be_sent(env, monkeypatch):
    register = open_register(env)

    def refuse(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", refuse)
    with pytest.raises(TransientError, match="cannot be written"):
        await note(register, 1)
    assert register.get(cloid(1)) is None
    register.close()


@pytest.mark.parametrize("cut", [1, 5, 60])
async def test_a_torn_last_line_is_of_an_order_that_never_left(env, cut):
    register = open_register(env)
    await note(register, 1)
    await note(register, 2, nonce=NOW_MS + 1)
    register.close()
    path = env.data_dir / FILE_NAME
    path.write_bytes(path.read_bytes()[:-cut])

    again = open_register(env)
    assert again.get(cloid(1)) is not None
    assert again.get(cloid(2)) is None
    await note(again, 3, nonce=NOW_MS + 2)
    again.close()
    last = open_register(env)
    assert last.get(cloid(3)) is not None
    last.close()


@pytest.mark.parametrize(
    "damage",
    [b"\xff\xfe\n", b"[]\n", b"{}\n", b'{"born": "x"}\n', b'{"born": 1}\n{"orders": 3}\n', b"\n"],
)
async def test_a_damaged_file_is_kept_and_begun_anew(env, damage):
    env.data_dir.mkdir()
    path = env.data_dir / FILE_NAME
    path.write_bytes(damage)

    register = open_register(env)

    assert register.born == NOW_MS
    [aside] = env.data_dir.glob(f"{FILE_NAME}.damaged-*")
    assert aside.read_bytes() == damage
    assert "sent_orders_damaged" in str(env.log.lines)
    register.close()


async def test_it_knows_since_when_it_has_everything(env):
    register = open_register(env)
    register.close()
    await env.clock.sleep_until(NOW + timedelta(hours=1))
    again = open_register(env)
    assert again.born == NOW_MS
    again.close()


async def test_what_is_old_is_forgotten_at_a_start(env):
    register = open_register(env)
    await note(register, 1)
    await env.clock.sleep_until(NOW + timedelta(days=6))
    await note(register, 2, nonce=to_ms(env.clock.now()))
    register.close()
    await env.clock.sleep_until(NOW + timedelta(days=8))

    again = open_register(env)

    assert again.get(cloid(1)) is None
    assert again.get(cloid(2)) is not None
    lines = (env.data_dir / FILE_NAME).read_bytes().splitlines()
    assert [json.loads(line).get("orders") for line in lines] == [None, [[cloid(2), "BTC"]]]
    again.close()


async def test_an_order_that_is_proven_dead_is_known_as_such(env):
    register = open_register(env)
    dead = OrderOutcome(client_id=cloid(9), status=OrderStatus.REJECTED, reason="dead")
    register.bar(dead)
    assert register.get(cloid(9)).outcome == dead
    await note(register, 1)
    register.bar(attrs.evolve(dead, client_id=cloid(1)))
    register.answered(FILLED)
    assert register.get(cloid(1)).outcome.status is OrderStatus.REJECTED
    register.close()


async def test_a_place_that_is_no_directory_is_told(env):
    env.data_dir.parent.mkdir(exist_ok=True)
    env.data_dir.write_text("a file")
    with pytest.raises(ProviderError, match="cannot be used"):
        open_register(env)


async def test_a_disk_that_fills_in_the_middle_of_a_line_leaves_no_half_of_it(env, monkeypatch):
    register = open_register(env)
    await note(register, 1)
    real = module.os.write

    def full(file, line):
        if len(line) < 20:
            raise OSError(28, "No space left on device")
        return real(file, line[: len(line) - 10])

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "write", full)
        with pytest.raises(TransientError, match="the disk is full"):
            await note(register, 2, nonce=NOW_MS + 1)
    await note(register, 3, nonce=NOW_MS + 2)
    register.close()

    again = open_register(env)

    assert [again.get(cloid(n)) is not None for n in (1, 2, 3)] == [True, False, True]
    assert not list(env.data_dir.glob("*damaged*"))
    again.close()
