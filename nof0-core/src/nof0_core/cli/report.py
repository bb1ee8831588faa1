"""The one place that turns errors into text and exit codes."""

from __future__ import annotations

import os
import sys
import traceback

import click

from nof0_core.errors import ConfigError, Nof0Error
from nof0_core.plugins.culprit import culprit
from nof0_core.redaction import READ

FAILED = 1
USAGE = 2
INTERRUPTED = 130


def report(error: BaseException, *, is_debug: bool) -> int:
    """Print an error to stderr and return the exit code.

    Groups are split. An error of nof0's own is one line with indented hints; anything else that is
    not Ctrl-C is a bug, and its line says where and whose it is. With `is_debug` everything shows
    its traceback. No secret the process has read is shown.
    """
    leaves = list(dict.fromkeys(_leaves(error)))
    codes: list[int] = []
    said: set[str] = set()
    for leaf in leaves:
        code, text = _judge(leaf)
        codes.append(code)
        if is_debug and not isinstance(leaf, click.exceptions.Exit):
            _print_traceback(leaf)
        text = READ.out_of_sentence(text)
        if text and text not in said:
            said.add(text)
            click.echo(text, err=True)
    failures = [code for code in codes if code not in (0, INTERRUPTED)]
    if failures:
        # A configuration can be corrected, so it matters more than what followed from it.
        return USAGE if USAGE in failures else failures[0]
    return max(codes, default=FAILED)


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


def _judge(error: BaseException) -> tuple[int, str]:
    """Return exit code and text, which is empty where nothing is to be said."""
    if isinstance(error, Nof0Error):
        return error.exit_code, describe(error)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return INTERRUPTED, "interrupted"
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code, ""
    if isinstance(error, SystemExit):
        return (error.code if isinstance(error.code, int) else FAILED), ""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return USAGE, error.format_message()
    if isinstance(error, click.ClickException):
        return error.exit_code, _usage(error)
    if isinstance(error, BrokenPipeError):
        # The reader of a pipe went away; keep Python from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED, ""
    return FAILED, _bug(error)


def describe(error: Nof0Error) -> str:
    """Write an error for a person: `error: …` with its hints, and notes, indented below.

    Several configuration problems stand as they are, one line each with a count at the end.
    """
    lines = str(error).splitlines() or [type(error).__name__]
    if not (isinstance(error, ConfigError) and len(error.problems) > 1):
        lines[0] = f"error: {lines[0]}"
    lines += [f"  {hint}" for hint in error.hints]
    lines += [f"  {note}" for note in getattr(error, "__notes__", ())]
    return "\n".join(lines)


def _bug(error: BaseException) -> str:
    """Say what a program has raised that it should not, where, and whose fault that is."""
    # A secret that has been joined anew would not be known any more.
    said = " ".join(READ.out_of_sentence(str(error)).split())
    found = culprit(error)
    place = f" ({found.place})" if found.place else ""
    if found.plugin:
        hint = f"a defect of {found.plugin}; --debug shows where it comes from"
    else:
        hint = "a bug in nof0 or in a plugin; please report it with what --debug shows"
    return f"error: {type(error).__name__}: {said}{place}\n  {hint}"


def _usage(error: click.ClickException) -> str:
    text = f"error: {error.format_message()}"
    context = getattr(error, "ctx", None)
    if context is None:
        return text
    return f"{text}\n  {context.get_usage()}\n  more: {context.command_path} --help"


def _print_traceback(error: BaseException) -> None:
    text = "".join(traceback.format_exception(error)).rstrip()
    click.echo(READ.out_of_traceback(text), err=True)
