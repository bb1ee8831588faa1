"""The tables of a backtest: readable at every width, no digit ever cut, nothing empty."""

from __future__ import annotations

import re

from rich.console import Console

from nof0_core.cli.backtest_text import render

NUMBER = re.compile(r"[+-]?\d+\.\d+")


def test_whole_columns_go_and_no_digit_does(place):
    result = place.run(hours=12)

    def drawn(width):
        console = Console(width=width)
        with console.capture() as shown:
            for table in render(result, width=width):
                console.print(table)
        return shown.get()

    wide = drawn(200)
    for head in ("return %", "drawdown %", "in market %", "equity", "profit factor"):
        assert head in wide
    assert "moved" in wide, "capital is shared out anew at six and twelve hours"
    assert "[95 %]" not in wide, "twelve hours are too few for intervals"
    assert "daily Sharpe" not in wide, "nor for a ratio of any meaning"
    for width in (120, 80, 60, 40):
        text = drawn(width)
        assert all(len(line) <= width for line in text.splitlines())
        assert "…" not in text
        assert set(NUMBER.findall(text)) <= set(NUMBER.findall(wide))
        for words in ("return %", "net USD", "hold BTC"):
            assert words in text
    assert "funding" not in drawn(80)
