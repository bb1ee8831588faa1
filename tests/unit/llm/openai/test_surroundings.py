"""What is sent follows from the configuration alone; the environment is used or refused by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from llm_server import LlmServer

from nof0_core.errors import UsageError
from nof0_llm.openai.settings import OpenAIParams
from nof0_llm.openai.surroundings import trusted

pytestmark = pytest.mark.anyio
AUTHORITY = Path(__file__).parents[3] / "data" / "tls" / "authority.pem"
OTHERS = {
    "OPENAI_ORG_ID": "foreign-org",
    "OPENAI_PROJECT_ID": "foreign-project",
    "OPENAI_CUSTOM_HEADERS": "X-Foreign: foreign-header\nAuthorization: Bearer foreign",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/foreign",
    "OPENAI_API_KEY": "foreign-key",
    "OPENAI_ADMIN_KEY": "foreign-admin",
}


async def test_settings_of_other_programs_reach_no_endpoint(desk, llm_server, monkeypatch):
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    async with desk() as made:
        await made.ask()
    (heads,) = llm_server.headers
    assert "foreign" not in str(heads)
    assert not [name for name in heads if name.startswith(("openai-", "x-stainless"))]
    assert heads["authorization"] == "Bearer sk-marker-4711-never-shown"


async def test_what_a_provider_wants_beside_is_sent(desk, llm_server):
    params = OpenAIParams(
        extra_body={"enable_thinking": False, "provider": {"order": ["a"]}},
        headers={"X-Title": "mine"},
        secret_headers={"api-key": "abc", "Authorization": "Token own"},
        query={"api-version": "2024-10-21"},
    )
    async with desk() as made:
        await made.ask(params=params)
    (call,), (heads,), (path,) = llm_server.calls, llm_server.headers, llm_server.paths
    assert (call["enable_thinking"], call["provider"]) == (False, {"order": ["a"]})
    assert (heads["x-title"], heads["api-key"]) == ("mine", "abc")
    assert heads["authorization"] == "Token own"
    assert path == "/v1/chat/completions?api-version=2024-10-21"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"extra_body": {"max_tokens": 9}}, "max_completion_tokens of the model"),
        ({"extra_body": {"temperature": 1}}, "temperature of the model"),
        ({"extra_body": {"n": 3}}, "nof0's own"),
        ({"headers": {"Host": "x"}}, "follows from the call"),
        ({"headers": {"X-Api-Key": "abcdef"}}, "under secret_headers"),
        ({"headers": {"X Y": "a"}}, "a name that no header has"),
        ({"headers": {"X": "a\nb"}}, "no header takes"),
        ({"query": {"key": "abcdef"}}, "may be a key"),
    ],
)
def test_what_would_undo_a_setting_or_show_a_key_is_refused(settings, words):
    with pytest.raises(ValueError, match=words) as caught:
        OpenAIParams(**settings)
    assert "abcdef" not in str(caught.value)


def test_secret_headers_are_not_in_the_repr():
    assert "marker" not in repr(OpenAIParams(secret_headers={"api-key": "marker"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks://u:hidden-word@127.0.0.1:9/"),
        ("https_proxy", "gopher://hidden-word"),
        ("HTTP_PROXY", "http://hidden-word:port"),
        ("SSL_CERT_FILE", "/no/such/hidden-word"),
        ("SSL_CERT_DIR", "/no/such/hidden-word"),
    ],
)
async def test_what_cannot_be_used_is_refused_by_the_variables_name(desk, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=name) as caught:
        async with desk():
            pass
    assert "hidden-word" not in str(caught.value)
    assert caught.value.exit_code == 2


async def test_a_file_that_holds_no_certificate_is_refused(desk, monkeypatch, tmp_path):
    (tmp_path / "ca.pem").write_text("none")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        async with desk():
            pass


async def test_certificates_are_read_once_until_there_are_others(desk, monkeypatch, tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text(AUTHORITY.read_text())
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    first = trusted()
    assert len(first.get_ca_certs()) == 1
    async with desk(), desk():
        assert trusted() is first
    file.write_text(AUTHORITY.read_text() * 2)
    later = trusted()
    assert later is not first
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    assert trusted() not in (first, later)


async def test_a_proxy_is_used(desk, llm_server, monkeypatch):
    with LlmServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        llm_server.url = "http://endpoint.invalid/v1"
        async with desk() as made:
            await made.ask()
        assert proxy.paths == ["http://endpoint.invalid/v1/chat/completions"]


def test_the_client_says_nothing_of_its_own_when_it_is_imported():
    code = "import nof0_llm.openai.backend"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
