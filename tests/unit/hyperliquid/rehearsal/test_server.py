"""The rehearsal venue over HTTP: what it weighs, what it refuses, what goes wrong on purpose."""

from __future__ import annotations

import json
from datetime import timedelta

import aiohttp
import anyio
import pytest
from hyperliquid.info import Info

from nof0_provider_hyperliquid.rehearsal.faults import Harm

pytestmark = pytest.mark.anyio
USER = "0x" + "ab" * 20
MINUTE = timedelta(minutes=1)


async def test_the_sdk_reads_it(venue):
    def read():
        info = Info(venue.base_url, skip_ws=True, timeout=10)
        bars = info.candles_snapshot("BTC", "1h", venue.now_ms() - 7_200_000, venue.now_ms())
        return info.meta(), info.all_mids(), info.user_state(USER), bars

    meta, mids, state, bars = await anyio.to_thread.run_sync(read)
    assert meta["universe"][0]["name"] == "BTC"
    assert {"BTC", "@107", "#30"} <= set(mids)
    assert state["marginSummary"]["accountValue"] == "0.0"
    assert len(bars) == 3


async def test_requests_weigh_what_the_venue_says(venue, ask):
    await ask(type="allMids")
    await ask(type="metaAndAssetCtxs")
    await ask(
        type="candleSnapshot",
        req={"coin": "BTC", "interval": "1m", "startTime": venue.now_ms() - 120 * 60_000},
    )
    assert [request.weight for request in venue.audit.requests] == [2, 20, 20 + 2]
    assert venue.audit.most_weight == 44


async def test_too_much_within_a_minute_is_refused_until_it_has_passed(venue, ask):
    answers = [await ask(type="meta") for _ in range(61)]
    assert [status for status, _ in answers] == [200] * 60 + [429]
    assert answers[-1][1] == "null"
    await venue.advance(MINUTE)
    assert (await ask(type="meta"))[0] == 200


@pytest.mark.parametrize(
    "body", ["", "[]", '{"type": "nope"}', '{"no": 1}', '"meta"', '{"type": "meta", "dex": "no"}']
)
async def test_what_it_does_not_understand_is_422_in_plain_text(venue, http, body):
    async with http.post(f"{venue.base_url}/info", data=body) as answer:
        assert answer.status == 422
        assert (await answer.text()).startswith("Failed to deserialize the JSON body")


async def test_an_unknown_signer_is_told_so(venue, ask):
    action = {"type": "noop"}
    signature = {"r": "0x1", "s": "0x1", "v": 27}
    status, text = await ask("/exchange", action=action, nonce=1, signature=signature)
    assert status == 200
    assert json.loads(text)["status"] == "err"


# --- faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (Harm.RATE_LIMITED, 429),
        (Harm.BAD_GATEWAY_BEFORE, 502),
        (Harm.BAD_GATEWAY_AFTER, 502),
        (Harm.LOST_BEFORE, aiohttp.ClientError),
        (Harm.LOST_AFTER, aiohttp.ClientError),
        (Harm.DELAYED, aiohttp.ClientError),
        (Harm.TRUNCATED, aiohttp.ClientError),
        (Harm.NOT_JSON, 200),
        (Harm.UNKNOWN_KEYS, 200),
        (Harm.NULLS, 200),
    ],
)
async def test_each_fault_happens_as_often_as_planned(venue, ask, harm, expected):
    fault = venue.faults.add(harm, "metaAndAssetCtxs", times=1)
    assert (await ask(type="allMids"))[0] == 200
    if isinstance(expected, int):
        status, text = await ask(type="metaAndAssetCtxs")
        assert status == expected
        if harm is Harm.NULLS:
            assert json.loads(text)[1][0]["midPx"] is None
        if harm is Harm.UNKNOWN_KEYS:
            assert "newKey" in json.loads(text)[1][0]
    else:
        with pytest.raises(expected):
            await ask(type="metaAndAssetCtxs")
    assert fault.left == 0
    assert (await ask(type="metaAndAssetCtxs"))[0] == 200


@pytest.mark.parametrize("harm", [Harm.SILENT_BEFORE, Harm.SILENT_AFTER, Harm.SLOW])
async def test_answers_that_do_not_come_keep_nobody_else_waiting(venue, http, ask, harm):
    venue.faults.add(harm, "meta", times=1)
    limit = aiohttp.ClientTimeout(total=0.5)
    with pytest.raises(TimeoutError):
        async with http.post(f"{venue.base_url}/info", json={"type": "meta"}, timeout=limit) as a:
            await a.text()
    assert (await ask(type="meta"))[0] == 200


async def test_faults_by_chance_are_the_same_for_the_same_seed(venue, ask):
    venue.faults.add(Harm.BAD_GATEWAY_BEFORE, chance=0.3)
    statuses = [(await ask(type="allMids"))[0] for _ in range(60)]
    assert 5 < statuses.count(502) < 35
    assert len(venue.faults.happened) == statuses.count(502)


async def test_faults_have_their_time(venue, ask):
    now = venue.now_ms()
    venue.faults.add(Harm.BAD_GATEWAY_BEFORE, since_ms=now + 60_000, until_ms=now + 120_000)
    seen = []
    for _ in range(3):
        seen.append((await ask(type="allMids"))[0])
        await venue.advance(MINUTE, beat=MINUTE)
    assert seen == [200, 502, 200]


async def test_a_clock_that_is_ahead_shows(venue, ask):
    before = json.loads((await ask(type="exchangeStatus"))[1])["time"]
    venue.skew = timedelta(seconds=90)
    assert json.loads((await ask(type="exchangeStatus"))[1])["time"] == before + 90_000
