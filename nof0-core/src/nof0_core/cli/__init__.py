"""The `nof0` command.

Importing this package must stay cheap: each command's module is imported when it is called, heavy
libraries where they are used.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import click

from nof0_core.cli.group import CommandTable

DEBUG = "NOF0_DEBUG"


@click.group(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nof0-core", message="nof0 %(version)s")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks of all errors.")
def cli() -> None:
    """Let language models trade crypto perpetuals, and see which of them earns money."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 run-time failure, 2 configuration or usage, 130 Ctrl-C.

    `--debug` may stand anywhere before `--`.
    """
    for stream in (sys.stdout, sys.stderr):
        # A console shows what it can: models write letters that many encodings lack.
        # Where the locale is C, Python lets bytes of file names through and nothing else.
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    head = words[: words.index("--")] if "--" in words else words
    is_debug = "--debug" in head or os.environ.get(DEBUG) == "1"
    words = [word for word in head if word != "--debug"] + words[len(head) :]
    try:
        code = cli.main(
            words, prog_name="nof0", standalone_mode=False, complete_var="_NOF0_COMPLETE"
        )
    except BaseException as error:  # noqa: BLE001 - the one place where every error becomes text
        from nof0_core.cli.report import report

        sys.exit(report(error, is_debug=is_debug))
    sys.exit(code if isinstance(code, int) else 0)
