"""Secrets do not get into anything that is kept or shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core import config as configuration
from nof0_core.plugins import load_plugins
from nof0_core.redaction import MARK, REMEMBERED, Redactor
from nof0_core.runtime.logs import logging_to
from nof0_core.testing.environment import env

SECRET = 'pa"ss/wörd+1'  # noqa: S105 - invented
HANDED_OUT = [
    "sk",
    "pk",
    "rk",
    "xai",
    "gsk",
    "ghp",
    "gho",
    "glpat",
    "github_pat",
    "xoxa",
    "xoxb",
    "xoxp",
    "xoxr",
    "xoxs",
]
NAMES = [
    *(
        f"{word}{dash}key"
        for word in ("api", "private", "secret", "access")
        for dash in ("", "-", "_")
    ),
    *("secret", "password", "passwd", "authorization"),
]
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(SECRET, id="plain"),
        pytest.param(json.dumps(SECRET), id="json"),
        pytest.param("https://u:pa%22ss%2Fw%C3%B6rd%2B1@host/", id="address"),
    ],
)
def test_a_known_secret_is_found_however_it_is_written(written):
    text = Redactor([SECRET]).text(f"before {written} after")

    assert MARK in text
    assert "pa" not in text
    assert text.startswith("before ")
    assert text.endswith(" after")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key sk-proj-abcdefghijklmnop1234 was refused", "abcdefghijklmnop1234"),
        ("Authorization: Bearer abcdef.123456", "abcdef.123456"),
        ("authorization: zenmux-12345678", "zenmux-12345678"),
        ("postgres://nof0:hunter22@db/nof0", "hunter22"),
        ("redis://:hunter22@cache", "hunter22"),
        ('{"api_key": "a1b2c3d4e5"}', "a1b2c3d4e5"),
        (r"{\"private_key\": \"a1b2c3d4e5\"}", "a1b2c3d4e5"),
        ("API_KEY=a1b2c3d4e5", "a1b2c3d4e5"),
        ("wallet 0x" + "ab" * 32, "ab" * 32),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        ("AKIA" + "Q" * 16, "Q" * 16),
        ("AIza" + "q" * 30, "q" * 30),
        *((f"{name}{dash}" + "q" * 16, "q" * 16) for name in HANDED_OUT for dash in "-_"),
        *((f"{name}=a1b2c3d4e5", "a1b2c3d4e5") for name in NAMES),
        *((f"{name.upper()}: a1b2c3d4e5", "a1b2c3d4e5") for name in NAMES),
        # Letters outside ASCII that a search without regard to case takes for i, k and s.
        ("ap\u0130_\u212aey: a1b2c3d4e5", "a1b2c3d4e5"),
        ("ap\u0131_key: a1b2c3d4e5", "a1b2c3d4e5"),
        ("\u017fecret: a1b2c3d4e5", "a1b2c3d4e5"),
        ("pa\u017f\u017fwd: a1b2c3d4e5", "a1b2c3d4e5"),
        ("author\u0130zation: a1b2c3d4e5", "a1b2c3d4e5"),
    ],
)
def test_what_looks_like_a_key_is_taken_out(text, secret):
    redacted = Redactor().text(text)

    assert secret not in redacted
    assert MARK in redacted


@pytest.mark.parametrize(
    "text",
    [
        "order 0x" + "ab" * 16 + " filled at 121850.5",
        "digest " + "0123456789abcdef" * 4,
        "prompt_tokens: 123456789, task-force risk-reward sk-1",
        "the secret of trading: patience",
        "etc/llm.yaml:7: backends.mine.api_key: required key is missing",
        "etc/llm.yaml:7: backends.mine.api_key: environment variable MY_KEY is not set",
        "etc/llm.yaml:7: backends.mine.api_key: expected a string, got a secret",
        "https://api.example.com/v1/chat/completions?symbol=BTC@1",
    ],
)
def test_what_is_no_key_stays(text):
    assert Redactor(["abc"]).text(text) == text


@given(st.text(min_size=4, max_size=20), st.text(max_size=30), st.text(max_size=30))
def test_no_known_secret_survives_and_twice_is_the_same_as_once(secret, before, after):
    redactor = Redactor([secret])
    once = redactor.text(before + secret + after)

    assert secret not in once or secret in MARK
    assert MARK in once


def test_the_longer_of_two_secrets_goes_first():
    assert Redactor(["abcd", "abcdefgh"]).text("abcdefgh abcd") == f"{MARK} {MARK}"


def test_a_text_full_of_beginnings_of_tokens_is_read_once():
    assert Redactor().text("-eyJaaaaaaaa" * 400_000) == f"-{MARK}"


def test_values_keep_their_shape():
    value = {
        "api_key": "x",
        "prompt_tokens": 3,
        "rows": [(1.5, None, "abcdefgh")],
        "e": KeyError(2),
    }

    assert Redactor(["abcdefgh"]).value(value) == {
        "api_key": MARK,
        "prompt_tokens": 3,
        "rows": [[1.5, None, MARK]],
        "e": "2",
    }


def test_neither_log_file_nor_terminal_shows_a_secret(tmp_path):
    lines = []
    file = tmp_path / "nof0.log"
    with logging_to(file, is_verbose=True, echo=lines.append, redactor=Redactor([SECRET])) as make:
        log = make("test")
        log.warning("with " + SECRET, error=ValueError(SECRET), nested={"a": [SECRET]}, api_key="q")  # noqa: G003

    (record,) = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert record["event"] == f"with {MARK}"
    assert record["nested"] == {"a": [MARK]}
    assert record["api_key"] == MARK
    assert "wörd" not in "".join(lines) + json.dumps(record, ensure_ascii=False)


@pytest.mark.anyio
async def test_services_are_given_a_redactor():
    async with env() as surroundings:
        assert surroundings.redact("API_KEY=a1b2c3d4e5") == f"API_KEY={MARK}"


def test_the_configuration_knows_its_secrets_and_does_not_show_them(tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    manager = tmp_path / "etc" / "manager.yaml"
    address = "https://hooks.example/T0/secret-part"
    text = manager.read_text(encoding="utf-8")
    manager.write_text(text.replace('alert_webhook: ""', f'alert_webhook: "{address}"'))
    config = configuration.load(tmp_path / "etc" / "nof0.yaml", load_plugins(), environ={})

    assert address in config.secrets
    assert address not in repr(config)


def test_what_utf_8_cannot_write_is_replaced():
    assert Redactor().text("a\ud800b") == "a?b"


@given(texts=st.lists(st.sampled_from(["BTC", "abcdefgh", "Bearer abcdefgh", "mark é", "\udc80"])))
def test_what_a_redactor_has_seen_before_changes_nothing_it_says(texts):
    told, other = Redactor(["abcdefgh"]), Redactor()
    for text in texts:
        assert told.text(text) == Redactor(["abcdefgh"]).text(text)
        assert other.text(text) == Redactor().text(text)


def test_long_texts_and_more_than_are_remembered_are_redacted_as_ever():
    redactor = Redactor([SECRET])
    for number in range(REMEMBERED + 10):
        assert redactor.text(f"coin {number}") == f"coin {number}"
    for text in (f"a {SECRET}", "x" * 10_000 + SECRET):
        assert SECRET not in redactor.text(text)
        assert SECRET not in redactor.text(text)
