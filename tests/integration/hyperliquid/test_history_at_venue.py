"""History of the local venue: complete whatever the page, and played back as it was."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import pytest
from called import started
from venue_thread import venue_beside

from nof0_core.clock import SimulatedClock, wall_time
from nof0_core.domain.candles import Interval, from_ms, to_ms
from nof0_core.ids import Symbol
from nof0_core.recordings.folder import load_folder
from nof0_core.testing import env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig
from nof0_provider_hyperliquid.rehearsal.listing import ASSETS
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings
from nof0_provider_sim import plugin as sim
from nof0_provider_sim.config import SimMarketConfig

BTC, M1 = Symbol("BTC"), Interval("1m")
MINUTE, HOUR = 60_000, 3_600_000
BARS = [(1, 12), (7, 60), (100, 350), (500, 1_200), (2_000, 4_500)]
HOURS = [(1, 12), (7, 60), (100, 350), (500, 700), (2_000, 700)]


@asynccontextmanager
async def opened(**settings):
    """A market on a venue whose time passes while somebody waits for the budget."""
    made = VenueSettings(assets=ASSETS[:1], **settings)
    async with Venue.open(made) as venue, anyio.create_task_group() as tasks:

        async def pass_on():
            while True:
                await anyio.sleep(0.001)
                await venue.advance(timedelta(seconds=1))

        tasks.start_soon(pass_on)
        config = HyperliquidMarketConfig(base_url=venue.base_url, stream=False)
        [kind] = plugin.nof0_market_providers()
        async with env(clock=venue.clock) as given, kind.open(config, given) as market:
            yield venue, market
        tasks.cancel_scope.cancel()


@pytest.mark.anyio
@pytest.mark.parametrize(("page", "bars"), BARS)
async def test_bars_are_complete_whatever_the_page(page, bars):
    async with opened(candle_page=page, history=timedelta(days=4)) as (venue, market):
        end = venue.now_ms() // MINUTE * MINUTE
        begin = end - bars * MINUTE
        found = [part async for part in market.download(BTC, M1, from_ms(begin), from_ms(end))]
        times = [time for part in found for time in part.open_time.tolist()]
        assert times == list(range(begin, end, MINUTE))
        closes = [close for part in found for close in part.close.tolist()]
        expected = (venue.market.bar(BTC, time, MINUTE, end).close for time in times)
        assert closes == list(expected)
        newest = await market.candles(BTC, M1, from_ms(end), 3 * page if page < 100 else 300)
        assert newest.open_time.tolist() == times[-len(newest) :]
        # No refusal: downloads wait for their share of the budget.
        assert {each.status for each in venue.audit.requests} == {200}


@pytest.mark.anyio
@pytest.mark.parametrize(("page", "hours"), HOURS)
async def test_funding_is_complete_whatever_the_page(page, hours):
    async with opened(funding_page=page, history=timedelta(days=31)) as (venue, market):
        end = venue.now_ms() // HOUR * HOUR
        begin = end - hours * HOUR
        pages = market.download_funding(BTC, from_ms(begin), from_ms(end))
        found = [rate async for part in pages for rate in part]
        assert [to_ms(rate.time) for rate in found] == list(range(begin, end, HOUR))
        assert [rate.rate for rate in found] == [
            pytest.approx(venue.market.funding_rate(BTC, to_ms(rate.time)), abs=1e-10)
            for rate in found
        ]
        assert {each.status for each in venue.audit.requests} == {200}


MARKET = """
default: live
providers:
  live: {{type: hyperliquid, base_url: "{url}", stream: false}}
symbols: [BTC]
intervals: [3m, 15m]
"""


@pytest.mark.integration
def test_what_was_downloaded_is_played_back_and_what_is_gone_is_told(tmp_path):
    project = started(tmp_path / "demo")
    etc = project.directory / "etc"
    for name, old, new in (
        ("manager.yaml", "market_provider: recorded", "market_provider: live"),
        ("llm.yaml", "[BTC, ETH, SOL]", "[BTC]"),
    ):
        text = (etc / name).read_text()
        assert old in text
        (etc / name).write_text(text.replace(old, new))
    settings = VenueSettings(assets=ASSETS[:1], history=timedelta(days=5), candle_page=700)
    now = wall_time()
    with venue_beside(settings) as venue:
        (etc / "market.yaml").write_text(MARKET.format(url=venue.base_url))
        start = now - timedelta(days=6)
        words = ("--interval", "1m", "--from", f"{start:%Y-%m-%d}", "--json")
        outcome = project.nof0("data", "download", "etc/nof0.yaml", "live", *words)
        rows = {row["interval"]: row for row in json.loads(outcome.stdout)["series"]}
        assert outcome.exit_code == 1
        oldest = venue.market.start_ms
    # 5,000 bars of a minute are 3.5 days: what is older is gone, funding is there.
    assert (
        "the venue keeps the newest 5,000 1m bars of BTC: it has them from" in rows["1m"]["trouble"]
    )
    assert 4_990 <= rows["1m"]["rows"] <= 5_000
    assert (rows["1m"]["gaps"], rows[None]["gaps"], rows[None]["trouble"]) == (0, 0, "")
    assert rows[None]["rows"] >= 5 * 24 - 1
    folder = project.directory / "data" / "history" / "live"
    assert {path.name for path in folder.iterdir()} == {"btc_1m.parquet", "btc_funding_1h.parquet"}
    recording = load_folder(folder, ["BTC"], allow_gaps=False).series(BTC, M1).candles
    assert recording.open_time[0] >= oldest
    end = from_ms(int(recording.open_time[-1]) + MINUTE)
    assert anyio.run(played_back, folder, end) == recording.close[-20:].tolist()


async def played_back(folder, end):
    """The last 20 bars as a simulated market tells them at the end of the recording."""
    [kind] = sim.nof0_market_providers()
    config = SimMarketConfig(data=folder)
    async with env(clock=SimulatedClock(end)) as given, kind.open(config, given) as market:
        return (await market.candles(BTC, M1, end, 20)).close.tolist()
