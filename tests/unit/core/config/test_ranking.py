from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.quality import DEFAULT_GATES, QualityGates
from nof0_core.errors import ConfigError


def written(bench, *lines):
    block = "".join(f"\n  {line}" for line in lines)
    bench.replace("etc/nof0.yaml", "Name: demo", f"Name: demo\nRanking:{block}")


def test_gates_are_those_of_the_ranking_block_and_documented_ones_without_it(bench):
    plain = bench.load()
    assert plain.gates == DEFAULT_GATES
    assert (
        QualityGates(min_cycles=20, min_usable_pct=Decimal(80), min_age=timedelta(hours=24))
        == DEFAULT_GATES
    )
    written(bench, "MinCycles: 5", "MinUsablePct: 62.5", "MinAge: 1h30m")
    chosen = bench.load()
    assert chosen.gates == QualityGates(
        min_cycles=5, min_usable_pct=Decimal("62.5"), min_age=timedelta(minutes=90)
    )
    # A run comes out the same whoever is ranked.
    assert chosen.digest == plain.digest


def test_zero_switches_a_gate_off(bench):
    written(bench, "MinCycles: 0", "MinUsablePct: 0", "MinAge: 0")
    assert bench.load().gates == QualityGates(
        min_cycles=0, min_usable_pct=Decimal(0), min_age=timedelta(0)
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("MinCycles: -1", "must be >= 0, got -1"),
        ("MinCycles: 2.5", "a whole number"),
        ("MinUsablePct: 101", "must be <= 100, got 101"),
        ("MinUsablePct: -0.1", "must be >= 0, got -0.1"),
        ("MinUsablePct: .nan", "a number"),
        ("MinAge: -1h", "must be >= 0s, got -1h"),
        ("MinAge: 24", "a duration with unit"),
        ("MinAges: 24h", 'did you mean "MinAge"'),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused_with_its_place(bench, line, said):
    written(bench, line)
    with pytest.raises(ConfigError) as caught:
        bench.load()
    [problem] = caught.value.problems
    key = line.split(":")[0]
    assert f"nof0.yaml:3: Ranking.{key}: " in str(problem)
    assert said in str(problem)
