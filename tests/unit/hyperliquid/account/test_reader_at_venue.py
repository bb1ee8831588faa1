"""The reader over real requests, while the venue answers late, wrongly or not at all."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.border.answers import sorted_out, wrong
from nof0_core.clock import SystemClock
from nof0_core.errors import ProviderError, TransientError
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid.account.reader import AccountReader
from nof0_provider_hyperliquid.rehearsal.faults import Harm
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings
from nof0_provider_hyperliquid.transport.budget import NetworkBudget
from nof0_provider_hyperliquid.transport.client import InfoClient, Patience
from nof0_provider_hyperliquid.transport.windows import Priority

pytestmark = pytest.mark.anyio
D = Decimal
USER = "0x" + "ab" * 20
MODES = ["default", "disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction"]


class There:
    """An account at a venue whose time is the machine's, and its reader."""

    def __init__(self, venue, env):
        self.venue = venue
        self.alerts = []
        self.budget = NetworkBudget("net", clock=env.clock, alert=lambda *_: None)
        self.budget.weight.limit = 10**9
        venue.limits.of("127.0.0.1").weight.most = 10**9
        self.client = InfoClient(
            venue.base_url,
            budget=self.budget,
            patience=Patience(request=timedelta(seconds=20), retries=0),
            env=env,
            urgency=Priority.NEWS,
        )
        self.reader = AccountReader(
            self.client,
            user=USER,
            signer=USER,
            clock=env.clock,
            alert=lambda *told: self.alerts.append(told),
        )

    def open(self, mode):
        self.venue.exchange.open_account(USER, D(100_000), mode=mode)

    def trade(self, coin, signed):
        self.venue.step()  # up to now: others act at the moment the venue last looked at
        self.venue.exchange.outsiders.trade(USER, coin, D(signed))


@pytest.fixture
async def there(anyio_backend):
    clock = SystemClock()
    async with make_env(clock=clock) as env, Venue.open(VenueSettings(), clock) as venue:
        made = There(venue, env)
        yield made
        made.client.close()


@pytest.mark.parametrize("mode", MODES)
async def test_cash_stands_still_while_prices_move(there, mode):
    there.open(mode)
    began = there.venue.clock.now()
    there.trade("BTC", "0.2")
    there.trade("ETH", "-3")
    cash = set()
    for _ in range(6):
        report = await there.reader.report()
        assert wrong("report", report) == ""
        cash.add(report.account.raw_usd)
    fills = await there.reader.fills(began)
    assert sorted_out("fills", fills).bad == ()
    own = D(100_000) - sum(f.quantity * f.price + f.fee for f in fills)
    assert max(abs(each - own) for each in cash) < D("0.01")


HARMS = [
    Harm.RATE_LIMITED,
    Harm.BAD_GATEWAY_BEFORE,
    Harm.LOST_BEFORE,
    Harm.TRUNCATED,
    Harm.NOT_JSON,
]
ASKED = ["userAbstraction", "frontendOpenOrders", "clearinghouseState", "spotClearinghouseState"]


@pytest.mark.parametrize("harm", HARMS)
async def test_a_part_that_cannot_be_had_fails_the_whole_report(there, harm):
    there.open("unifiedAccount")
    there.trade("BTC", "0.2")
    for kind in ASKED:
        there.venue.faults.add(harm, kind, times=1)
        there.reader._modes._asked = None
        with pytest.raises(TransientError):
            await there.reader.report()
        assert not any(fault.left for fault in there.venue.faults.planned)
        there.venue.faults.clear()
    assert (await there.reader.report()).positions


@pytest.mark.parametrize("harm", [Harm.UNKNOWN_KEYS, Harm.NULLS])
async def test_keys_nobody_knows_and_nulls_where_they_may_be_change_nothing(there, harm):
    there.open("unifiedAccount")
    began = there.venue.clock.now()
    there.trade("BTC", "0.2")
    good = await there.reader.report()
    fills = await there.reader.fills(began)
    there.venue.faults.add(harm)
    there.reader._modes._asked = None
    found = await there.reader.report()
    assert found.account.raw_usd == good.account.raw_usd
    assert [p.quantity for p in found.positions] == [D("0.2")]
    assert await there.reader.fills(began) == fills


async def test_a_history_that_breaks_off_in_the_middle_gives_nothing(there):
    there.open("default")
    began = there.venue.clock.now()
    for _ in range(3):
        there.trade("DOGE", "100")
    there.venue.faults.add(Harm.LOST_BEFORE, "userFillsByTime", times=1, since_ms=0)
    with pytest.raises(ProviderError):
        await there.reader.fills(began)
    there.venue.faults.clear()
    assert sum(f.size for f in await there.reader.fills(began)) == 300
