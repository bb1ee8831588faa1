"""Market and paper exchange together: a fill walks the venue's book of the moment it arrives."""

from contextlib import AsyncExitStack
from datetime import timedelta
from decimal import Decimal as D

import anyio
import pytest
from called import started

from nof0_core.domain.order import OrderRequest, OrderStatus, Side
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.testing import env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig
from nof0_provider_hyperliquid.rehearsal.listing import ASSETS
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings
from nof0_provider_sim import plugin as sim
from nof0_provider_sim.config import SimExchangeConfig

BTC = Symbol("BTC")
LATENCY = timedelta(seconds=3)


@pytest.fixture
async def venue():
    async with Venue.open(VenueSettings(assets=ASSETS[:1], history=timedelta(days=1))) as opened:
        yield opened


@pytest.fixture
async def paper(venue):
    """A paper exchange on the market of the venue; orders travel for three seconds."""
    async with AsyncExitStack() as stack:
        given = await stack.enter_async_context(env(clock=venue.clock))
        [kind] = plugin.nof0_market_providers()
        config = HyperliquidMarketConfig(base_url=venue.base_url, stream=False)
        market = await stack.enter_async_context(kind.open(config, given))
        beside = env(clock=venue.clock, markets={"hl": market}, data_dir=given.data_dir / "paper")
        given = await stack.enter_async_context(beside)
        [kind] = sim.nof0_exchange_providers()
        settings = SimExchangeConfig(
            latency=LATENCY, latency_sigma=0, initial_balance_usd=D(1_000_000)
        )
        yield await stack.enter_async_context(kind.open(settings, given))


def asks(venue):
    """The venue's asks of now as (price, size), the best first."""
    told = venue._info.book({"coin": "BTC"}, venue.now_ms())["levels"][1]
    return [(D(level["px"]), D(level["sz"])) for level in told]


def walked(levels, size):
    """What is paid for `size` coins, level by level."""
    found = []
    for price, there in levels:
        part = min(there, size)
        found.append((price, part))
        size -= part
        if not size:
            break
    return found


@pytest.mark.anyio
async def test_an_order_is_filled_from_the_book_it_finds_not_from_the_one_it_was_decided_on(
    venue, paper
):
    await paper.report()
    seen, top = asks(venue), asks(venue)[-1][0]
    size = (sum(there for _, there in seen[:3]) + seen[3][1] / 2).quantize(D("0.00001"))
    order = OrderRequest(
        client_id=ClientOrderId("0x1"),
        symbol=BTC,
        side=Side.BUY,
        size=size,
        limit_price=(top * D("1.05")).quantize(D(1)),
    )
    outcomes = []

    async def place():
        outcomes.extend(await paper.place([order], expires_at=None))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(place)
        for _ in range(6):
            assert not outcomes, "it is under way for three seconds"
            await anyio.sleep(0.05)
            await venue.advance(timedelta(seconds=0.5), timedelta(seconds=0.5))
        found = asks(venue)
        # Time stands still now: what it finds is the book of this moment.
    [outcome] = outcomes
    assert outcome.status is OrderStatus.FILLED
    paid = [(fill.price, fill.size) for fill in outcome.fills]
    assert paid == walked(found, size)
    assert len(paid) > 1
    assert paid != walked(seen, size), "the book has changed meanwhile"


@pytest.mark.anyio
async def test_what_the_book_does_not_hold_is_not_filled(venue, paper):
    await paper.report()
    await venue.advance(timedelta(seconds=1))
    order = OrderRequest(
        client_id=ClientOrderId("0x2"),
        symbol=BTC,
        side=Side.BUY,
        size=sum(there for _, there in asks(venue)) * 2,
        limit_price=D(130_000),
    )
    outcomes = []

    async def place():
        outcomes.extend(await paper.place([order], expires_at=None))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(place)
        for _ in range(6):
            await anyio.sleep(0.05)
            await venue.advance(timedelta(seconds=0.5), timedelta(seconds=0.5))
        found = asks(venue)
    assert [(fill.price, fill.size) for fill in outcomes[0].fills] == found
    assert outcomes[0].filled_size < order.size


@pytest.mark.integration
@pytest.mark.parametrize("command", ["check", "run"])
def test_live_prices_on_a_clock_of_its_own_are_refused(tmp_path, command):
    project = started(tmp_path / "demo")
    (project.directory / "etc" / "market.yaml").write_text(
        "default: live\nproviders:\n  live: {type: hyperliquid}\n"
        "symbols: [BTC, ETH, SOL]\nintervals: [3m, 4h]\n"
    )
    manager = project.directory / "etc" / "manager.yaml"
    text = manager.read_text().replace("market_provider: recorded", "market_provider: live")
    manager.write_text(text)
    main = (project.directory / "etc" / "nof0.yaml").read_text()
    assert "Start:" in main
    outcome = project.nof0(command, "etc/nof0.yaml")
    assert outcome.exit_code == 2
    assert "is a live market, but Clock.Start in the main file sets a time of its own" in (
        outcome.stderr
    )
