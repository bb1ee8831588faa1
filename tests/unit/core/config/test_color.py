"""How a trader is drawn."""

from __future__ import annotations

import pytest

from nof0_core.errors import ConfigError


def test_a_color_is_six_hexadecimal_digits_in_lower_case(bench):
    assert bench.load().traders[0].color == ""
    bench.replace("etc/manager.yaml", "id: one", 'id: one\n    color: "#1F77b4"')
    assert bench.load().traders[0].color == "#1f77b4"


@pytest.mark.parametrize("wrong", ['"red"', '"#12345"', '"#1234567"', '"#12345g"', '"123456"'])
def test_anything_else_is_refused_with_its_place(bench, wrong):
    bench.replace("etc/manager.yaml", "id: one", f"id: one\n    color: {wrong}")
    with pytest.raises(ConfigError) as caught:
        bench.load()
    [problem] = caught.value.problems
    assert problem.path.endswith("color")
    assert "#1f77b4" in problem.message
