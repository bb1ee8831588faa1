"""Values that are allowed and hardly meant are noted with their place."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("value", ["0.75", "0.01", "0.999"])
def test_a_confidence_written_as_a_fraction_is_noted(bench, value):
    bench.replace("etc/executor.yaml", "min_confidence: 60", f"min_confidence: {value}")
    [warning] = bench.load().warnings
    assert str(warning).startswith("etc/executor.yaml:")
    assert f"min_confidence: is {value} of 100" in str(warning)
    assert "the scale is 0 to 100" in str(warning)


def test_a_traders_own_fraction_is_noted_at_the_trader(bench):
    bench.replace(
        "etc/manager.yaml", "  - id: one", "  - id: one\n    risk_params: {min_confidence: 0.75}"
    )
    [warning] = bench.load().warnings
    assert str(warning).startswith("etc/manager.yaml:")
    assert "traders.0.risk_params.min_confidence: is 0.75 of 100" in str(warning)
    assert "write 75 for 75 %" in str(warning)


@pytest.mark.parametrize("value", ["0", "1", "60", "100"])
def test_whole_percents_are_taken_as_they_are(bench, value):
    bench.replace("etc/executor.yaml", "min_confidence: 60", f"min_confidence: {value}")
    assert not bench.load().warnings
