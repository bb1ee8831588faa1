"""One account at the rehearsal venue, traded as the engine would."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace

import anyio
import attrs
import pytest
from hyperliquid_account import (
    AGENT,
    MAIN,
    exchange_config,
    exchange_kind,
    surroundings,
    venue_of,
)
from hyperliquid_desk import KEY, OTHER_KEY, D
from hyperliquid_orders import cloid, entry, stop

from nof0_core.domain.candles import to_ms
from nof0_core.domain.health import Health
from nof0_core.domain.order import OrderStatus, Side, TimeInForce, Trigger, TriggerKind
from nof0_core.domain.position import MarginMode
from nof0_core.errors import OutcomeUnknownError, RejectedError, TransientError
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.orders.proof import NEVER_LANDED
from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.nonces import Nonces
from nof0_provider_hyperliquid.rehearsal.accounts.user_infos import INFOS
from nof0_provider_hyperliquid.rehearsal.faults import Harm
from nof0_provider_hyperliquid.signing.wallet import Wallet

BTC = Symbol("BTC")
pytestmark = pytest.mark.anyio


@pytest.fixture
def venue(clock, rules):
    with venue_of(clock, rules=rules) as venue:
        yield venue
        assert not venue.audit.duplicates


@pytest.fixture
async def env(venue, clock, anyio_backend):
    async with surroundings(venue, clock) as made:
        yield made


@asynccontextmanager
async def opened(venue, env, **changes):
    async with exchange_kind().open(exchange_config(venue, **changes), env) as exchange:
        yield exchange


@pytest.fixture
async def exchange(venue, env):
    async with opened(venue, env) as exchange:
        yield exchange


async def place(exchange, *orders, **options):
    return await exchange.place(orders, **{"expires_at": None, **options})


def account(venue, user=MAIN):
    return venue.exchange.state.accounts[user.lower()]


def posted(venue, kind):
    return [request for request in venue.audit.requests if request.type == kind]


async def test_an_entry_and_its_stop_are_two_actions(exchange, venue):
    [bought] = await place(exchange, entry(1))
    [stopped] = await place(exchange, stop(2, size=bought.filled_size))
    assert bought.status is OrderStatus.FILLED
    assert stopped.status is OrderStatus.RESTING
    [waiting] = (await exchange.report()).orders
    assert (waiting.client_id, waiting.size) == (cloid(2), bought.filled_size)
    assert waiting.is_reduce_only
    assert len(posted(venue, "order")) == 2
    assert not posted(venue, "scheduleCancel")


async def test_what_the_venue_would_refuse_or_misread_never_leaves(exchange, venue):
    outcomes = await place(
        exchange, stop(1, size=D(0)), entry(2, size=D("0.0000001")), entry(3, symbol=Symbol("NO"))
    )
    assert {o.status for o in outcomes} == {OrderStatus.REJECTED}
    assert "size is 0" in outcomes[0].reason
    assert not posted(venue, "order")


async def test_one_refused_order_is_no_other_orders_business(exchange):
    tiny = entry(2, size=D("0.00001"))
    first, second, third = await place(exchange, entry(1), tiny, entry(3))
    assert [first.status, third.status] == [OrderStatus.FILLED] * 2
    assert second.status is OrderStatus.REJECTED
    assert second.reason.startswith(refusals.MINIMUM.text)


async def test_the_same_order_twice_in_one_call_is_one_order(exchange, venue):
    first, second = await place(exchange, entry(1), entry(1))
    assert first == second
    assert account(venue).held("BTC") == D("0.001")


async def test_no_order_may_land_later_than_20_seconds_after_it_was_sent(exchange, clock):
    now = clock.now()
    await place(exchange, entry(1), expires_at=now + timedelta(minutes=5))
    await place(exchange, entry(2), expires_at=now + timedelta(seconds=3))
    register = exchange._register
    assert register.get(cloid(1)).expires == to_ms(now) + 20_000
    assert register.get(cloid(2)).expires == to_ms(now) + 3_000


async def test_entries_end_before_the_actions_of_an_address_do(venue, env, exchange, rules):
    object.__setattr__(rules, "initial_requests", 100)
    await place(exchange, entry(1))
    await exchange.report()
    [refused] = await place(exchange, entry(2))
    assert refused.status is OrderStatus.REJECTED
    assert "kept for exits" in refused.reason
    [stopped] = await place(exchange, stop(3))
    assert stopped.status is OrderStatus.RESTING


async def test_a_stop_limit_rests_once_it_fires(exchange):
    await place(exchange, entry(1))
    trigger = Trigger(kind=TriggerKind.STOP, price=D(100_000), is_market=False)
    [resting] = await place(exchange, stop(2, tif=TimeInForce.GTC, trigger=trigger))
    assert resting.status is OrderStatus.RESTING


async def test_a_close_leaves_after_a_start_whatever_the_venue_answers(venue, env):
    """What actions call a coin is known from before; it is never given to another coin."""
    async with opened(venue, env) as exchange:
        await place(exchange, entry(1))
    asked = len(posted(venue, "meta"))
    venue.faults.add(Harm.RATE_LIMITED, *INFOS, "meta", "exchangeStatus")
    close = entry(2, side=Side.SELL, limit_price=D(110_000), is_reduce_only=True)
    async with opened(venue, env) as exchange:
        [closed] = await place(exchange, close)
        assert closed.status is OrderStatus.FILLED
    assert len(posted(venue, "meta")) == asked


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b"\xff", b'{"network": 1}'])
async def test_rules_that_were_kept_and_cannot_be_read_are_asked_for(venue, env, damage):
    env.data_dir.mkdir(parents=True)
    (env.data_dir / "rules.json").write_bytes(damage)
    async with opened(venue, env) as exchange:
        [bought] = await place(exchange, entry(1))
        assert bought.status is OrderStatus.FILLED


async def test_rules_of_another_dex_are_not_taken_for_these(venue, env):
    async with opened(venue, env, dex="xyz") as exchange:
        await exchange.set_leverage(Symbol("TSLA"), 2, MarginMode.ISOLATED)
    async with opened(venue, env) as exchange:
        tesla, bitcoin = await place(exchange, entry(1, symbol=Symbol("TSLA")), entry(2))
        assert tesla.status is OrderStatus.REJECTED
        assert bitcoin.status is OrderStatus.FILLED


# --- cancelling -----------------------------------------------------------------------------------


async def test_cancelling_is_answered_one_by_one(exchange):
    await place(exchange, entry(1), entry(2))
    await place(exchange, stop(3), stop(4))
    ids = [cloid(n) for n in (3, 1, 9, 3)]
    outcomes = await exchange.cancel(ids)
    assert [o.client_id for o in outcomes] == ids
    gone, filled, strange, same = outcomes
    assert gone.status is same.status is OrderStatus.CANCELED
    assert filled.status is OrderStatus.FILLED
    assert strange.status is OrderStatus.REJECTED
    [again] = await exchange.cancel([cloid(3)])
    assert again.status is OrderStatus.CANCELED
    assert [o.client_id for o in (await exchange.report()).orders] == [cloid(4)]


async def test_an_order_that_another_run_placed_is_cancelled(venue, env):
    async with opened(venue, env) as exchange:
        await place(exchange, entry(1))
        await place(exchange, stop(2))
    (env.data_dir / "sent_orders.jsonl").unlink()
    async with opened(venue, env) as exchange:
        [gone] = await exchange.cancel([cloid(2)])
        assert gone.status is OrderStatus.CANCELED


@pytest.mark.parametrize("harm", [Harm.LOST_BEFORE, Harm.LOST_AFTER])
async def test_a_cancel_without_an_answer_is_not_known_to_have_been_done(exchange, venue, harm):
    await place(exchange, entry(1))
    await place(exchange, stop(2))
    venue.faults.add(harm, "cancelByCloid", times=1)
    with pytest.raises(OutcomeUnknownError) as told:
        await exchange.cancel([cloid(2)])
    assert told.value.client_ids == (cloid(2),)
    [gone] = await exchange.cancel([cloid(2)])
    assert gone.status is OrderStatus.CANCELED


async def test_what_is_over_is_not_cancelled_again_and_again(exchange, venue):
    """Each try costs an action of the address; what became of the order is only asked for."""
    await place(exchange, entry(1))
    await place(exchange, stop(2), stop(3))
    venue.faults.add(Harm.LOST_AFTER, "cancelByCloid", times=1)
    with pytest.raises(OutcomeUnknownError):
        await exchange.cancel([cloid(2), cloid(3)])
    venue.faults.add(Harm.BAD_GATEWAY_BEFORE, "orderStatus")
    for _ in range(3):
        refused = await exchange.cancel([cloid(2), cloid(3)])
        assert {o.status for o in refused} == {OrderStatus.REJECTED}
    assert len(posted(venue, "cancelByCloid")) == 2
    venue.faults.clear()
    gone = await exchange.cancel([cloid(2), cloid(3)])
    assert {o.status for o in gone} == {OrderStatus.CANCELED}
    assert not posted(venue, "userFillsByTime")


# --- a lease --------------------------------------------------------------------------------------


@pytest.fixture
def signed(monkeypatch):
    """Kind and expiry of each action that was sent; `then` is called between that and the venue."""
    sign, seen = Wallet.sign, SimpleNamespace(actions=[], then=lambda: None)

    def noted(self, action, **options):
        body = sign(self, action, **options)
        seen.actions.append((action["type"], body["expiresAfter"]))
        seen.then()
        return body

    monkeypatch.setattr(Wallet, "sign", noted)
    return seen


async def test_cancels_and_leverage_expire_with_the_lease(venue, env, clock, signed):
    until = clock.now() + timedelta(seconds=8)
    leased = attrs.evolve(env, lease_until=lambda: until)
    async with opened(venue, leased) as exchange:
        await exchange.set_leverage(BTC, 3, MarginMode.ISOLATED)
        await place(exchange, entry(1))
        await place(exchange, stop(2), stop(3))
        await exchange.cancel([cloid(2)])
        first, *_, last = signed.actions
        assert [first, last] == [
            ("updateLeverage", to_ms(until)),
            ("cancelByCloid", to_ms(until)),
        ]
        # It is over: nothing of a process that was stopped and is woken leaves any more.
        until = clock.now()
        with pytest.raises(TransientError, match="its time was over"):
            await exchange.cancel([cloid(3)])
        with pytest.raises(TransientError, match="its time was over"):
            await exchange.set_leverage(BTC, 4, MarginMode.ISOLATED)
        assert signed.actions[-1] is last
        assert [each.client_id for each in (await exchange.report()).orders] == [cloid(3)]


async def test_a_cancel_that_arrives_behind_the_end_of_the_lease_is_refused(
    venue, env, clock, signed
):
    leased = attrs.evolve(env, lease_until=lambda: clock.now() + timedelta(seconds=8))
    async with opened(venue, leased) as exchange:
        await place(exchange, entry(1))
        await place(exchange, stop(2))

        def stand_still():
            clock.time += timedelta(seconds=9)

        signed.then = stand_still
        with pytest.raises(RejectedError, match=refusals.EXPIRED):
            await exchange.cancel([cloid(2)])
        assert [each.client_id for each in (await exchange.report()).orders] == [cloid(2)]


async def test_without_a_lease_a_cancel_has_no_expiry(exchange, signed):
    await place(exchange, entry(1))
    await place(exchange, stop(2))
    await exchange.cancel([cloid(2)])
    assert signed.actions[-1] == ("cancelByCloid", None)


# --- leverage -------------------------------------------------------------------------------------


async def test_leverage_and_margin_mode_are_set(exchange):
    await exchange.set_leverage(BTC, 5, MarginMode.ISOLATED)
    await place(exchange, entry(1))
    [position] = (await exchange.report()).positions
    assert (position.leverage, position.margin_mode) == (5, MarginMode.ISOLATED)


@pytest.mark.parametrize(
    ("symbol", "leverage", "mode", "says"),
    [
        ("BTC", 41, MarginMode.CROSS, "1 to 40"),
        ("BTC", 0, MarginMode.CROSS, "1 to 40"),
        ("NO", 1, MarginMode.CROSS, "no perpetual"),
        ("MATIC", 1, MarginMode.CROSS, "delisted"),
        ("GRASS", 2, MarginMode.CROSS, refusals.NO_CROSS),
    ],
)
async def test_leverage_that_may_not_be_is_refused(exchange, symbol, leverage, mode, says):
    with pytest.raises(RejectedError, match=says):
        await exchange.set_leverage(Symbol(symbol), leverage, mode)


# --- proof ----------------------------------------------------------------------------------------


async def lose(exchange, venue, harm, order, **plan):
    venue.faults.add(harm, "order", times=1, **plan)
    with pytest.raises(OutcomeUnknownError):
        await place(exchange, order)


async def test_a_noop_closes_the_nonce_of_an_order_that_never_came(exchange, venue, clock):
    await lose(exchange, venue, Harm.DELAYED, entry(1), delay_ms=5_000)
    began = clock.now()
    assert await exchange.prove(cloid(1)) is None
    assert clock.now() - began < timedelta(seconds=1)
    assert len(posted(venue, "noop")) == 1
    clock.time += timedelta(seconds=6)
    await exchange.report()
    assert account(venue).held("BTC") == 0
    [dead] = await place(exchange, entry(1))
    assert (dead.status, dead.reason) == (OrderStatus.REJECTED, NEVER_LANDED)


async def test_a_used_nonce_says_nothing_before_the_state_is_younger(exchange, venue, rules, clock):
    """`/info` may lie behind `/exchange`: a landed order would be called dead (§11.2)."""
    object.__setattr__(rules, "info_lag_ms", 3_000)
    await lose(exchange, venue, Harm.LOST_AFTER, entry(1))
    assert await exchange.order(cloid(1)) is None
    found = await exchange.prove(cloid(1))
    assert found is not None
    assert found.status is OrderStatus.FILLED


async def test_a_noop_that_is_lost_itself_closes_the_nonce_all_the_same(exchange, venue):
    await lose(exchange, venue, Harm.LOST_BEFORE, entry(1))
    venue.faults.add(Harm.LOST_AFTER, "noop", times=1)
    assert await exchange.prove(cloid(1)) is None
    assert len(posted(venue, "noop")) == 2


async def test_orders_of_one_action_share_the_proof(exchange, venue):
    venue.faults.add(Harm.LOST_BEFORE, "order", times=1)
    with pytest.raises(OutcomeUnknownError) as told:
        await place(exchange, entry(1), entry(2))
    assert told.value.client_ids == (cloid(1), cloid(2))
    assert await exchange.prove(cloid(1)) is None
    assert await exchange.prove(cloid(2)) is None
    assert len(posted(venue, "noop")) == 1


async def test_a_key_that_was_replaced_cannot_close_so_the_expiry_decides(venue, env, clock):
    async with opened(venue, env) as exchange:
        await lose(exchange, venue, Harm.DELAYED, entry(1), delay_ms=10_000)
    sent = clock.now()
    async with opened(venue, env, private_key=KEY) as exchange:
        found = await exchange.prove(cloid(1))
        assert found is not None, "it landed meanwhile"
        assert clock.now() - sent > timedelta(seconds=20)
        assert not posted(venue, "noop")


async def test_without_a_register_the_longest_life_of_an_order_decides(venue, env, clock):
    async with opened(venue, env) as exchange:
        await lose(exchange, venue, Harm.DELAYED, entry(1), delay_ms=15_000)
    (env.data_dir / "sent_orders.jsonl").unlink()
    async with opened(venue, env) as exchange:
        assert await exchange.prove(cloid(1)) is not None
        assert await exchange.prove(cloid(2)) is None


async def test_nothing_is_proven_of_an_order_that_is_being_sent(exchange, venue):
    async def send():
        with pytest.raises(OutcomeUnknownError):
            await place(exchange, entry(1))

    venue.faults.add(Harm.SILENT_BEFORE, "order", times=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        while not posted(venue, "order"):
            await anyio.lowlevel.checkpoint()
        with pytest.raises(OutcomeUnknownError, match="being sent"):
            await exchange.prove(cloid(1))
    assert await exchange.prove(cloid(1)) is None


async def test_a_nonce_that_another_program_used_leaves_the_order_to_be_proven(
    exchange, venue, clock
):
    """An agent that two programs use: refused as a whole, or a copy of this very request landed."""
    used = venue.exchange.state.nonces.setdefault(AGENT.lower(), Nonces())
    used.use(to_ms(clock.now()), to_ms(clock.now()))
    with pytest.raises(OutcomeUnknownError, match="duplicate nonce"):
        await place(exchange, entry(1))
    assert await exchange.prove(cloid(1)) is None
    [bought] = await place(exchange, entry(2))
    assert bought.status is OrderStatus.FILLED


async def test_a_venue_that_does_not_answer_proves_nothing(exchange, venue):
    await lose(exchange, venue, Harm.LOST_AFTER, entry(1))
    venue.faults.add(Harm.BAD_GATEWAY_BEFORE, "noop", "orderStatus")
    with pytest.raises(OutcomeUnknownError, match="cannot be shown now"):
        await exchange.prove(cloid(1))
    venue.faults.clear()
    assert (await exchange.prove(cloid(1))).status is OrderStatus.FILLED


# --- keys, vaults, dexes --------------------------------------------------------------------------


async def test_a_key_the_venue_does_not_know_is_told(venue, env):
    async with opened(venue, env, private_key=OTHER_KEY) as exchange:
        [refused] = await place(exchange, entry(1))
        assert refused.status is OrderStatus.REJECTED
        assert "does not exist" in refused.reason
        health, sentence = exchange.health()
        assert health is Health.DOWN
        assert "does not exist" in sentence
        assert OTHER_KEY[2:] not in str(env.log.lines) + sentence


async def test_sections_with_one_key_never_use_a_nonce_twice(venue, env):
    async with opened(venue, env) as one, opened(venue, env) as other:
        await anyio.lowlevel.checkpoint()

        async def buy(exchange, number):
            [bought] = await place(exchange, entry(number))
            assert bought.status is OrderStatus.FILLED

        async with anyio.create_task_group() as tasks:
            for number in range(1, 11):
                tasks.start_soon(buy, one if number % 2 else other, number)
    assert account(venue).held("BTC") == D("0.01")


async def test_a_sub_account_is_traded_and_asked_about(venue, env):
    sub = "0x" + "5b" * 20
    venue.exchange.open_account(sub, D(500))
    account(venue, sub).master = MAIN.lower()
    async with opened(venue, env, vault_address=sub) as exchange:
        [bought] = await place(exchange, entry(1))
        assert bought.status is OrderStatus.FILLED
        report = await exchange.report()
        assert [p.quantity for p in report.positions] == [D("0.001")]
        await lose(exchange, venue, Harm.DELAYED, entry(2))
        assert await exchange.prove(cloid(2)) is None
    assert account(venue, sub).held("BTC") == D("0.001")
    assert account(venue).held("BTC") == 0


async def test_a_dex_of_a_builder_has_numbers_of_its_own(venue, env):
    async with opened(venue, env, dex="xyz") as exchange:
        await exchange.set_leverage(Symbol("TSLA"), 2, MarginMode.ISOLATED)
        order = entry(1, symbol=Symbol("TSLA"), size=D("0.1"), limit_price=D(340))
        [bought] = await place(exchange, order)
        assert bought.status is OrderStatus.FILLED, bought.reason
        [found] = (await exchange.report()).positions
        assert (found.symbol, found.quantity) == ("TSLA", D("0.1"))
