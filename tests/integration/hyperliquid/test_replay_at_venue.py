"""Every cycle of a run on a venue and on paper comes out the same from its journal alone."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest
from hyperliquid_account import AGENT, MAIN
from hyperliquid_desk import D
from llm_server import LlmServer
from mixed_run import Mixed, answered
from venue_thread import venue_beside

from nof0_provider_hyperliquid.rehearsal.venue import VenueSettings

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]
TRADERS = ("one", "paper_flips", "talker", "panel")


def sent(run):
    """Orders that carry out decisions, by trader."""
    found = (record["data"] for record in run.records("order_intended"))
    return Counter(data["trader"] for data in found if data["purpose"] in ("open", "close"))


def test_a_mixed_run_with_faults_a_kill_a_restart_and_a_reload_replays_to_the_byte(tmp_path):
    with (
        venue_beside(VenueSettings(history=timedelta(hours=2))) as venue,
        LlmServer(default=answered) as models,
    ):
        # What a start after a kill may ask within a minute is nothing that replay is about.
        venue.limits.of("127.0.0.1").weight.most = 100_000
        venue.exchange.open_account(MAIN, D(10_000), agents={AGENT: "nof0"})
        run = Mixed(tmp_path, venue, models.url)
        is_reloaded = False

        def some():
            return all(run.cycles(name) >= 4 for name in TRADERS) and sent(run)["one"] > 1

        run.run(some, is_killed=True)
        before = {name: run.cycles(name) for name in TRADERS}

        def more():
            nonlocal is_reloaded
            if not is_reloaded and all(run.cycles(t) > before[t] for t in TRADERS):
                run.change("executor.yaml", "max_positions: 3", "max_positions: 2")
                reloaded = run.nof0("traders", "reload", "etc/nof0.yaml")
                assert reloaded.returncode == 0, reloaded.stderr
                before.update({name: run.cycles(name) for name in TRADERS})
                is_reloaded = True
            return is_reloaded and all(run.cycles(t) > before[t] + 2 for t in TRADERS)

        assert run.run(more) == 0, (tmp_path / "said.log").read_text()[-3000:]
    assert len(run.records("config_loaded")) == 2
    assert len(run.records("engine_started")) == 2
    orders = sent(run)
    assert orders["one"], orders
    assert orders["talker"] + orders["panel"], orders

    # Nothing of it is there any more: no venue, no models, no files of the configuration.
    for part in ("etc", "prompts"):
        (tmp_path / part).rename(tmp_path / f"gone-{part}")
    outcome = run.nof0("replay", "data", "--json")
    found = json.loads(outcome.stdout)
    assert found["cycles_that_differ"] == []
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert found["cycles"] == len(run.records("cycle"))
    compared = sum(found["traders"][name]["orders"] for name in TRADERS)
    assert compared == sum(orders.values())
    assert found["traders"]["talker"]["prompts"] > 0
