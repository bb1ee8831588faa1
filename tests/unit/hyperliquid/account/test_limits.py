"""Budgets of the address and of the day, and the life of the key that signs."""

from __future__ import annotations

from decimal import Decimal

import anyio
import pytest
from hyperliquid_desk import limit, trigger

from nof0_core.domain.candles import from_ms
from nof0_core.domain.health import Health
from nof0_core.errors import DataError
from nof0_provider_hyperliquid.account.user_limits import RESERVED, UserLimits
from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

pytestmark = pytest.mark.anyio
D = Decimal
DAY_MS = 86_400_000
AGENT = "0x" + "ab" * 20


def with_agent(seat, name="nof0", days=90):
    at = seat(signer=AGENT)
    until = f" valid_until {at.desk.now + days * DAY_MS}" if name else ""
    at.others.approve_agent(at.desk.user, AGENT, name + until)
    return at


async def looked(at):
    await at.reader._watch.look()
    return at.reader.limits()


async def test_figures_are_the_venues(seat):
    at = seat(mode="unifiedAccount")
    at.desk.order(limit(True, "100100", "0.05", "Ioc"))
    await at.reader.report()
    found = await looked(at)
    told = at.desk.info("userRateLimit")
    assert (found.requests_used, found.requests_cap) == (1, told["nRequestsCap"])
    assert found.requests_cap == 10_000 + int(D(told["cumVlm"]))
    assert found.requests_left == told["nRequestsCap"] - 1
    assert (found.actions_today, found.actions_daily) == (0, 50_000)
    assert found.time == at.clock.now()
    for _ in range(3):
        at.desk.order(*[limit(True, "90000", "0.001")] * 2)
    assert (await looked(at)).actions_today == 6
    at.desk.now += DAY_MS
    assert (await looked(at)).actions_today == 0
    at.desk.order(limit(True, "90000", "0.001"))
    assert (await looked(at)).actions_left == 49_999
    assert found.entries_refusal == ""
    assert at.alerts == []


@pytest.mark.parametrize("mode", ["default", "disabled", "dexAbstraction"])
async def test_only_modes_that_have_a_daily_limit_show_one(seat, mode):
    """HYPERLIQUID §11.1 (2)."""
    at = seat(mode=mode)
    await at.reader.report()
    assert (await looked(at)).actions_left is None


async def test_an_address_that_runs_low_is_told_then_keeps_the_rest_for_exits(seat):
    at = seat(rules=Rules(initial_requests=2_500))
    account = at.desk.account
    account.used_requests = 400
    await looked(at)
    assert at.reader.health() == (Health.OK, "")
    account.used_requests = 600
    await looked(at)
    assert at.codes() == ["address_budget_low"]
    health, sentence = at.reader.health()
    assert health is Health.DEGRADED
    assert sentence == "1900 actions are left to this address (600 of 2500 used)"
    assert at.reader.limits().entries_refusal == ""
    account.used_requests = 2_400
    await looked(at)
    assert "100 actions are left to this address" in at.reader.limits().entries_refusal
    account.used_requests = 9_000  # one in 10 s is taken all the same
    assert (await looked(at)).requests_left == 0
    await at.reader.report()  # what is held is read on


async def test_a_day_that_runs_low_is_told_then_keeps_the_rest_for_exits(seat):
    at = seat(mode="portfolioMargin")
    await at.reader.report()
    at.desk.account.volume = D(1_000_000)
    at.desk.account.used_requests = 48_500
    assert (await looked(at)).actions_left == 1_500
    assert at.codes() == ["daily_actions_low"]
    assert "of today's 50000" in at.reader.health()[1]
    at.desk.account.used_requests = 49_800
    assert "200 actions are left of this day" in (await looked(at)).entries_refusal
    at.desk.now += DAY_MS
    assert (await looked(at)).entries_refusal == ""


async def test_a_wallets_own_key_lives_for_ever(seat):
    at = seat()
    found = await looked(at)
    assert (found.signer_problem, found.signer_until) == ("", None)
    assert "userRole" not in at.client.kinds()


async def test_an_agent_of_the_account_may_sign_until_its_time(seat):
    at = with_agent(seat)
    found = await looked(at)
    assert found.signer_problem == ""
    assert found.signer_until == from_ms(at.desk.now + 90 * DAY_MS)
    await at.reader.report()


async def test_an_unnamed_agent_may_sign_and_nobody_knows_how_long(seat):
    """HYPERLIQUID §11.5 (17): `extraAgents` does not list it; `userRole` is what counts."""
    at = with_agent(seat, name="")
    found = await looked(at)
    assert (found.signer_problem, found.signer_until) == ("", None)
    await at.reader.report()


