"""The table of commands, and a click group that imports only the one that is called."""

from __future__ import annotations

import importlib

import attrs
import click


@attrs.frozen
class Row:
    """One command: where it is, and its line in `nof0 --help`."""

    home: str
    summary: str


COMMANDS = {
    "run": Row(
        "nof0_core.cli.run:run",
        "Trade as CONFIG says until stopped with Ctrl-C, or a recorded market ends.",
    ),
    "backtest": Row(
        "nof0_core.cli.backtest:backtest", "Run CONFIG over history, and report what came out."
    ),
    "sweep": Row(
        "nof0_core.cli.sweep:sweep",
        "Run many backtests as SWEEP.yaml says, and compare what came out.",
    ),
    "replay": Row(
        "nof0_core.cli.replay:replay",
        "Do recorded cycles again from the journal alone, and compare.",
    ),
    "check": Row("nof0_core.cli.check:check", "Say what would run, or everything that is wrong."),
    "halt": Row("nof0_core.cli.halt:halt", "Stop the entries of all traders, durably."),
    "resume": Row("nof0_core.cli.resume:resume", "End what `nof0 halt` began."),
    "traders": Row(
        "nof0_core.cli.traders:traders",
        "See, pause, resume single traders; close positions; settle differences.",
    ),
    "init": Row("nof0_core.cli.init:init", "Write a configuration that runs offline into DIR."),
    "plugins": Row("nof0_core.cli.plugins:plugins", "List plugins and what they offer."),
    "describe": Row("nof0_core.cli.describe:describe", "Explain the settings of a kind."),
    "prompt": Row(
        "nof0_core.cli.prompt:prompt",
        "Render, check and compare prompts as a model would see them.",
    ),
    "data": Row("nof0_core.cli.data:data", "See, check, convert, download candle files."),
    "journal": Row(
        "nof0_core.cli.journal:journal", "Look into the journal: every decision, order and fill."
    ),
    "db": Row(
        "nof0_core.cli.db:db",
        "See to a run's database: upgrade, check, restore, import and export files.",
    ),
    "engines": Row(
        "nof0_core.cli.engines:engines",
        "List the engines that use a database, and the accounts they hold.",
    ),
    "leaderboard": Row(
        "nof0_core.cli.leaderboard:leaderboard", "Show the ranking of a run, with 95 % intervals."
    ),
    "trades": Row("nof0_core.cli.trades:trades", "List the closed trades of a run, newest last."),
    "positions": Row(
        "nof0_core.cli.positions:positions",
        "List the open positions of a run with their exits, as it last exported them.",
    ),
    "completion": Row(
        "nof0_core.cli.completion:completion", "Print what makes a shell complete nof0's words."
    ),
}
"""Core's commands in the order of the help text; plugins add theirs through `nof0_commands`."""


class CommandTable(click.Group):
    """A group whose commands are imported when they are called.

    Plugins are only looked at for a command core does not have, and for the full help text; of
    those, only the ones whose code mentions the hook are imported.
    """

    _are_plugins_asked = False
    _plugin_faults: tuple[str, ...] = ()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands: core's, then those of plugins."""
        del ctx
        self._ask_plugins()
        return [*COMMANDS, *sorted(self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None if there is none of that name."""
        if cmd_name in COMMANDS:
            module, _, attribute = COMMANDS[cmd_name].home.partition(":")
            command = getattr(importlib.import_module(module), attribute)
            return command if isinstance(command, click.Command) else None
        self._ask_plugins()
        return super().get_command(ctx, cmd_name)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Take a plugin's command.

        Raises:
            ValueError: the name is taken.
        """
        wanted = name or cmd.name or ""
        if wanted in COMMANDS or wanted in self.commands:
            message = f'there already is a command "{wanted}"'
            raise ValueError(message)
        super().add_command(cmd, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, without importing them."""
        self._ask_plugins()
        rows = [(name, row.summary) for name, row in COMMANDS.items()]
        rows += [
            (name, command.get_short_help_str(limit=200)) for name, command in self._of_plugins()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        for fault in self._plugin_faults:
            formatter.write_text(f"note: {fault}")
        del ctx

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was called, suggesting one for a misspelled name."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from nof0_core.plugins.suggestion import did_you_mean

            names = [*COMMANDS, *self.commands]
            message = f'there is no command "{args[0]}"{did_you_mean(args[0], names)}'
            message += "".join(f"\nnote: {fault}" for fault in self._plugin_faults)
            raise click.UsageError(message, ctx)
        return super().resolve_command(ctx, args)

    def _of_plugins(self) -> list[tuple[str, click.Command]]:
        return sorted(self.commands.items())

    def _ask_plugins(self) -> None:
        if self._are_plugins_asked:
            return
        self._are_plugins_asked = True
        from nof0_core.plugins.commands import add_commands

        self._plugin_faults = add_commands(self)
