"""A wrapper passes on exactly what it wraps, and is itself an exchange by all its promises."""

from __future__ import annotations

from contextlib import asynccontextmanager

import attrs
import pytest

from nof0_core.domain.health import Health
from nof0_core.protocols import Capability, ExchangeWrapper, exchange_faults
from nof0_core.testing.contracts import ExchangeContract
from nof0_provider_example.exchange import ExampleExchange
from nof0_provider_example.plugin import EXCHANGE


class Venue:
    """A venue of some words, whose methods say that they were called."""

    def __init__(self, *words):
        self.capabilities = frozenset(words)


class Proving(Venue):
    async def prove(self, client_id):
        return f"proved {client_id}"


class Limiter(ExchangeWrapper):
    def __init__(self, inner):
        super().__init__(inner)
        self.calls = []

    async def _prove(self, client_id):
        self.calls.append("prove")
        return await self.inner.prove(client_id)

    async def _funding(self, since):
        raise AssertionError("the venue behind has no funding")


@pytest.mark.anyio
async def test_an_optional_method_is_there_if_it_is_there_behind():
    wrapper = Limiter(Proving(Capability.PROOF))
    assert wrapper.capabilities == {Capability.PROOF}
    assert exchange_faults(wrapper) == ()
    assert await wrapper.prove("0x1") == "proved 0x1"
    assert wrapper.calls == ["prove"]
    with pytest.raises(AttributeError, match="'Limiter' object has no attribute 'funding'"):
        _ = wrapper.funding


class Healthy(Venue):
    def health(self):
        return Health.DEGRADED, "polling"


class Hurried(ExchangeWrapper):
    def _health(self):
        health, sentence = self.inner.health()
        return health, f"{sentence}, slowly"


class Counting(Venue):
    def figures(self):
        return {"weight_left": 3}


def test_figures_are_passed_on_where_the_venue_behind_has_them():
    wrapper = ExchangeWrapper(Counting(Capability.FIGURES))
    assert exchange_faults(wrapper) == ()
    assert wrapper.figures() == {"weight_left": 3}
    assert not hasattr(ExchangeWrapper(Venue()), "figures")


def test_health_is_passed_on_where_the_venue_behind_has_it():
    wrapper = ExchangeWrapper(Healthy(Capability.HEALTH))
    assert exchange_faults(wrapper) == ()
    assert wrapper.health() == (Health.DEGRADED, "polling")
    assert Hurried(wrapper).health() == (Health.DEGRADED, "polling, slowly")
    assert not hasattr(Hurried(Venue()), "health")


def test_wrappers_of_wrappers_pass_on_the_same():
    wrapper = ExchangeWrapper(Limiter(Venue()))
    assert exchange_faults(wrapper) == ()
    assert not hasattr(wrapper, "prove")


def test_a_fault_of_the_venue_behind_shows_through():
    assert exchange_faults(ExchangeWrapper(Venue(Capability.PROOF)))


class TestWrapped(ExchangeContract):
    """The example behind a wrapper that changes nothing keeps every promise."""

    @pytest.fixture
    def kind(self):
        @asynccontextmanager
        async def open_wrapped(config, env):
            async with EXCHANGE.open(config, env) as exchange:
                assert isinstance(exchange, ExampleExchange)
                yield ExchangeWrapper(ExchangeWrapper(exchange))

        return attrs.evolve(EXCHANGE, open=open_wrapped)


@pytest.fixture
def anyio_backend():
    return "asyncio"
