"""Endpoints that answer slowly, never or without end, and certificates that do not fit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from llm_server import LlmServer, Say

from nof0_core.domain.model import Usage
from nof0_core.errors import LLMError, ModelTimeoutError
from nof0_core.testing.environment import env
from nof0_llm.openai.settings import OpenAIConfig
from nof0_llm.plugin import OPENAI

pytestmark = pytest.mark.anyio

TLS = Path(__file__).parents[3] / "data" / "tls"
ENOUGH = 200_000


def worst_of(call):
    assert (call.outcome, call.is_estimate) == ("unknown", True)
    assert call.usage.completion_tokens >= 1000
    assert call.usage.cost_usd > 0


@pytest.mark.parametrize(
    "step",
    [
        Say(after=60),
        Say(drip=0.05, text="x" * ENOUGH),
        Say(drip=0.05, text="x" * ENOUGH, headers={"content-type": "text/event-stream"}),
        Say(drip=0.05, status=500, body=b"x" * ENOUGH),
        Say(drip=0.05, status=400, body=b"x" * ENOUGH),
    ],
    ids=["never", "byte by byte", "a stream", "an error", "a refusal"],
)
async def test_an_endpoint_without_end_is_given_up_named_and_counted_as_paid(
    desk, llm_server, step
):
    llm_server.default = step
    async with desk(timeout=timedelta(seconds=60)) as made:
        request = made.request(within=2)
        with pytest.raises(ModelTimeoutError) as caught:
            await made.backend.complete(request)
    assert llm_server.count == 1
    told = str(caught.value)
    assert llm_server.url.split("/")[2] in told
    assert "no whole answer within" in told
    assert "timeout" in told
    [call] = request.calls
    worst_of(call)


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_ten_megabytes_are_not_read_and_are_told_in_a_line(desk, llm_server, status):
    llm_server.default = Say(status=status, body=b'{"x": "' + b"x" * 10_000_000 + b'"}')
    async with desk(max_retries=0) as made:
        request = made.request()
        with pytest.raises(LLMError) as caught:
            await made.backend.complete(request)
    told = str(caught.value)
    assert len(told) < 500
    if status == 200:
        assert "longer than 4 MB" in told
        assert llm_server.url.split("/")[2] in told
        assert "base_url" in told
    else:
        assert str(status) in told
    [call] = request.calls
    assert call.usage != Usage() if status == 200 else call.outcome == "refused"


FITTING = {
    "unknown": ("is not trusted", "SSL_CERT_FILE"),
    "elsewhere": ("is for another host", "base_url"),
    "expired": ("has expired", "clock"),
}


@pytest.mark.parametrize("name", FITTING)
async def test_a_certificate_that_does_not_fit_is_told_once_and_costs_nothing(
    desk, llm_server, monkeypatch, name
):
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    with LlmServer(certificate=TLS / f"{name}.pem") as server:
        llm_server.url = server.url
        async with desk() as made:
            request = made.request()
            with pytest.raises(LLMError) as caught:
                await made.backend.complete(request)
        assert server.count == 0
    told = str(caught.value)
    assert server.url.split("/")[2] in told
    for word in FITTING[name]:
        assert word in told
    # Asking again would change nothing.
    assert [call.outcome for call in request.calls] == ["refused"]
    assert [call.usage for call in request.calls] == [Usage()]


async def test_an_authority_of_ones_own_is_trusted_where_it_is_named(desk, llm_server, monkeypatch):
    with LlmServer(certificate=TLS / "good.pem") as server:
        llm_server.url = server.url
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        async with desk() as made:
            with pytest.raises(LLMError, match=r"is not trusted.*SSL_CERT_FILE"):
                await made.ask()
        monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
        async with desk() as made:
            assert (await made.ask()).text
        assert server.count == 1


async def test_tls_spoken_to_an_endpoint_without_it_is_told(desk, llm_server):
    llm_server.url = llm_server.url.replace("http:", "https:")
    async with desk() as made:
        with pytest.raises(LLMError, match=r"does not speak TLS.*http://"):
            await made.ask()


async def test_the_check_before_a_run_says_the_same_of_a_certificate(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    with LlmServer(certificate=TLS / "expired.pem") as server:
        async with env() as made:
            config = OpenAIConfig(base_url=server.url, api_key="key")
            [finding] = await OPENAI.check_online(config, made)
    assert finding.level == "problem"
    assert "has expired" in finding.sentence


async def test_an_id_of_300_letters_of_an_answer_is_no_fault(desk, llm_server):
    long = "i" * 300
    step = Say(message={"id": long, "refusal": None})
    llm_server.default = step
    async with desk() as made:
        assert (await made.ask(model_name=long)).text
    assert llm_server.models() == [long]
