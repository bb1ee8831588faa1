"""A plugin's hooks are called with the arguments each names."""

from __future__ import annotations

import types

import pytest

from nof0_core import hookimpl
from nof0_core.errors import PluginError
from nof0_core.plugins.catalog import LoadedPlugin
from nof0_core.plugins.hookspecs import SPECS, hookspec
from nof0_core.plugins.implementations import HookError, Implementations

PLUGIN = LoadedPlugin(name="acme:a", distribution="acme", version="1", module="acme")


class LaterSpecs:
    @hookspec
    def nof0_commands(self, cli, console):
        """Add commands; the second argument came later."""

    @hookspec
    def nof0_things(self, limit):
        """Offer things."""


def module(*functions, **named):
    made = types.ModuleType("acme")
    for function in functions:
        setattr(made, function.__name__, function)
    for name, function in named.items():
        setattr(made, name, function)
    return made


def test_an_argument_a_hook_gets_later_breaks_no_plugin_written_for_fewer():
    asked = []

    @hookimpl
    def nof0_commands(cli):
        asked.append(cli)

    old = module(nof0_commands)
    Implementations(PLUGIN, old, SPECS).call("nof0_commands", cli="a")
    Implementations(PLUGIN, old, [LaterSpecs]).call("nof0_commands", cli="b", console="c")
    assert asked == ["a", "b"]


def test_arguments_go_by_name_whatever_their_order():
    @hookimpl
    def nof0_commands(console, cli):
        asked.append((cli, console))

    asked = []
    one = Implementations(PLUGIN, module(nof0_commands), [LaterSpecs])
    one.call("nof0_commands", cli="a", console="b")
    assert asked == [("a", "b")]


def test_an_argument_no_hook_has_is_refused():
    @hookimpl
    def nof0_commands(cli, config):
        raise AssertionError

    with pytest.raises(PluginError, match="does not fit its hook: .*config") as caught:
        Implementations(PLUGIN, module(nof0_commands))
    assert caught.value.distribution == "acme"


def test_everything_wrong_with_a_module_is_said_at_once():
    @hookimpl
    async def nof0_exporters():
        return []

    @hookimpl(wrapper=True)
    def nof0_risk_checks():
        return (yield)

    @hookimpl
    def nof0_alocators():
        return []

    with pytest.raises(PluginError) as caught:
        Implementations(PLUGIN, module(nof0_exporters, nof0_risk_checks, nof0_alocators))
    assert [str(fault) for fault in caught.value.faults] == [
        'plugin acme 1 implements an unknown hook "nof0_alocators"',
        'plugin acme 1 implements "nof0_exporters" as a coroutine',
        'plugin acme 1 implements "nof0_risk_checks" as a wrapper',
    ]


def test_several_implementations_of_one_hook_are_all_asked():
    @hookimpl(specname="nof0_things")
    def first(limit):
        return [limit]

    @hookimpl(specname="nof0_things")
    def second():
        yield 2

    made = Implementations(PLUGIN, module(first, second), [LaterSpecs])
    assert sorted(made.offered("nof0_things", "numbers", limit=1)) == [1, 2]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (None, "None"),
        ({"a": 1}, "a dict"),
        ("text", "a str"),
        (b"text", "a bytes"),
        (3, "an int"),
        (PLUGIN, "a LoadedPlugin"),
    ],
)
def test_an_answer_that_is_no_list_names_hook_and_line(answer, what):
    @hookimpl
    def nof0_risk_checks():
        return answer

    with pytest.raises(HookError) as caught:
        Implementations(PLUGIN, module(nof0_risk_checks)).offered("nof0_risk_checks", "PolicyKind")
    line = nof0_risk_checks.__code__.co_firstlineno
    assert caught.value.reason == (
        f"nof0_risk_checks returned {what}; return a list of PolicyKind"
        f" (tests/unit/core/plugins/test_implementations.py:{line})"
    )
