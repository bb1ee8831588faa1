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
        ("@hookimpl\ndef nof0_commands(cli):\n    raise OSError('no')\n", "OSError: no"),
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
