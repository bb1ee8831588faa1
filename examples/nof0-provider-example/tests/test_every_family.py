"""What this package offers beside the exchange and the check, against the suites of its families.

All of it is written against what is public of nof0.
"""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

import nof0_provider_example
from nof0_core import testing
from nof0_core.domain.model import Completion, ModelSpec
from nof0_core.errors import InvalidOutputError
from nof0_core.plugins.hookspecs import SPECS
from nof0_core.testing.contracts import (
    AllocatorContract,
    CommandContract,
    CompanionContract,
    ExporterContract,
    LLMContract,
    MarketContract,
)
from nof0_provider_example import plugin
from nof0_provider_example.favourite import Favourite
from nof0_provider_example.recited import Recited


def test_every_hook_is_there():
    hooks = {name for spec in SPECS for name in vars(spec) if name.startswith("nof0_")}
    assert hooks == {name for name in vars(plugin) if name.startswith("nof0_")} - {
        "nof0_provider_example"
    }


def test_only_what_is_public_of_nof0_is_imported():
    assert testing.private_imports(nof0_provider_example) == []


class TestWave(MarketContract):
    @pytest.fixture
    def kind(self):
        return plugin.WAVE

    async def test_it_swings_as_far_as_it_is_told(self, opener):
        config = attrs.evolve(opener.config, level_usd=Decimal(10_000), swing_pct=Decimal(10))
        async with attrs.evolve(opener, config=config).open() as market:
            bars = market.history("BTC", "1m")
        assert (bars.low.min(), bars.high.max()) == (9_000, 11_000)


class TestRecited(LLMContract):
    @pytest.fixture
    def kind(self):
        return plugin.RECITED

    async def test_what_it_is_told_to_say_is_read_as_decisions(self, question):
        text = '[{"signal": "close", "symbol": "btc"}]'
        assert await Recited(answer=text).complete(question) == Completion(
            model=ModelSpec(name="sample", backend="recited").name, text=text
        )

    async def test_a_text_that_is_no_answer_is_told(self, question):
        with pytest.raises(InvalidOutputError, match="no JSON found"):
            await Recited(answer="I would rather not").complete(question)


class TestLines(ExporterContract):
    @pytest.fixture
    def kind(self):
        return plugin.LINES

    async def test_a_torn_line_is_written_again(self, opener, events):
        async with opener.open() as exporter:
            await exporter.export(events[:3], testing.view(3))
        file = opener.env.data_dir / "lines.txt"
        whole = file.read_bytes()
        file.write_bytes(whole[:-4])
        async with opener.open() as exporter:
            assert await exporter.cursor() == 2
            await exporter.export(events[:3], testing.view(3))
        assert file.read_bytes() == whole


class TestFavourite(AllocatorContract):
    @pytest.fixture
    def kind(self):
        return plugin.FAVOURITE

    def test_the_best_gets_its_share_and_the_others_the_same(self, requests):
        request = requests["twelve traders"]
        shares = Favourite(favourite_pct=Decimal(45)).allocate(request)
        assert sorted(shares.values(), reverse=True) == [Decimal(45), *[Decimal(5)] * 11]


class TestPeek(CommandContract):
    @pytest.fixture
    def plugin(self):
        return plugin


class TestWatch(CompanionContract):
    @pytest.fixture
    def companion(self):
        (companion,) = plugin.nof0_companions()
        return companion

    async def test_it_says_who_is_behind(self, opener):
        async with opener.open():
            pass
        assert opener.said[-1] == "behind at the end: {'json': 3}"
