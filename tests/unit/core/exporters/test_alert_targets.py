"""Alerts to real HTTP servers: what each receiver is posted, and targets that misbehave."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from contextlib import AsyncExitStack
from datetime import timedelta
from types import SimpleNamespace

import anyio
import attrs
import jumping_loop
import pytest
from post_receiver import receiver

from nof0_core.clock import wall_time
from nof0_core.domain.event import Alerted
from nof0_core.errors import RejectedError, TransientError
from nof0_core.execution.limits import LIMITS
from nof0_core.exporters import webhook
from nof0_core.exporters.webhook import WAITS, WebhookConfig, open_webhook
from nof0_core.journal import Journal
from nof0_core.runtime import exporting
from nof0_core.runtime.export_loop import Exports
from nof0_core.runtime.exporting import Output
from nof0_core.testing.environment import Lines, env

pytestmark = pytest.mark.anyio

DAY = 24 * 3600.0


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(webhook, "WAITS", (0.0, 0.0))


def alerts(story, *more):
    told = story(1)
    told.events.pop()  # the alert of the story itself
    for alert in more:
        told._say(told.events[-1].time, "@engine", alert)
    return told


NASTY = Alerted(
    code="drift", message='<!channel> @everyone & "1 < 2"', trader="alpha", symbol="BTC"
)


async def deliver(told, path, **settings):
    config = WebhookConfig(**{"engine": "arena", **settings})
    async with (
        env(section="ops", data_dir=path) as around,
        open_webhook(config, around) as exporter,
    ):
        await exporter.export(told.events, told.view())


async def posted(story, tmp_path, alert, **settings):
    with receiver() as server:
        await deliver(alerts(story, alert), tmp_path, url=server.url, **settings)
    [(_, headers, body)] = server.got
    return headers, body


TEXT = 'arena: drift (alpha BTC)\n<!channel> @everyone & "1 < 2"\n2025-07-01 00:00:00 UTC'


async def test_telegram_gets_a_message_of_its_bot(story, tmp_path):
    headers, body = await posted(story, tmp_path, NASTY, format="telegram", chat_id="-100")
    assert json.loads(body) == {
        "chat_id": "-100", "text": TEXT, "disable_web_page_preview": True,
    }  # fmt: skip
    assert headers["Content-Type"] == "application/json"


async def test_discord_mentions_nobody(story, tmp_path):
    _, body = await posted(story, tmp_path, NASTY, format="discord")
    assert json.loads(body) == {"content": TEXT, "allowed_mentions": {"parse": []}}


async def test_slack_gets_plain_text_whatever_stands_in_it(story, tmp_path):
    _, body = await posted(story, tmp_path, NASTY, format="slack")
    text = json.loads(body)["text"]
    assert "&lt;!channel&gt; @everyone &amp;" in text
    assert "<" not in text


async def test_ntfy_gets_text_with_a_title_and_a_token(story, tmp_path):
    headers, body = await posted(story, tmp_path, NASTY, format="ntfy", token="tk_canary")  # noqa: S106
    assert body.decode() == TEXT
    assert headers["Title"] == "nof0 drift"
    assert headers["Authorization"] == "Bearer tk_canary"


@pytest.mark.parametrize(
    ("form", "longest"), [("telegram", 4096), ("discord", 2000), ("slack", 4000), ("ntfy", 4096)]
)
async def test_what_is_too_long_for_a_receiver_is_cut(story, tmp_path, form, longest):
    long = Alerted(code="drift", message="<é" * 10_000)
    chat = {"chat_id": "1"} if form == "telegram" else {}
    _, body = await posted(story, tmp_path, long, format=form, **chat)
    text = (
        body.decode()
        if form == "ntfy"
        else next(value for name, value in json.loads(body).items() if name in ("text", "content"))
    )
    assert (len(body) if form == "ntfy" else len(text)) <= longest
    assert text.startswith("arena: drift\n")


async def test_a_signed_post_proves_who_wrote_it_and_when(story, tmp_path):
    headers, body = await posted(story, tmp_path, NASTY, secret="canary")  # noqa: S106
    made = hmac.new(b"canary", headers["Nof0-Timestamp"].encode() + b"." + body, hashlib.sha256)
    assert headers["Nof0-Signature"] == f"sha256={made.hexdigest()}"
    assert abs(int(headers["Nof0-Timestamp"]) - wall_time().timestamp()) < 3600
    assert b"canary" not in body


async def test_without_a_secret_nothing_is_signed(story, tmp_path):
    headers, _ = await posted(story, tmp_path, NASTY)
    assert not {"Nof0-Signature", "Nof0-Timestamp", "Authorization"} & set(headers)


async def test_the_same_words_are_not_told_again_for_a_while(story, tmp_path):
    told = alerts(story, *[NASTY] * 3, attrs.evolve(NASTY, symbol="ETH"))
    later = told.events[-1].time + timedelta(minutes=5)
    told._say(later, "@engine", NASTY)
    with receiver() as server:
        await deliver(told, tmp_path, url=server.url)
    got = [json.loads(body) for _, _, body in server.got]
    first = told.events[-5].seq
    assert [one["seq"] for one in got] == [first, first + 3, first + 4]


def test_a_bot_without_a_chat_is_refused():
    with pytest.raises(ValueError, match="chat_id"):
        WebhookConfig(url="https://api.telegram.org/botX/sendMessage", format="telegram")


def test_secrets_are_in_no_representation():
    config = WebhookConfig(url="https://h/canary", token="canary", secret="canary")  # noqa: S106
    assert "canary" not in repr(config)


async def test_a_redirect_is_refused_and_not_followed(story, tmp_path):
    with receiver(lambda: 307) as server, pytest.raises(RejectedError, match="HTTP 307"):
        await deliver(alerts(story, NASTY), tmp_path, url=server.url)
    assert [path for path, _, _ in server.got] == ["/hook"]


@pytest.mark.parametrize("drip", [b"", b"x"], ids=["silent", "byte by byte"])
async def test_a_target_that_hangs_is_given_up(story, tmp_path, at_once, drip):
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_hang, args=(listening, drip, over))
        thread.start()
        try:
            with pytest.raises(TransientError, match=r"cannot be reached|has not answered"):
                await deliver(
                    alerts(story, NASTY),
                    tmp_path,
                    url=f"http://127.0.0.1:{listening.getsockname()[1]}/canary",
                    timeout=timedelta(milliseconds=100),
                )
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _hang(listening, drip, over):
    held = []
    listening.settimeout(0.02)
    while not over.is_set():
        try:
            held.append(listening.accept()[0])
        except TimeoutError:
            pass
        except OSError:
            break
        for each in held:
            try:
                each.sendall(drip)
            except OSError:
                continue
    for each in held:
        each.close()


def test_a_day_of_500_loses_nothing_and_asks_ever_less_often(story, tmp_path, monkeypatch):
    """Virtual time; all requests are real ones."""
    monkeypatch.setattr(exporting, "LONGEST_WAIT", 600.0)  # a tenth of the requests
    told = alerts(story, *[attrs.evolve(NASTY, symbol=f"C{n}") for n in range(4)])
    log, clock = Lines(), {}

    async def main(time):
        began = time()
        clock["over"] = lambda: time() - began >= DAY
        journal = Journal.open(tmp_path / "journal")
        exports = Exports(journal=journal, log=log, last_within=LIMITS.export)
        async with AsyncExitStack() as stack:

            async def open_it():
                config = WebhookConfig(url=server.url, engine="arena")
                around = SimpleNamespace(section="ops", data_dir=tmp_path / "ops", log=log)
                return await stack.enter_async_context(open_webhook(config, around))

            exports.add(Output(name="ops", plugin="", open=open_it))
            async with exports.running():
                for event in told.events:
                    exports.notice(journal.append(event.time, event.stream, event.body))
                exports.offer(attrs.evolve(told.view(), seq=journal.last_seq))
                while exports.states[0].behind:
                    await anyio.sleep(30)  # noqa: TID251 - on the loop's own time
                    assert journal.last_seq == told.events[-1].seq
                    assert time() - began < DAY + 3600
        return exports.states[0]

    with receiver(lambda: 204 if clock["over"]() else 500) as server:
        state = jumping_loop.run(monkeypatch, main)
    assert (state.behind, state.trouble) == (0, "")
    seqs = [json.loads(body)["seq"] for _, _, body in server.got]
    delivered = seqs[-4:]
    assert delivered == [event.seq for event in told.events[-4:]]
    # For a day the first of them was tried, three times in each round.
    assert set(seqs[:-4]) == {delivered[0]}
    rounds = DAY / exporting.LONGEST_WAIT
    assert rounds * 3 - 10 < len(seqs) < (rounds + 12) * (1 + len(WAITS))
    warned = [line for line in log.lines if "quarantine" in line[1]]
    assert len(warned) == 1
    assert "HTTP 500" in str(warned[0])
    assert "/hook" not in str(warned[0])
