"""An error is a line that says whose it is; no secret is in it, nor in a traceback."""

from __future__ import annotations

import json

import pytest
from journal_lines import content_of, day_files
from staged_engine import FILES

from nof0_core.testing import Project

CANARY = "tweet/Tweet'4711\nsecond line of the canary"
SETTING = "not-a-secret-but-from-a-variable"
PLUGIN = """
from contextlib import asynccontextmanager
import attrs
from nof0_core import ServiceKind, hookimpl, opt

@attrs.frozen(kw_only=True)
class Config:
    key: str = opt(secret=True)
    account: str = opt()

@asynccontextmanager
async def open_market(config, env):
    inner = ExceptionGroup(f"with {config.key}", [KeyError(config.key), OSError(config.account)])
    inner.add_note(f"the key was {config.key}, the account {config.account}")
    try:
        raise inner
    except ExceptionGroup as group:
        raise RuntimeError(f"cannot log in with {config.key!r}: {config.key}") from group
    yield

@hookimpl
def nof0_market_providers():
    return [ServiceKind(type="leaks", config=Config, open=open_market, summary="a test")]
"""


@pytest.fixture
def leaking(tmp_path):
    """A project whose market cannot be opened and says why, key included."""
    for name, text in FILES.items():
        file = tmp_path / "etc" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    (tmp_path / "prompts").mkdir()
    for name in ("system", "user"):
        (tmp_path / "prompts" / f"{name}.tmpl").write_text("{# Version: 1 #}\nbe careful\n")
    (tmp_path / "etc" / "staged.py").write_text(PLUGIN)
    market = 'staged: {type: leaks, key: "${CANARY}", account: "${SETTING}"}'
    text = FILES["market.yaml"].replace("staged: {type: staged}", market)
    (tmp_path / "etc" / "market.yaml").write_text(text)
    text = FILES["exchange.yaml"].replace("type: venue", "type: sim")
    (tmp_path / "etc" / "exchange.yaml").write_text(text)
    clock = "Clock: {Start: 2025-07-01T00:00:00Z}\n"
    (tmp_path / "etc" / "nof0.yaml").write_text(FILES["nof0.yaml"] + clock)
    return Project(directory=tmp_path, environment={"CANARY": CANARY, "SETTING": SETTING})


def assert_no_canary(text):
    for part in (CANARY, *CANARY.splitlines(), "Tweet", json.dumps(CANARY)[1:-1]):
        assert part not in text
    assert "[redacted]" in text


def test_a_secret_in_what_opening_raises_is_shown_nowhere(leaking):
    outcome = leaking.nof0("run", "etc/nof0.yaml", "--cycles", "1")

    assert outcome.exit_code == 1
    assert "Traceback" not in outcome.stderr
    assert_no_canary(outcome.stdout + outcome.stderr)
    assert "market staged: opening failed 5 times: open raised RuntimeError: " in outcome.stderr
    assert "(market staged, market.yaml:4)" in outcome.stderr
    kept = "".join(p.read_text() for p in leaking.directory.rglob("*.log"))
    assert "in open_market" in kept  # the traceback stands in the log
    assert_no_canary(kept)
    assert SETTING not in kept
    journal = b"".join(map(content_of, day_files(leaking.directory)))
    assert b"Tweet" not in journal


def test_nor_in_the_traceback_somebody_asks_for(leaking):
    outcome = leaking.nof0("--debug", "run", "etc/nof0.yaml", "--cycles", "1")

    assert "Traceback" in outcome.stderr
    assert "in open_market" in outcome.stderr
    assert_no_canary(outcome.stdout + outcome.stderr)
    assert SETTING not in outcome.stderr
