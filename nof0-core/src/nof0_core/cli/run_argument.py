"""CONFIG, as every command takes it: which run is meant, and what is said where none is."""

from __future__ import annotations

import os
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any, cast

import click
from click.core import ParameterSource

from nof0_core.errors import UsageError

VARIABLE = "NOF0_CONFIG"
"""Environment variable that names the run where the command line does not."""
MAIN = "nof0.yaml"
"""Name of the main file in a directory that is given as CONFIG."""
DEFAULT = Path("etc") / MAIN
"""CONFIG where nothing names another."""
OPTION = "named_config"
"""Under this name the parser keeps what `--config` was given."""
_OF_A_RUN = (
    "journal",
    "@engine",
    "api",
    "leaderboard.json",
    "status.json",
    "manager_state.json",
    "engine.lock",
    "control",
)
"""One of these is in every data directory, in the journal in it or among its JSON files."""


class RunArgument(click.Argument):
    """CONFIG, which may be left out, before the other arguments of a command.

    It is a main file, or a directory with `nof0.yaml` or `etc/nof0.yaml`; with `reads_data` also a
    data directory, which is then passed as `data_dir`. `--config` names it without a doubt, then
    comes the argument, then `NOF0_CONFIG`, then `etc/nof0.yaml`. Where a command has arguments
    that may be left out too, a word is CONFIG if it looks like a path.
    """

    def __init__(
        self, param_decls: Sequence[str], *, reads_data: bool = False, metavar: str
    ) -> None:
        super().__init__(
            param_decls, required=False, is_eager=True, metavar=metavar, type=click.Path()
        )
        self._reads_data = reads_data

    def handle_parse_result(
        self, ctx: click.Context, opts: Any, args: list[str]
    ) -> tuple[Any, list[str]]:
        """Find out which word is CONFIG, and pass a `Path`.

        Raises:
            UsageError: it is named twice, or there is nothing of a run.
        """
        values = cast("MutableMapping[str, Any]", opts)
        word = self._taken(ctx, values)
        if not ctx.resilient_parsing:
            ctx.params[str(self.name)] = self._found(word, values)
            source = ParameterSource.DEFAULT if word is None else ParameterSource.COMMANDLINE
            ctx.set_parameter_source(str(self.name), source)
        return ctx.params.get(str(self.name)), args

    def _taken(self, ctx: click.Context, values: MutableMapping[str, Any]) -> str | None:
        """Return what was given as CONFIG, and hand the other words on to whom they belong."""
        all_ = [one for one in ctx.command.params if isinstance(one, click.Argument)]
        names = [str(one.name) for one in all_]
        words = [values[name] for name in names if isinstance(values.get(name), str)]
        option = values.get(OPTION)
        named = option if isinstance(option, str) else None
        if named is not None and len(words) == len(names):
            message = f"CONFIG is given twice: {named} and {words[0]}"
            raise click.UsageError(message, ctx)
        is_there = len(words) == len(names) or bool(words and looks_like_a_path(words[0]))
        if named is not None or not is_there:
            for name in names:
                values.pop(name, None)
            values.update(zip(names[1:], words, strict=False))
            return named
        return cast("str", words[0])

    def _found(self, word: str | None, values: MutableMapping[str, Any]) -> Path:
        has_data_dir = isinstance(values.get("data_dir"), str)
        given = word if word is not None else os.environ.get(VARIABLE) or None
        if given is None:
            if not has_data_dir and not os.path.lexists(DEFAULT):
                message = f"there is no {DEFAULT} here, and no other CONFIG was named"
                raise UsageError(message, hints=_ways(self._reads_data))
            return DEFAULT
        path = Path(given)
        if not path.is_dir():
            if not os.path.lexists(path) and not path.suffix:
                message = f"there is no {path}: neither a main file nor a directory"
                raise UsageError(message, hints=_ways(self._reads_data))
            return path
        if self._reads_data and is_data(path):
            if has_data_dir:
                message = f"{path} is a data directory, and --data-dir names another"
                raise UsageError(message, hints=("name one of them",))
            values["data_dir"] = str(path)
            return DEFAULT
        return main_in(path, reads_data=self._reads_data)


def named(config_file: Path, data_dir: Path | None) -> list[str]:
    """Return the words that name a run to another command, none where none are needed."""
    words = [] if config_file == DEFAULT else [str(config_file)]
    return words if data_dir is None else [*words, "--data-dir", str(data_dir)]


def is_named(ctx: click.Context) -> bool:
    """Tell whether the command line says which run is meant."""
    is_config = ctx.get_parameter_source("config_file") is not ParameterSource.DEFAULT
    return is_config or ctx.params.get("data_dir") is not None


def main_in(directory: Path, *, reads_data: bool = False) -> Path:
    """Return the main file in a directory.

    Raises:
        UsageError: there is none.
    """
    for main in (directory / MAIN, directory / DEFAULT):
        if main.exists():
            return main
    what = f"neither {MAIN} nor {DEFAULT} is in it"
    if is_data(directory):
        hint = f"it is the data directory of a run: --data-dir {directory}"
        message = f"{directory} is no configuration: {what}"
        raise UsageError(message, hints=(hint,))
    rest = ", nor anything of a run" if reads_data else ""
    message = f"{directory}: {what}{rest}"
    raise UsageError(message, hints=_ways(reads_data))


def named_main(_: click.Context, __: click.Parameter, named: Path | None) -> Path | None:
    """Take a directory given to an option as the main file in it."""
    return main_in(named) if named is not None and named.is_dir() else named


def looks_like_a_path(word: str) -> bool:
    """Tell whether a word can only be meant as CONFIG, not as a trader, a coin or a number."""
    path = Path(word)
    if path.suffix in (".yaml", ".yml") or os.sep in word or word in (".", ".."):
        return True
    return path.is_dir() and (is_data(path) or any((path / m).exists() for m in (MAIN, DEFAULT)))


def is_data(directory: Path) -> bool:
    """Tell whether something of a run is in a directory."""
    return any(os.path.lexists(directory / name) for name in _OF_A_RUN)


def _ways(reads_data: bool) -> Sequence[str]:  # noqa: FBT001 - one of two texts
    ways = f"name the main file: as CONFIG, with -c or in {VARIABLE}"
    if reads_data:
        ways += "; or the data directory with --data-dir"
    return (ways, "`nof0 init .` writes a configuration that runs offline")
