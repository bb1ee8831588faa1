"""The venue's prices from the command line: checked, downloaded, and traded on paper."""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from info_server import serving

from nof0_core.clock import SystemClock
from nof0_core.recordings.folder import load_folder
from nof0_core.testing import Project

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]


@pytest.fixture
def venue():
    with serving(SystemClock()) as served:
        yield served


@pytest.fixture
def project(tmp_path, venue):
    Project(directory=tmp_path).nof0("init", "demo").check()
    found = Project(directory=tmp_path / "demo")
    found.write(
        "etc/market.yaml",
        f"""
        default: live
        providers:
          live: {{type: hyperliquid, base_url: "{venue.url}"}}
        symbols: [BTC, ETH]
        intervals: [3m, 4h]
        """,
    )
    manager = found.directory / "etc" / "manager.yaml"
    manager.write_text(
        re.sub(r"market_provider: \S+", "market_provider: live", manager.read_text())
    )
    llm = found.directory / "etc" / "llm.yaml"
    llm.write_text(llm.read_text().replace("[BTC, ETH, SOL]", "[BTC, ETH]"))
    found.write(
        "etc/exchange.yaml",
        """
        default: paper_trading
        providers:
          paper_trading: {type: sim}
        """,
    )
    main = found.directory / "etc" / "nof0.yaml"
    main.write_text(re.sub(r"(?m)^Clock:\n(  .*\n)+", "", main.read_text()))
    return found


def download(project, *words):
    outcome = project.nof0(
        "data", "download", "etc/nof0.yaml", "live", "--symbols", "BTC", *words, "--json"
    )
    assert outcome.stdout, outcome.stderr
    rows = json.loads(outcome.stdout)["series"]
    return outcome, {row["interval"] or "funding": row for row in rows}


def day(moment):
    return f"{moment:%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(("page", "side"), [(100, "oldest"), (500, "newest"), (5000, "oldest")])
def test_a_download_is_a_recording_whatever_the_page(project, venue, page, side):
    venue.page, venue.side = page, side
    now = SystemClock().now()
    start = (now - timedelta(days=9)).replace(hour=0, minute=0)
    end = (now - timedelta(days=1)).replace(hour=0, minute=0)
    words = ("--interval", "1h", "--interval", "15m", "--from", day(start), "--to", day(end))
    outcome, rows = download(project, *words)
    assert outcome.exit_code == 0, outcome.stdout
    days = (end - start).days
    assert (rows["1h"]["rows"], rows["15m"]["rows"], rows["funding"]["rows"]) == (
        days * 24,
        days * 96,
        days * 24,
    )
    folder = project.directory / "data" / "history" / "live"
    load_folder(folder, ["BTC"], allow_gaps=False)
    _, rows = download(project, *words)
    assert [row["added"] for row in rows.values()] == [0, 0, 0]


def test_what_the_venue_no_longer_has_is_told_and_the_rest_is_there(project, venue):
    start = SystemClock().now() - timedelta(days=8)
    outcome, rows = download(project, "--from", day(start), "--no-funding")
    assert outcome.exit_code == 1
    assert "the venue keeps the newest 5,000 1m bars of BTC" in rows["1m"]["trouble"]
    assert rows["1m"]["rows"] == pytest.approx(4999, abs=2)
    assert rows["1m"]["gaps"] == 0
    outcome, _ = download(project, "--from", day(start), "--no-funding")
    assert outcome.exit_code == 0, "nothing new is missing"


def test_check_online_asks_the_venue(project, venue):
    said = project.nof0("check", "etc/nof0.yaml", "--online")
    assert f"{venue.url} answers, and its clock is this machine's" in said.stdout + said.stderr
    venue.delisted = ["ETH"]
    said = project.nof0("check", "etc/nof0.yaml", "--online")
    assert said.exit_code != 0
    assert "ETH is delisted" in said.stdout + said.stderr


def test_traders_look_at_the_venue_once_for_all(project, venue):
    manager = project.directory / "etc" / "manager.yaml"
    text = re.sub(r"decision_interval: \S+", "decision_interval: 10s", manager.read_text())
    manager.write_text(text)
    project.replace("etc/executor.yaml", "decision_timeout: 60s", "decision_timeout: 5s")
    project.nof0("run", "etc/nof0.yaml", "--cycles", "1").check()
    traders = text.count("decision_interval")
    assert traders >= 3
    # Two coins of two intervals, and some of them anew where a bar has closed meanwhile.
    kinds = venue.kinds()
    assert 4 <= kinds.count("candleSnapshot") <= 8
    assert {each["req"]["coin"] for each in venue.asked if "req" in each} == {"BTC", "ETH"}
    # All coins in one request, no more often than once a second.
    times = [time for kind, time in venue.times if kind == "metaAndAssetCtxs"]
    assert all(later - time >= 900 for time, later in pairwise(times))
    assert len(times) >= 2


def test_the_seeds_live_configuration_lacks_nothing(tmp_path):
    for top in ("etc", "prompts"):
        shutil.copytree(ROOT / top, tmp_path / top)
    keys = {
        "ZENMUX_API_KEY": "k" * 20,
        "HYPERLIQUID_PRIVATE_KEY": "0x" + "1" * 64,
        "HYPERLIQUID_MAIN_ADDRESS": "0x" + "2" * 40,
    }
    said = Project(directory=tmp_path, environment=keys).nof0("check", "etc/live.yaml")
    assert said.exit_code == 0, said.stderr
    assert "etc/live.yaml is fine" in said.stdout
