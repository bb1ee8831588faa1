from __future__ import annotations

import attrs
import pytest
from rich.console import Console

from nof0_core.cli.status import reasons, status_line, status_table
from nof0_core.domain.health import Health, ServiceHealth
from nof0_core.domain.quality import AnswerCount
from nof0_core.testing.views import trader_view, view


@pytest.fixture
def picture():
    plain = attrs.evolve(trader_view("good", hours=48), answers=AnswerCount(asked=50, usable=49))
    dead = attrs.evolve(
        trader_view("dead", hours=48),
        answers=AnswerCount(asked=12),
        status="failing",
        trouble="model_error: nobody listens at that address",
    )
    return view(1, dead, plain)


def drawn(picture, width):
    console = Console(width=width)
    with console.capture() as shown:
        console.print(status_table(picture, "here", width=width))
    return shown.get()


def test_a_failing_trader_looks_failing_with_the_reason_and_stands_last(picture):
    text = drawn(picture, 250)
    lines = text.splitlines()
    good = next(line for line in lines if "good" in line)
    dead = next(line for line in lines if "dead" in line)
    assert good.split()[:3] == ["1", "Good", "good"]
    assert dead.split()[:3] == ["–", "Dead", "dead"]
    assert lines.index(good) < lines.index(dead)
    assert "49/50" in good
    assert "running" in good
    assert "0/12" in dead
    assert "failing" in dead
    assert "0 of 12 answers usable" in " ".join(text.split())
    assert reasons(picture, most=3) == [("Dead", "model_error: nobody listens at that address")]


@pytest.mark.parametrize("width", [200, 120, 80, 36])
def test_no_number_is_cut_where_it_is_narrow(picture, width):
    text = drawn(picture, width)
    assert "…" not in text
    assert "failing" in text
    for part in ("49/50", "0/12"):
        assert part in text
    assert ("10,000.00" in text) is (width > 36)


def test_the_line_names_services_that_are_not_well_the_worst_first(picture):
    told = [("ok", ""), ("degraded", "no stream [/x]"), ("down", "no key")]
    services = tuple(
        ServiceHealth(
            section=f"s{n}", family="market", health=Health(h), sentence=why, since=picture.time
        )
        for n, (h, why) in enumerate(told)
    )
    line = status_line(attrs.evolve(picture, services=services), 7)
    assert line.endswith("market s2 is down: no key; market s1 is degraded: no stream [/x]")
    assert "market" not in status_line(picture, 7)
