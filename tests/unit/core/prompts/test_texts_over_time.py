"""What is written of markets that go on: the same text whatever was written before.

`tests/data/rendered_prompts.json` has the digest of all prompts of each seed as they were first
written; a template or a format that is changed on purpose is the only reason to write it anew:
`python tests/unit/core/prompts/test_texts_over_time.py`.
"""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import numpy as np
import pytest

from nof0_core.domain.candles import Candles, interval_ms, to_ms
from nof0_core.domain.snapshot import MarketSnapshot, Series
from nof0_core.prompts import PromptBook
from nof0_core.prompts.sample import NAMES, sample_context

ROOT = Path(__file__).parents[4]
KNOWN = ROOT / "tests" / "data" / "rendered_prompts.json"
SYSTEMS = sorted((ROOT / "prompts" / "manager").glob("*.tmpl"))
USER = ROOT / "prompts" / "executor" / "default_prompt.tmpl"
ALL = """{# Version: 1 #}
{% for coin in coins %}
{{ coin.symbol }} {{ coin.mark }} {{ coin.funding_pct_year }}
{% for series in coin.series %}
{{ series.interval }} {{ series.bars }} {{ series.newest }} {{ series.last.close }}
{{ series.last.rsi7 }}
{{ series.table() }}
{% for name, values in series.rows %}
{{ name }}={{ values }}
{% endfor %}
{{ series.table(without=["close", "nothing"]) }}
{% endfor %}
{% endfor %}
"""
SEEDS = range(24)
MOMENTS = 8


class Market:
    """Bars of some coins that go on, are taken back, corrected and left out."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.context = sample_context()
        self.bars = self.rng.choice([1, 2, 10, 10, 10, 17])
        self.tables = {}
        self.ends = {}
        for symbol, snapshot in self.context.snapshots.items():
            scale = float(snapshot.quote.mark)
            for interval in snapshot.series:
                self.tables[symbol, interval] = self.table(scale)
                self.ends[symbol, interval] = self.rng.randint(1, 60)

    def table(self, scale):
        rng, price = self.rng, scale
        rows = []
        for number in range(400):
            price *= 1 + rng.gauss(0, 0.002)
            volume = rng.choice([0.0, rng.random(), 100 * rng.random(), 5000 * rng.random()])
            row = [price, volume]
            for place, name in enumerate(NAMES):
                value = rng.uniform(-1, 1) if "macd" in name else rng.uniform(0, 100)
                if name.startswith(("ema", "atr")):
                    value = price * (1 + rng.gauss(0, 0.001))
                is_known = number >= 5 * place and rng.random() > 0.01
                row.append(rng.choice([value, value, value, -0.0]) if is_known else float("nan"))
            rows.append(row)
        return rows

    def go_on(self):
        """Return the context of the next moment."""
        rng = self.rng
        self.context = attrs.evolve(
            self.context,
            time=self.context.time + timedelta(minutes=3),
            snapshots={s: self.snapshot(each) for s, each in self.context.snapshots.items()},
        )
        if rng.random() < 0.2:
            limits = attrs.evolve(
                self.context.limits,
                max_positions=rng.randint(1, 9),
                taker_fee_bps=Decimal(rng.randint(1, 9)),
            )
            self.context = attrs.evolve(self.context, limits=limits)
        return self.context

    def snapshot(self, before):
        rng = self.rng
        factor = Decimal(rng.choice([100, 100, 101, 99, 1000, 10])) / 100
        price = max(Decimal("0.001"), round(before.quote.mark * factor, 5))
        quote = attrs.evolve(before.quote, mark=price, mid=price, oracle=price)
        series = {i: self.series(before.symbol, i, each) for i, each in before.series.items()}
        time = before.time + timedelta(minutes=3)
        return MarketSnapshot(
            symbol=before.symbol, time=time, quote=attrs.evolve(quote, time=time), series=series
        )

    def series(self, symbol, interval, before):
        rng, key = self.rng, (symbol, interval)
        step = rng.choice([0, 1, 1, 1, 1, 1, 2, 5, 40, -1])
        if step == 0 and rng.random() < 0.5:
            return before
        end = self.ends[key] = max(1, self.ends[key] + step)
        table = self.tables[key]
        if rng.random() < 0.1:
            # A bar that was shown is corrected.
            table[max(0, end - rng.randint(1, 5))][rng.randrange(11)] *= 1.5
        rows = table[max(0, end - self.bars) : end]
        columns = np.array(rows, dtype=float).reshape(len(rows), 11).T
        first = to_ms(sample_context().time) // interval_ms(interval) * interval_ms(interval)
        length = interval_ms(interval)
        times = first + length * np.arange(end - len(rows), end)
        close, volume = columns[0].copy(), columns[1].copy()
        bars = Candles(
            interval=interval, open_time=times, open=close, high=close, low=close, close=close,
            volume=volume,
        )  # fmt: skip
        indicators = {name: columns[2 + n].copy() for n, name in enumerate(NAMES)}
        return Series(interval=interval, candles=bars, indicators=indicators)


def books_of(seed, folder):
    path = folder / "all.tmpl"
    path.write_text(ALL)
    system = SYSTEMS[seed % len(SYSTEMS)]
    return lambda: [PromptBook(system, USER), PromptBook(path, path)]


def texts(books, context):
    for book in books:
        for message in book.render(context, trader_name="Calm").messages:
            yield message.content


def digest_of(seed, folder):
    market, books, found = Market(seed), books_of(seed, folder)(), hashlib.sha256()
    for _ in range(MOMENTS):
        for text in texts(books, market.go_on()):
            found.update(text.encode())
    return found.hexdigest()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_prompt_is_written_as_it_always_was(seed, tmp_path):
    assert digest_of(seed, tmp_path) == json.loads(KNOWN.read_text())[seed]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_written_before_changes_no_text(seed, tmp_path):
    market, make = Market(seed), books_of(seed, tmp_path)
    books = make()
    for _ in range(MOMENTS):
        context = market.go_on()
        assert list(texts(books, context)) == list(texts(make(), context))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        KNOWN.write_text(json.dumps([digest_of(s, Path(scratch)) for s in SEEDS], indent=0) + "\n")
