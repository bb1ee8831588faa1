"""Exits that the engine watches cost no moments but those at which they may be reached."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest
import random_projects

from nof0_core.protocols import Capability
from nof0_provider_sim.exchange import provider

START = datetime(2025, 7, 23, tzinfo=UTC)
LENGTH = timedelta(hours=40)
MODELS = """\
models:
  trend: {backend: baseline, model_name: ema_cross, params: {
    fast: ema20, slow: ema50, interval: 3m, stop_unit: pct, stop_pct: 1, reward: 15,
    size_pct: 60, leverage: 5, exit_on_signal: true}}
  holder: {backend: baseline, model_name: buy_and_hold, params: {size_pct: 20, stop_pct: 8}}
"""


@attrs.frozen(kw_only=True)
class Ran:
    """How many moments a run did, its journal by file, and all rows of it."""

    moments: int
    journal: dict[str, list[str]]

    def count(self, kind, *words):
        """Return how many events of a kind there are that have these words in them."""
        rows = (line for lines in self.journal.values() for line in lines)
        found = (line for line in rows if json.loads(line)["type"] == kind)
        return sum(all(word in line for word in words) for line in found)


@pytest.fixture
def ran(place, tmp_path):
    """Run the project of a place in a folder of its own."""
    place.replace("llm.yaml", "models:\n", MODELS)
    place.model("trend")

    def run(name, *, steps=False):
        moments = []
        journal, _ = random_projects.journal_of(
            place.config, LENGTH, tmp_path / name, start=START, steps=steps, progress=moments.append
        )
        return Ran(moments=len(moments), journal=journal)

    return run


def test_a_target_that_the_venue_refuses_costs_only_its_tries(place, ran):
    plain = ran("plain")
    place.replace("exchange.yaml", "taker_fee_bps: 4.5", "oracle_band_pct: 13")
    jumped, stepped = ran("jumped"), ran("stepped", steps=True)

    assert jumped.journal == stepped.journal
    assert plain.count("order_answered", "rejected") == 0
    tries = jumped.count("order_answered", "rejected")
    assert tries > 20
    assert stepped.moments > 5 * plain.moments
    assert jumped.moments < plain.moments + tries


def test_opposed_traders_whose_exits_the_engine_watches_cost_no_further_moments(
    place, ran, monkeypatch
):
    place.replace("manager.yaml", "    exchange_provider: other\n", "")
    place.replace("manager.yaml", "model: coin-flip-busy", "model: holder")
    plain = ran("plain")
    # As at a venue that knows one net position alone.
    netting = provider.CAPABILITIES - {Capability.REDUCE_OWN}
    monkeypatch.setattr(provider, "CAPABILITIES", netting)
    jumped, stepped = ran("jumped"), ran("stepped", steps=True)

    assert jumped.journal == stepped.journal
    assert plain.count("exit_plan", '"engine"') == 0
    watched = jumped.count("exit_plan", '"engine"')
    assert watched > 10
    assert stepped.moments > 5 * plain.moments
    assert jumped.moments < plain.moments + 2 * watched
