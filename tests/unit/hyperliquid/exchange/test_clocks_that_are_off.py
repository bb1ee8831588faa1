"""Orders and their proof while clocks disagree, or have been set."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hyperliquid_account import (
    MAIN,
    exchange_config,
    exchange_kind,
    surroundings,
    venue_of,
)
from hyperliquid_orders import cloid, entry

from nof0_core.domain.order import OrderStatus
from nof0_core.errors import OutcomeUnknownError
from nof0_provider_hyperliquid.rehearsal import info as venue_info
from nof0_provider_hyperliquid.rehearsal.faults import Harm

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def venue(clock, rules):
    with venue_of(clock, rules=rules) as venue:
        yield venue


def opened(venue, env):
    return exchange_kind().open(exchange_config(venue), env)


def ahead(venue, clock):
    """Set our clock three days ahead; the venue's goes on as it was."""
    clock.time += 3 * DAY
    venue.skew = -3 * DAY


async def test_a_clock_that_was_days_ahead_spoils_no_order_after_it_was_set_right(
    venue, clock, tmp_path
):
    ahead(venue, clock)
    async with surroundings(venue, clock, tmp_path / "hl") as env, opened(venue, env) as exchange:
        [refused] = await exchange.place([entry(1)], expires_at=None)
        assert refused.status is OrderStatus.REJECTED
    clock.time -= 3 * DAY
    venue.skew = timedelta(0)
    async with surroundings(venue, clock, tmp_path / "hl") as env, opened(venue, env) as exchange:
        [filled] = await exchange.place([entry(2)], expires_at=None)
        assert filled.status is OrderStatus.FILLED, filled


async def test_a_clock_that_is_set_right_during_a_run_spoils_no_order_after_it(
    venue, clock, tmp_path
):
    ahead(venue, clock)
    async with surroundings(venue, clock, tmp_path / "hl") as env, opened(venue, env) as exchange:
        await exchange.place([entry(1)], expires_at=None)
        clock.time -= 3 * DAY
        venue.skew = timedelta(0)
        [filled] = await exchange.place([entry(2)], expires_at=None)
        assert filled.status is OrderStatus.FILLED, filled


@pytest.mark.parametrize("skew", [-15, -4, 4, 15])
@pytest.mark.parametrize("lag", [0, 2_500])
@pytest.mark.parametrize("harm", [Harm.LOST_AFTER, Harm.LOST_BEFORE])
async def test_proof_holds_while_clocks_differ_and_answers_lag(
    venue, rules, clock, tmp_path, skew, lag, harm
):
    venue.skew = skew * SECOND
    async with surroundings(venue, clock, tmp_path / "hl") as env, opened(venue, env) as exchange:
        await exchange.report()
        object.__setattr__(rules, "info_lag_ms", lag)
        clock.time += 10 * SECOND
        venue.faults.add(harm, "order", times=1)
        with pytest.raises(OutcomeUnknownError):
            await exchange.place([entry(1)], expires_at=None)
        for _ in range(20):
            try:
                found = await exchange.prove(cloid(1))
                break
            except OutcomeUnknownError:
                clock.time += SECOND
        landed = bool(venue.exchange.state.accounts[MAIN.lower()].fills)
        assert (found is not None) == landed == (harm is Harm.LOST_AFTER)


async def test_an_order_that_answers_from_behind_hide_is_not_called_dead(
    venue, rules, clock, tmp_path, monkeypatch
):
    """Our clock is 4 s behind, and all the venue answers is 3 s old, its own time included."""
    venue.skew = 4 * SECOND
    told = venue_info._ANSWERS["exchangeStatus"]
    monkeypatch.setitem(
        venue_info._ANSWERS,
        "exchangeStatus",
        lambda info, request, now_ms: told(info, request, now_ms - rules.info_lag_ms),
    )
    async with surroundings(venue, clock, tmp_path / "hl") as env, opened(venue, env) as exchange:
        await exchange.report()
        clock.time += 10 * SECOND
        object.__setattr__(rules, "info_lag_ms", 3_000)
        venue.faults.add(Harm.LOST_AFTER, "order", times=1)
        with pytest.raises(OutcomeUnknownError):
            await exchange.place([entry(1)], expires_at=None)
        found = await exchange.prove(cloid(1))
    assert found is not None
    assert found.status is OrderStatus.FILLED
