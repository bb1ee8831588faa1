"""What must hold for the commands a plugin adds to `nof0`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pytest
from click.testing import CliRunner

from nof0_core.plugins.families import COMMANDS_HOOK
from nof0_core.testing.project import Project

NO_SUCH_OPTION = "--no-such-option"


class CommandContract:
    """Suite for the hook `nof0_commands`; override `plugin` with the module that has it."""

    @pytest.fixture
    def plugin(self) -> Any:
        """Return the module the entry point names; every suite must override it."""
        message = "override the fixture `plugin`: return the module with the hook nof0_commands"
        raise NotImplementedError(message)

    @pytest.fixture
    def commands(self, plugin: Any) -> click.Group:
        """Let the plugin add its commands to an empty group."""
        return _added(plugin)

    @pytest.fixture
    def cores(self, tmp_path: Path) -> frozenset[str]:
        """Return the names of the commands nof0 has without plugins."""
        return core_names(Project(directory=tmp_path, environment={"NOF0_PLUGINS": ""}))

    def test_there_are_commands(self, commands: click.Group) -> None:
        """The hook adds at least one."""
        assert commands.commands, "the hook added no command"

    def test_names_are_free(self, commands: click.Group, cores: frozenset[str]) -> None:
        """None has the name of a command of nof0's own; the plugin's would be refused."""
        taken = sorted(set(commands.commands) & cores)
        assert not taken, f"nof0 has commands of its own named {', '.join(taken)}"

    def test_hook_adds_the_same_each_time(self, plugin: Any, commands: click.Group) -> None:
        """It has no memory: a second command line gets the same commands."""
        assert list(_added(plugin).commands) == list(commands.commands)

    def test_each_says_what_it_is(self, commands: click.Group) -> None:
        """`nof0 --help` shows a line about it, `nof0 NAME --help` ends well and needs nothing."""
        for path, command in _all(commands):
            name = " ".join(path)
            assert command.get_short_help_str().strip(), f"{name}: no help text"
            result = _run(commands, [*path, "--help"])
            assert result.exit_code == 0, f"{name} --help ended with {result.exit_code}"
            assert "Usage:" in result.output, f"{name} --help shows no usage"

    def test_bad_usage_ends_with_2(self, commands: click.Group) -> None:
        """An option it does not have is named at once: exit code 2, and nothing done."""
        for path, _ in _all(commands):
            name = " ".join(path)
            result = _run(commands, [*path, NO_SUCH_OPTION])
            assert result.exit_code == 2, f"{name} {NO_SUCH_OPTION} ended with {result.exit_code}"
            assert NO_SUCH_OPTION in result.output, f"{name}: the option is not named"


def core_names(project: Project) -> frozenset[str]:
    """Read the names of all commands from the help text of the real command."""
    text = project.nof0("--help").check().stdout
    rows = text.split("Commands:\n")[1].splitlines()
    return frozenset(row.split()[0] for row in rows if row.startswith("  ") and row[2] != " ")


def _added(plugin: Any) -> click.Group:
    hook = getattr(plugin, COMMANDS_HOOK, None)
    assert hook is not None, f"{plugin!r} has no hook {COMMANDS_HOOK}"
    group = click.Group("nof0")
    hook(cli=group)
    return group


def _all(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[list[str], Any]]:
    """Walk through all commands, those within groups included."""
    for name, command in group.commands.items():
        path = (*above, name)
        yield list(path), command
        if isinstance(command, click.Group):
            yield from _all(command, path)


def _run(group: click.Group, arguments: list[str]) -> Any:
    """Run a command in an empty directory, and see that it leaves nothing there."""
    with TemporaryDirectory(prefix="nof0-") as directory:
        with chdir(directory):
            result = CliRunner().invoke(group, arguments, prog_name="nof0")
        left = sorted(path.name for path in Path(directory).iterdir())
    assert not left, f"{' '.join(arguments)} left {', '.join(left)} behind"
    return result
