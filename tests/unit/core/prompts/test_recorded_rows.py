"""Rows of a recording are written ahead; what is shown of them is what it would be alone."""

from __future__ import annotations

import random

import attrs
import numpy as np
import pytest

from nof0_core.domain.candles import Candles, readonly
from nof0_core.domain.snapshot import Series
from nof0_core.indicators.window import Window
from nof0_core.prompts import PromptBook
from nof0_core.prompts.sample import sample_context
from nof0_core.prompts.trimming import newest

BARS = 700
NAMES = ("ema20", "macd", "rsi7", "obv", "own")
ALL = """{# Version: 1 #}
{% for coin in coins %}{% for series in coin.series %}
{{ series.interval }} {{ series.bars }} {{ series.last.obv }} {{ series.table(without=["macd"]) }}
{{ series.rows }} {{ series.table() }}
{% endfor %}{% endfor %}
"""


def recording(rng):
    """Return bars and indicators with values of all sizes, and some that are none."""

    def column():
        size = 10 ** rng.uniform(-2, 5)
        odd = (float("nan"), float("inf"), float("-inf"), -0.0, 0.0, 999.96, 9.9999, 1.0)
        return readonly(
            [rng.choice(odd) if rng.random() < 0.1 else size * rng.random() for _ in range(BARS)]
        )

    price = column()
    bars = Candles(
        interval="3m",
        open_time=180_000 * np.arange(BARS),
        **dict.fromkeys(("open", "high", "low", "close"), price),
        volume=column(),
    )
    return bars, {name: column() for name in NAMES}


def shown(bars, indicators, stretch, *, is_window):
    """Return a piece of a recording, as a recorded market shows it or by itself."""
    if is_window:
        window = Window(indicators, stretch, bars)
        return Series(interval="3m", candles=window.bars, indicators=window)
    alone = {name: values[stretch].copy() for name, values in indicators.items()}
    return Series(interval="3m", candles=bars[stretch], indicators=alone)


def texts(book, pieces):
    context = sample_context()
    symbols = list(context.snapshots)
    snapshots = {
        symbol: attrs.evolve(context.snapshots[symbol], series={"3m": each})
        for symbol, each in zip(symbols, pieces, strict=False)
    }
    context = attrs.evolve(context, snapshots=snapshots)
    whole, short = (book.render(each, trader_name="x") for each in (context, newest(context, 3)))
    return whole.messages[1].content, short.messages[1].content


@pytest.fixture
def make_book(tmp_path):
    (tmp_path / "all.tmpl").write_text(ALL)
    return lambda: PromptBook(tmp_path / "all.tmpl", tmp_path / "all.tmpl")


@pytest.mark.parametrize("seed", range(12))
def test_pieces_of_a_recording_read_as_if_there_were_nothing_else(make_book, seed):
    rng = random.Random(seed)
    recordings = [recording(rng), recording(rng)]
    # One recording, two lists of indicators: what belongs to one is not shown of the other.
    recordings.append((recordings[0][0], {name: recordings[1][1][name] for name in NAMES[:4]}))
    book, ends = make_book(), [rng.randint(1, BARS) for _ in recordings]
    for _ in range(12):
        step = rng.choice([0, 1, 1, 1, 1, 3, 40, 300, -2])
        ends = [min(BARS, max(1, end + step)) for end in ends]
        size = rng.choice([10, 10, 10, 1, 30])
        stretches = [slice(max(0, end - size), end) for end in ends]
        recorded, alone = (
            [
                shown(*each, stretch, is_window=is_window)
                for each, stretch in zip(recordings, stretches, strict=True)
            ]
            for is_window in (True, False)
        )
        assert texts(book, recorded) == texts(make_book(), alone)


def test_other_bars_or_indicators_than_those_that_were_cut_are_shown_as_they_are(make_book):
    bars, indicators = recording(random.Random(1))
    stretch = slice(20, 30)
    piece = shown(bars, indicators, stretch, is_window=True)
    book = make_book()
    texts(book, [piece])
    other = attrs.evolve(piece, candles=bars[100:110])
    expected = attrs.evolve(
        shown(bars, indicators, stretch, is_window=False), candles=bars[100:110]
    )
    assert texts(book, [other]) == texts(make_book(), [expected])


def test_no_bars_are_no_text(make_book):
    bars, indicators = recording(random.Random(1))
    piece = shown(bars, indicators, slice(5, 5), is_window=True)
    assert "close: \n" in texts(make_book(), [attrs.evolve(piece)])[0]
