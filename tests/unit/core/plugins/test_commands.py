"""Commands of plugins."""

from __future__ import annotations

import sys

import click
import pytest

from nof0_core.plugins.commands import add_commands

WITH_COMMAND = """
import click

@click.command()
def greet():
    "Say hello."
    click.echo("hello")

@hookimpl
def nof0_commands(cli):
    cli.add_command(greet)
"""


def test_a_plugin_adds_its_command(install):
    install("acme-nof0", WITH_COMMAND)
    cli = click.Group()
    assert add_commands(cli, {"NOF0_PLUGINS": "acme-nof0"}) == ()
    assert list(cli.commands) == ["greet"]


def test_a_plugin_without_commands_is_not_even_imported(install, exchange_source):
    module = install("acme-nof0", exchange_source("acme"))
    add_commands(click.Group(), {"NOF0_PLUGINS": "acme-nof0"})
    assert module not in sys.modules


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import missing_thing  # nof0_commands", "No module named 'missing_thing'"),
        (
            "@hookimpl\ndef nof0_commands(cli):\n    raise OSError('no')\n",
            "nof0_commands raised OSError: no (aaa_nof0_plugin.py:6)",
        ),
        (
            "@hookimpl\ndef nof0_commands(cli):\n    raise SystemExit('no')\n",
            "nof0_commands raised SystemExit: no (aaa_nof0_plugin.py:6)",
        ),
        ("raise SystemExit(3)  # nof0_commands", "SystemExit: 3"),
    ],
)
def test_a_broken_plugin_is_named_and_stops_nothing(install, source, reason):
    install("aaa-nof0", source)
    install("bbb-nof0", WITH_COMMAND)
    cli = click.Group()
    [fault] = add_commands(cli, {"NOF0_PLUGINS": "aaa-nof0,bbb-nof0"})
    assert fault.startswith("plugin aaa-nof0 has no commands here — ")
    assert reason in fault
    assert list(cli.commands) == ["greet"]


def test_commands_that_break_the_contract_are_named(install):
    install("aaa-nof0", "def nof0_commands(cli):\n    pass\n")
    [fault] = add_commands(click.Group(), {"NOF0_PLUGINS": "aaa-nof0"})
    assert fault == (
        'plugin aaa-nof0 1.0 defines "nof0_commands" without marking it as a hook; it has no'
        " commands here"
    )


def test_a_hook_that_takes_no_argument_is_called_all_the_same(install):
    install(
        "acme-nof0",
        """
        asked = []

        @hookimpl
        def nof0_commands():
            asked.append(1)
        """,
    )
    assert add_commands(click.Group(), {"NOF0_PLUGINS": "acme-nof0"}) == ()
    assert sys.modules["acme_nof0_plugin"].asked == [1]


def test_other_hooks_are_not_called_for_commands(install):
    install(
        "acme-nof0",
        WITH_COMMAND
        + """
@hookimpl
def nof0_risk_checks():
    raise AssertionError
""",
    )
    cli = click.Group()
    assert add_commands(cli, {"NOF0_PLUGINS": "acme-nof0"}) == ()
    assert list(cli.commands) == ["greet"]
