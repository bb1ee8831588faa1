from datetime import timedelta

import attrs
import pytest
from aiohttp import web

from nof0_core.domain.finding import FindingLevel
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig

pytestmark = pytest.mark.anyio
DEAR = (
    "BTC costs 9.0 bps of what is taken and 3.0 of what rests: traders reckon with taker_fee_bps"
    " of their exchange section"
)
OK, WARNING, PROBLEM = FindingLevel.OK, FindingLevel.WARNING, FindingLevel.PROBLEM


@pytest.fixture
def looked(kind, env, venue):
    async def look(symbols=("BTC",), **keys):
        config = HyperliquidMarketConfig(base_url=keys.pop("base_url", venue.url), **keys)
        found = await kind.check_online(config, attrs.evolve(env, symbols=symbols))
        return [(finding.level, finding.sentence) for finding in found]

    return look


async def test_all_is_well(looked, venue):
    assert await looked() == [
        (OK, f"{venue.url} answers, and its clock is this machine's"),
        (OK, "6 perpetuals are traded"),
    ]


async def test_nobody_answers(looked, venue):
    [(level, sentence)] = await looked(base_url="http://127.0.0.1:9")
    assert level is PROBLEM
    assert sentence.startswith("http://127.0.0.1:9: exchangeStatus: no connection")


async def test_somebody_else_answers(looked, venue):
    page = web.Response(text="<html>Log in to the network</html>", content_type="text/html")
    venue.instead["exchangeStatus"] = [page]
    [(level, sentence)] = await looked()
    assert level is PROBLEM
    assert "no JSON" in sentence


@pytest.mark.parametrize(
    ("seconds", "level", "says"),
    [
        (-90, PROBLEM, "the venue's clock is 90 s behind this machine's"),
        (5, WARNING, "the venue's clock is 5 s ahead of this machine's"),
        (1, OK, "its clock is this machine's"),
    ],
)
async def test_clocks_that_differ(looked, venue, seconds, level, says):
    venue.skew = timedelta(seconds=seconds)
    found = (await looked())[0]
    assert found[0] is level
    assert says in found[1]


async def test_coins_that_are_not_there_or_no_longer(looked, venue):
    venue.delisted = ["ETH"]
    assert (await looked(("BTC", "ETH", "NOSUCHCOIN")))[1:] == [
        (PROBLEM, "ETH is delisted: the venue trades it no more"),
        (PROBLEM, "the venue has no perpetual NOSUCHCOIN"),
        (OK, "5 perpetuals are traded"),
    ]


async def test_a_dex_that_is_there(looked, venue):
    venue.collateral = 235
    assert (await looked(dex="xyz"))[1:] == [
        (OK, DEAR),
        (WARNING, "the dex xyz settles in token 235, not in USDC: its prices count as USD here"),
        (OK, "6 perpetuals are traded"),
    ]


async def test_a_dex_that_is_not_there(looked):
    assert (await looked(dex="abc"))[1:] == [
        (PROBLEM, "there is no dex abc; there are: xyz, flx"),
    ]
