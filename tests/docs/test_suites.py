"""The page on testing plugins lists every suite with its fixtures, and hooks.md every method."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nof0_core import protocols, testing
from nof0_core.testing import contracts

DOCS = Path(__file__).parents[2] / "docs"
SUITES = {name: getattr(contracts, name) for name in contracts.__all__ if name.endswith("Contract")}
PARTS = {"ServiceContract", "OrderContract"}
"""Held by others; they have no section of their own."""
MADE = {"anyio_backend", "market", "backend", "check", "allocator", "commands", "cores", "durable"}
"""What suites make for themselves of the others."""


def sections():
    page = (DOCS / "test-a-plugin.md").read_text()
    parts = re.split(r"^### (\w+)\n", page.split("## Without a suite")[0], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def fixtures(suite):
    return {
        name for name in dir(suite) if type(getattr(suite, name)).__name__.startswith("Fixture")
    }


def test_every_suite_has_a_section():
    assert set(sections()) == set(SUITES) - PARTS


@pytest.mark.parametrize("name", sorted(set(SUITES) - PARTS))
def test_fixtures_of_a_suite_are_listed(name):
    suite = SUITES[name]
    common = (
        fixtures(contracts.ServiceContract)
        if issubclass(suite, contracts.ServiceContract)
        else set()
    )
    wanted = fixtures(suite) - common - MADE
    assert wanted
    assert not {f for f in wanted if f"`{f}`" not in sections()[name]}


def test_what_the_kit_offers_is_named():
    page = (DOCS / "test-a-plugin.md").read_text()
    missing = {name for name in testing.__all__ if not re.search(rf"\b{name}\b", page)}
    assert missing <= {"START", "Lines", "Outcome", "account", "instrument"}


@pytest.mark.parametrize(
    "protocol",
    [
        protocols.MarketProvider,
        protocols.OptionalMarketMethods,
        protocols.ExchangeProvider,
        protocols.OptionalExchangeMethods,
        protocols.LLMBackend,
        protocols.Exporter,
        protocols.OptionalExporterMethods,
        protocols.Projection,
        protocols.RiskCheck,
        protocols.Allocator,
    ],
)
def test_methods_of_a_protocol_are_listed(protocol):
    page = (DOCS / "hooks.md").read_text()
    methods = {name for name in vars(protocol) if not name.startswith("_")}
    assert methods
    assert not {name for name in methods if not re.search(rf"`{name}[(`]", page.replace("\n", " "))}
