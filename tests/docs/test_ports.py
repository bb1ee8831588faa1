"""The tables of the ports have the methods and words that the protocols have."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from nof0_core.protocols import (
    Capability,
    ExchangeProvider,
    MarketCapability,
    MarketProvider,
    OptionalExchangeMethods,
    OptionalMarketMethods,
    exchange_faults,
)
from nof0_core.protocols.capabilities import EXCHANGE_METHODS, MARKET_METHODS

DOCS = Path(__file__).parents[2] / "docs"
HOOKS = (DOCS / "hooks.md").read_text(encoding="utf-8")
PLUGIN = (DOCS / "write-a-plugin.md").read_text(encoding="utf-8")
PORTS = {
    "exchange": (ExchangeProvider, OptionalExchangeMethods, Capability, EXCHANGE_METHODS),
    "market": (MarketProvider, OptionalMarketMethods, MarketCapability, MARKET_METHODS),
}


def rows(port, header):
    part = HOOKS.split(f"## The {port} port\n")[1].split("\n## ")[0]
    table = part.split(header)[1].split("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def public(protocol):
    return {name: member for name, member in vars(protocol).items() if name[0] != "_"}


def called(member):
    """Return arguments as the tables write them: `(orders, *, expires_at)`."""
    signature = inspect.signature(member)
    plain = [p.replace(annotation=p.empty) for p in list(signature.parameters.values())[1:]]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


@pytest.mark.parametrize("port", PORTS)
def test_every_method_of_a_port_is_listed_with_its_arguments(port):
    required = public(PORTS[port][0])
    listed = [first.strip("`") for first, _ in rows(port, "| method | obligations |")]
    written = [
        name if isinstance(member, property) else f"{name}{called(member)}"
        for name, member in required.items()
    ]
    assert listed == written


@pytest.mark.parametrize("port", PORTS)
def test_every_word_is_listed_with_its_methods_and_what_is_done_without_it(port):
    _, optional, words, methods = PORTS[port]
    listed, word = {}, ""
    order = []
    for named, method, meaning, otherwise in rows(port, "| word | method |"):
        assert meaning
        if named:
            word = named.strip("`")
            order.append(word)
            assert otherwise
        if method:
            listed[method.strip("`")] = word
    assert order == list(words.__members__)
    assert set(public(optional)) == set(methods)
    assert listed == {
        f"{name}{called(member)}": methods[name].name for name, member in public(optional).items()
    }


def test_the_tutorial_lists_every_word_and_names_its_method():
    table = PLUGIN.split("| word | what a venue promises |")[1].split("\n\n")[0]
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", table, re.MULTILINE))
    assert list(listed) == list(Capability.__members__)
    for method, word in EXCHANGE_METHODS.items():
        assert f"`{method}(" in listed[word.name]


@pytest.mark.parametrize("page", [HOOKS, PLUGIN])
def test_what_is_refused_is_in_the_words_of_the_check(page):
    class ExampleExchange:
        capabilities = frozenset({Capability.FUNDING})

    (fault,) = exchange_faults(ExampleExchange())
    assert f"exchange section paper: {fault}\n" in page
