from __future__ import annotations

import json
from datetime import timedelta

import post_receiver
import pytest

from nof0_core.domain.event import Alerted
from nof0_core.errors import ProviderError, RejectedError, TransientError
from nof0_core.exporters import webhook
from nof0_core.exporters.webhook import WebhookConfig, open_webhook
from nof0_core.testing.environment import env

pytestmark = pytest.mark.anyio

TOKEN = "s3cret-token"  # noqa: S105 - stands for one


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(webhook, "WAITS", (0.0, 0.0))


def receiver(*codes):
    """A server that answers with the codes, then with 204; `got` has what it was sent."""
    left = list(codes)
    return post_receiver.receiver(
        lambda: left.pop(0) if left else 204,
        path=TOKEN,
        keep=lambda path, headers, body: (headers, json.loads(body)),
    )


@pytest.fixture
def told(story, evolve):
    """Events with three alerts among them."""
    found = story(2)
    for _ in range(2):
        found._say(found.events[-1].time, "@engine", Alerted(code="halt", message="stopped"))
    return found


async def deliver(url, told, path):
    config = WebhookConfig(
        url=url, timeout=timedelta(seconds=2), repeat_after=timedelta(0), engine="arena"
    )
    async with (
        env(section="ops", data_dir=path) as surroundings,
        open_webhook(config, surroundings) as exporter,
    ):
        after = await exporter.cursor()
        await exporter.export([e for e in told.events if e.seq > after], told.view())


async def test_each_alert_is_one_post_with_its_number_as_idempotency_key(told, tmp_path):
    with receiver() as server:
        await deliver(server.url, told, tmp_path)
    assert [body["code"] for _, body in server.got] == ["drift", "halt", "halt"]
    headers, body = server.got[0]
    assert headers["Idempotency-Key"] == str(body["seq"]) == str(told.events[-3].seq)
    assert body == {
        "engine": "arena",
        "seq": told.events[-3].seq,
        "time": "2025-07-01T00:00:00+00:00",
        "code": "drift",
        "message": "look at BTC",
        "trader": None,
        "symbol": "BTC",
    }


async def test_an_address_that_recovers_is_tried_again(told, tmp_path):
    with receiver(503, 429) as server:
        await deliver(server.url, told, tmp_path)
    assert [body["seq"] for _, body in server.got] == [
        told.events[-3].seq,
        told.events[-3].seq,
        told.events[-3].seq,
        told.events[-2].seq,
        told.events[-1].seq,
    ]


async def test_an_address_that_stays_away_goes_on_where_it_stopped(told, tmp_path):
    with receiver(204, *[500] * 3) as server:
        with pytest.raises(TransientError, match="webhook ops answered HTTP 500") as raised:
            await deliver(server.url, told, tmp_path)
        assert TOKEN not in str(raised.value)
        server.got.clear()
        await deliver(server.url, told, tmp_path)
    assert [body["seq"] for _, body in server.got] == [told.events[-2].seq, told.events[-1].seq]


@pytest.mark.parametrize("code", [302, 404])
async def test_a_refusal_or_redirect_is_not_tried_again(told, tmp_path, code):
    refused = pytest.raises(RejectedError, match=f"webhook ops answered HTTP {code}")
    with receiver(code) as server, refused:
        await deliver(server.url, told, tmp_path)
    assert len(server.got) == 1


async def test_an_address_nobody_listens_at_is_transient(told, tmp_path):
    with receiver() as server:
        url = server.url
    with pytest.raises(TransientError, match="webhook ops cannot be reached") as raised:
        await deliver(url, told, tmp_path)
    assert TOKEN not in str(raised.value)


async def test_a_damaged_bookmark_is_named(told, tmp_path):
    (tmp_path / "delivered").write_text("many")
    with pytest.raises(ProviderError, match=r"cannot read .*delivered.*remove it"):
        await deliver("http://127.0.0.1:9/", told, tmp_path)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "https://", "host/path"])
def test_only_http_addresses_are_accepted_and_none_is_shown(url):
    with pytest.raises(ValueError, match="https://") as raised:
        WebhookConfig(url=url)
    assert url not in str(raised.value).replace("https:// or http://", "")


def test_the_address_is_not_in_the_representation():
    assert TOKEN not in repr(WebhookConfig(url=f"https://host/{TOKEN}"))