async def test_the_end_of_a_key_is_told_at_14_3_and_1_days(seat):
    at = with_agent(seat, days=20)
    seen = []
    for hours in range(0, 20 * 24, 6):
        await looked(at)
        seen += [(hours / 24, *alert) for alert in at.alerts]
        at.alerts.clear()
        at.desk.now += 6 * 3_600_000
    first = {}
    for days, code, _ in seen:
        first.setdefault(code, days)
    assert first == {"signer_expires_14d": 6, "signer_expires_3d": 17, "signer_expires_1d": 19}
    assert "in 14.0 days: approve another one" in seen[0][2]


async def test_an_agent_that_expires_during_a_run_fails_the_reads_and_stops_stay(seat):
    at = with_agent(seat, days=2)
    at.desk.order(limit(True, "100100", "0.05", "Ioc"))
    at.desk.order(trigger(False, "95000", "0.05"))
    assert len((await at.reader.report()).orders) == 1
    at.desk.now += 2 * DAY_MS
    await looked(at)
    with pytest.raises(DataError, match="is no agent of 0x[0-9a-f]{40}: it expired"):
        await at.reader.report()
    assert at.reader.health()[0] is Health.DOWN
    assert at.reader.limits().entries_refusal == at.reader.health()[1]
    assert "signer_refused" in at.codes()
    # What happens to the account goes on being read, and its stop is live.
    assert len(await at.reader.fills(at.since(3 * 86_400))) == 1
    assert len(at.desk.open_oids()) == 1


async def test_an_agent_that_is_replaced_during_a_run_is_noticed_and_may_come_back(seat):
    at = with_agent(seat)
    await at.reader.report()
    at.others.approve_agent(at.desk.user, "0x" + "cd" * 20, "nof0")
    at.desk.now += 60_000
    await at.reader.report()  # not asked again yet
    assert (await at.reader.look_at_signer()).signer_problem
    with pytest.raises(DataError, match="was replaced"):
        await at.reader.report()
    at.others.approve_agent(at.desk.user, AGENT, "nof0")
    await at.reader.look_at_signer()
    await at.reader.report()


async def test_an_agent_of_somebody_else_fails_the_first_read(seat):
    at = seat(signer=AGENT)
    other = "0x" + "ef" * 20
    at.desk.venue.open_account(other, D(5_000))
    at.others.approve_agent(other, AGENT, "theirs")
    with pytest.raises(DataError, match=f"is an agent of {other}, not of {at.desk.user}"):
        await at.reader.report()


async def test_a_key_nobody_approved_fails_the_first_read(seat):
    at = seat(signer=AGENT)
    with pytest.raises(DataError, match="never approved"):
        await at.reader.report()


async def test_the_watch_asks_each_minute_and_about_the_key_each_second_one(seat):
    at = with_agent(seat)
    asked = []

    class Enough(Exception):  # noqa: N818 - ends the endless
        pass

    def count(request):
        asked.append((request["type"], at.desk.now))
        if len(asked) > 40:
            raise Enough

    at.client.before = count
    with pytest.raises(Enough):
        await at.reader.watch()
    began = asked[0][1]
    budgets = [(t - began) // 1000 for kind, t in asked if kind == "userRateLimit"]
    roles = [(t - began) // 1000 for kind, t in asked if kind == "userRole"]
    assert budgets == [60 * n for n in range(len(budgets))]
    assert roles == [120 * n for n in range(len(roles))]


async def test_the_watch_looks_again_when_a_key_ends(seat):
    at = with_agent(seat)
    at.others.approve_agent(at.desk.user, AGENT, f"nof0 valid_until {at.desk.now + 90_500}")
    seen = []

    class Enough(Exception):  # noqa: N818
        pass

    def stop(request):
        seen.append((request["type"], at.desk.now))
        if at.reader.limits().signer_problem:
            raise Enough

    at.client.before = stop
    began = at.desk.now
    with pytest.raises(Enough):
        await at.reader.watch()
    assert at.desk.now - began == 90_500


async def test_figures_nobody_has_told_are_no_limits():
    limits = UserLimits(requests_used=9_900, requests_cap=10_000)
    assert limits.requests_left == 100 < RESERVED
    assert UserLimits().entries_refusal == ""
    assert UserLimits().requests_left is UserLimits().actions_left is None
    assert UserLimits(signer_problem="gone").entries_refusal == "gone"


async def test_the_first_look_serves_all_who_wait_for_it(seat):
    """A start asked for the key's role twice: 60 of the 1,200 weight of a minute each."""
    at = with_agent(seat)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(at.reader.report)
    assert at.client.kinds().count("userRole") == 1
    assert at.client.kinds().count("userRateLimit") == 1
    assert at.client.kinds().count("userAbstraction") == 1
