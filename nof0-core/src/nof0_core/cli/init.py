"""`nof0 init`: a configuration to start from."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

import click

from nof0_core.errors import UsageError
from nof0_core.files import in_words, no_directory

EXAMPLE = "etc/.env.example"
STARTER = "starter"
"""Directory in the package with copies of this project's `etc/` and `prompts/`."""


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--yes", is_flag=True, help="Ask nothing: write it as it is shipped.")
def init(directory: Path, *, yes: bool) -> None:
    """Write a configuration that runs offline into DIR.

    Makes DIR/etc and DIR/prompts; existing files are never overwritten. On a terminal it asks for a
    model, its key, coins and capital first.
    """
    texts = {str(name): source.read_text(encoding="utf-8") for name, source in starter_files()}
    names = [PurePosixPath(name) for name in (*texts, EXAMPLE)]
    _refuse_taken(directory, names)
    if not yes and sys.stdin.isatty() and sys.stdout.isatty():
        from nof0_core.cli.init_answers import applied, ask

        texts = applied(texts, ask(texts))
        names = [PurePosixPath(name) for name in (*texts, EXAMPLE)]
        _refuse_taken(directory, names)
    from nof0_core.cli.init_answers import env_example

    texts[EXAMPLE] = env_example(texts)
    try:
        _write(directory, texts)
    except OSError as error:
        message = f"cannot write to {directory}: {in_words(error)}"
        raise UsageError(message, hints=["nothing stays half written; try again"]) from error
    click.echo(f"wrote {len(texts)} files into {directory}")
    steps = ["nof0 check", "nof0 run"]
    if Path(os.path.normpath(directory)) != Path():
        steps.insert(0, f"cd {shlex.quote(str(directory))}")
    click.echo("next:  " + "\n       ".join(steps))


def _refuse_taken(directory: Path, names: Sequence[PurePosixPath]) -> None:
    """Refuse to write where something is already.

    Raises:
        UsageError: with what is there.
    """
    hints = ["nothing was written; choose another directory"]
    for place in (directory, *sorted({directory / name.parts[0] for name in names})):
        if fault := no_directory(place):
            message = f"cannot write to {place}: {fault}"
            raise UsageError(message, hints=hints)
    # A link that leads nowhere counts: writing would go to wherever it leads.
    taken = [str(directory / name) for name in names if os.path.lexists(directory / name)]
    if taken:
        rest = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
        message = f"these files are already there: {', '.join(taken[:3])}{rest}"
        raise UsageError(message, hints=hints)


def _write(directory: Path, texts: Mapping[str, str]) -> None:
    """Write the files, each whole; if one cannot be written, all go again."""
    written: list[Path] = []
    try:
        for name, text in texts.items():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # Never over what somebody else has put there in the meantime.
            mode = 0o600 if target.name == ".env" else 0o644
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            written.append(target)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
    except OSError:
        for target in written:
            with suppress(OSError):
                target.unlink()
        raise


def starter_files() -> Iterator[tuple[PurePosixPath, Traversable]]:
    """Yield relative path and content of every file that `init` writes, sorted."""
    yield from _walk(resources.files("nof0_core") / STARTER, PurePosixPath())


def _walk(
    directory: Traversable, path: PurePosixPath
) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for entry in sorted(directory.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            yield from _walk(entry, path / entry.name)
        else:
            yield path / entry.name, entry
