"""What a run shows on a terminal: readable at every width, no digit ever cut, nothing missing."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest
from rich.console import Console
from rich.text import Text

from nof0_core.cli.display import screen
from nof0_core.cli.event_strip import EventStrip, shortened
from nof0_core.cli.narrow import listed_in
from nof0_core.cli.output import columns
from nof0_core.cli.progress import Progress
from nof0_core.cli.status import status_line
from nof0_core.domain.brakes import ActiveBrake, Brake
from nof0_core.domain.event import Alerted, BrakeTripped, Event
from nof0_core.domain.quality import AnswerCount
from nof0_core.ids import ENGINE
from nof0_core.testing.views import trader_view, view

WIDTHS = (200, 120, 80, 60)
NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")


def of(number: int, **more: object):
    seen = trader_view(f"trader_{number}", equity=f"{1_234_567 + 1111 * number}.89", hours=48)
    growth = attrs.evolve(seen.account, realized_pnl=Decimal(number))
    return attrs.evolve(
        seen,
        account=growth,
        name=f"Trader No {number}",
        model=f"a-model-with-a-long-name-{number}",
        answers=AnswerCount(asked=480, usable=477),
        **more,
    )


@pytest.fixture
def picture():
    base = of(0)
    halt = ActiveBrake(
        brake=Brake.HALT, since=base.started_at, until=None, message="enough for today"
    )
    loss = ActiveBrake(
        brake=Brake.DAILY_LOSS,
        since=base.started_at,
        until=base.started_at + timedelta(hours=9),
        message="lost 5 %",
    )
    return view(
        9,
        base,
        of(1, status="failing", trouble="model_error: refused"),
        of(2, status="paused"),
        of(3, brakes=(halt,)),
        of(4, brakes=(loss,)),
        of(5, waits_for="market main"),
    )


def drawn(picture, width: int, height: int = 40) -> str:
    strip = EventStrip({"trader_1": "Trader No 1"})
    for seq, body in enumerate(
        (
            Alerted(code="model_error", message="refused 127.0.0.1:8951 " * 12),
            BrakeTripped(brake=Brake.HALT, trader=None, message="enough for today", until=None),
        ),
        start=1,
    ):
        strip(Event(seq=seq, time=picture.time, stream=ENGINE, body=body))
    console = Console(width=width, height=height, force_terminal=True, no_color=True)
    with console.capture() as shown:
        console.print(screen(picture, "here", status_line(picture, 9), strip, console=console))
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.get())


def test_whole_columns_go_and_no_digit_does(picture):
    wide = drawn(picture, 200)
    known = set(NUMBER.findall(wide))
    for width in WIDTHS:
        text = drawn(picture, width)
        assert all(len(line) <= width for line in text.splitlines())
        assert set(NUMBER.findall(text)) <= known
        for place in range(6):
            assert f"Trader No {place}" in text
    heads = [drawn(picture, width).splitlines()[1].split() for width in WIDTHS]
    for wider, narrower in itertools.pairwise(heads):
        assert [word for word in wider if word in narrower] == narrower
        assert len(narrower) < len(wider)
    assert "model" in heads[0]
    assert heads[-1] == ["#", "trader", "equity", "return", "usable", "status"]


@pytest.mark.parametrize("width", WIDTHS)
def test_who_does_not_trade_looks_so_with_the_reason(picture, width):
    text = drawn(picture, width)
    rows = {n: next(r for r in text.splitlines() if f"Trader No {n} " in r) for n in range(6)}
    states = ("running", "failing", "paused", "halted", "braked", "waiting")
    for number, state in enumerate(states):
        assert state in rows[number]
    assert "Trader No 1: model_error: refused" in text
    assert "Trader No 3: halt: enough for today" in text
    assert "Trader No 4: daily_loss: lost 5 %, until" in text


def test_the_last_events_are_below_it_on_one_line_each(picture):
    for width in WIDTHS:
        lines = drawn(picture, width).splitlines()
        assert any("brake_tripped" in line and "enough" in line for line in lines)
        (alert,) = [line for line in lines if "  alert" in line]
        assert alert.endswith(" …")
        assert not re.search(r"\d …$", alert.replace("8951 …", ""))


@pytest.mark.parametrize("height", [12, 24, 50])
def test_500_traders_fit_and_the_failing_ones_are_among_those_shown(height):
    many = [of(n) for n in range(499)]
    failing = of(499, status="failing", trouble="model_error: refused")
    text = drawn(view(1, *many, failing), 80, height)
    assert len(text.splitlines()) < height
    assert re.search(r"Trader No 499 .* failing", text)
    assert "more: nof0 traders status" in text


def test_40_columns_and_a_dumb_name_are_enough(picture):
    text = drawn(picture, 40)
    assert all(len(line) <= 40 for line in text.splitlines())
    assert "failing" in text


def test_what_is_held_stands_on_one_line_at_any_width():
    held = "BTC +0.4%, ETH short -12.5%, SOL -4.1%, DOGE +0.1%"
    assert listed_in(Text(held), 60).plain == held
    assert listed_in(Text(held), 32).plain == "BTC +0.4%, ETH short -12.5% +2"
    assert listed_in(Text(held), 14).plain == "BTC +0.4% +3"
    assert listed_in(Text(held), 5).plain == "+4"


@pytest.mark.parametrize("width", [*WIDTHS, 40])
def test_aligned_lines_leave_columns_out_and_break_between_words(width):
    rows = [("id", "name", "status", "held")]
    rows += [
        (f"trader_{n}", f"Trader No {n}", "ok", "BTC\xa00.5, ETH\xa0short\xa01.25") for n in (1, 2)
    ]
    lines = columns(rows, width=width, leaves=(1, 2))
    assert all(len(line) <= width for line in lines)
    assert ("Trader No 1" in lines[1]) is (width > 40)
    assert "ETH short 1.25" in "\n".join(lines)
    assert len(columns(rows)) == 3


def test_words_go_and_never_a_part_of_a_number():
    assert shortened("buy 0.00374 BTC at 118000.5", 20) == "buy 0.00374 BTC at …"
    assert shortened("buy 交易 1234 5678", 12) == "buy 交易 …"
    assert shortened("one", 20) == "one"


def test_progress_is_told_where_the_end_is_known(picture):
    begin = picture.time
    on_the_way = Progress(begin=begin, end=begin + timedelta(hours=10))
    assert on_the_way.text(begin, 0) == "0 %"
    assert re.fullmatch(r"50 %, \d+:\d\d left", on_the_way.text(begin + timedelta(hours=5), 0))
    assert on_the_way.part(begin + timedelta(hours=50), 0) == 1
    assert Progress(begin=begin, end=None, cycles=20).part(begin, 5) == 0.25
    assert Progress(begin=begin, end=None).text(begin, 5) == ""
