"""A project with one trader, whose sweeps are done in this process or by real workers."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import attrs
import pytest
from in_process_workers import MANAGER, InProcess

from nof0_core.sweep.running import prepare, run

ROOT = Path(__file__).parents[4]
PLUGIN = '''
"""Risk checks with a fault each, which shows when something is decided."""
import itertools
import os
import time

import attrs

from nof0_core import PolicyKind, hookimpl, opt
from nof0_core.domain.decision import Verdict, VerdictKind


@attrs.frozen(kw_only=True)
class How:
    does: str = opt(default="allow")


CALLS = itertools.count()


class Check:
    def __init__(self, how):
        self.does = how.does

    def check(self, decision, context):
        if self.does == "dies":
            os._exit(3)
        if self.does == "hangs":
            time.sleep(3600)
        if self.does == "changes" and next(CALLS):
            return Verdict(kind=VerdictKind.VETO, code="later", message="not again")
        return Verdict(kind=VerdictKind.ALLOW)


@hookimpl
def nof0_risk_checks():
    return [PolicyKind(type="faulty", config=How, build=Check, summary="x")]
'''


@attrs.frozen
class Place:
    """A project's directory."""

    directory: Path

    def write(self, name: str, text: str) -> Path:
        path = self.directory / "etc" / name
        path.write_text(textwrap.dedent(text))
        return path

    def sweep(self, text: str, name: str = "sweep.yaml") -> Path:
        """Write a sweep file, whose paths in messages are short: it is in the working directory."""
        self.write(name, "config: nof0.yaml\n" + textwrap.dedent(text))
        return Path("etc") / name

    def plugin(self, text: str = PLUGIN) -> None:
        self.write("faulty.py", text)
        main = self.directory / "etc" / "nof0.yaml"
        main.write_text(main.read_text().replace("Seed: 7", "Plugins: [faulty.py]\nSeed: 7"))

    def run(self, path: Path, *, workers=None, agree=lambda _: True, **options):
        hired = InProcess() if workers is None else workers
        return run(prepare(path), agree=agree, hired=hired, **options)


@pytest.fixture
def place(tmp_path, monkeypatch):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    made = Place(tmp_path)
    made.write("manager.yaml", MANAGER)
    market = tmp_path / "etc" / "market.yaml"
    text = market.read_text().replace("[BTC, ETH, SOL, BNB, DOGE, XRP]", "[BTC]")
    market.write_text(text.replace("type: sim  ", "type: sim\n    symbols: [BTC]\n    #"))
    models = tmp_path / "etc" / "llm.yaml"
    models.write_text(models.read_text().replace("symbols: [BTC, ETH, SOL]", "symbols: [BTC]"))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def hired():
    return InProcess()
