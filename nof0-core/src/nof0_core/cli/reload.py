"""`nof0 traders reload`: ask for it, wait, and show the answer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from nof0_core.cli.output import columns, print_json
from nof0_core.clock import stopwatch, wall_time
from nof0_core.domain.vocabulary import ControlCommand
from nof0_core.errors import ConfigError, Nof0Error, Problem, UsageError
from nof0_core.manager.requests import Answers, Requests
from nof0_core.project import data_directory, running_engine

LOOKS_APART = 0.2
"""Seconds from one look for an answer to the next."""
NOT_RUNNING = "no engine is running: the next start reads the configuration as it is then"


def reload(config_file: Path, data_dir: Path | None, seconds: float, *, as_json: bool) -> None:
    """Ask the engine of a data directory to read its configuration again, and tell what it says.

    Raises:
        ConfigError: what is wrong with it, or needs a restart; nothing has changed then.
        UsageError: why it could not be read or taken over otherwise.
    """
    state_dir = data_directory(config_file, data_dir)
    process = running_engine(state_dir)
    if process is None:
        _say({"engine": None, "answer": None}, NOT_RUNNING, as_json=as_json)
        return
    made = Requests(state_dir).add(ControlCommand.RELOAD, None, None, wall_time())
    answers = Answers(state_dir)
    answer = _wait(answers, made.id, state_dir, seconds)
    if answer is None:
        message = f"asked; {_silence(state_dir, process, seconds)}"
        _say({"engine": process, "request": made.id, "answer": None}, message, as_json=as_json)
        raise click.exceptions.Exit(1)
    answers.drop(made.id)
    if as_json:
        print_json({"engine": process, "request": made.id, "answer": answer})
        if not answer["ok"]:
            raise click.exceptions.Exit(ConfigError.exit_code)
        return
    if not answer["ok"]:
        raise _error(answer)
    click.echo("\n".join(_lines(answer, process)))


def _wait(answers: Answers, request: str, state_dir: Path, seconds: float) -> Any:
    """Return the answer, None if the engine ends or says nothing for so long."""
    begun = stopwatch()
    while True:
        is_running = running_engine(state_dir) is not None
        answer = answers.read(request)
        if answer is not None or not is_running or stopwatch() - begun >= seconds:
            return answer
        time.sleep(LOOKS_APART)  # noqa: TID251 - nothing else goes on in this process


def _silence(state_dir: Path, process: int, seconds: float) -> str:
    if running_engine(state_dir) is None:
        return f"the engine (process {process}) has ended: the next start reads the configuration"
    return f"the engine (process {process}) has not answered within {seconds:g} s; it may still"


def _error(answer: Any) -> Nof0Error:
    if not answer["problems"]:
        return UsageError(answer["message"])
    found = [
        Problem(
            file=each["file"],
            line=each["line"],
            path=each["path"],
            message=each["message"],
            hints=tuple(each["hints"]),
        )
        for each in answer["problems"]
    ]
    error = ConfigError(found)
    error.hints = (*error.hints, "nothing was changed: the engine goes on as it was")
    return error


def _lines(answer: Any, process: int) -> list[str]:
    changes = answer["changes"]
    if not changes:
        return [f"the engine (process {process}) runs this configuration already"]
    rows = [("trader", "key", "old", "", "new")]
    rows += [
        (
            each["trader"] or "all",
            each["key"].partition("].")[2] or each["key"],
            each["old"],
            "→",
            each["new"],
        )
        for each in changes
    ]
    return [f"in force in the engine (process {process}):", "", *columns(rows, indent="  ")]


def _say(document: Any, message: str, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        click.echo(message)
