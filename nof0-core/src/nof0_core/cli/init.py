"""`nof0 init`: a configuration to start from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

import click

from nof0_core.errors import UsageError
from nof0_core.files import in_words, no_directory

STARTER = "starter"
"""Directory in the package with copies of this project's `etc/` and `prompts/`."""


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Write a configuration that runs offline into DIR.

    Makes DIR/etc and DIR/prompts; existing files are never overwritten.
    """
    files = list(starter_files())
    fault = no_directory(directory)
    if fault:
        message = f"cannot write to {directory}: {fault}"
        raise UsageError(message, hints=["nothing was written; choose another directory"])
    # A link that leads nowhere counts: writing would go to wherever it leads.
    taken = [str(directory / name) for name, _ in files if os.path.lexists(directory / name)]
    for inner in sorted({directory / name.parts[0] for name, _ in files}):
        if fault := no_directory(inner):
            message = f"cannot write to {inner}: {fault}"
            raise UsageError(message, hints=["nothing was written; choose another directory"])
    if taken:
        rest = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
        message = f"these files are already there: {', '.join(taken[:3])}{rest}"
        raise UsageError(message, hints=["nothing was written; choose another directory"])
    try:
        _write(directory, files)
    except OSError as error:
        message = f"cannot write to {directory}: {in_words(error)}"
        raise UsageError(message, hints=["nothing stays half written; try again"]) from error
    main = directory / "etc" / "nof0.yaml"
    click.echo(f"wrote {len(files)} files into {directory}")
    click.echo(f"next:  nof0 check {main}\n       nof0 run {main}")


def _write(directory: Path, files: Sequence[tuple[PurePosixPath, Traversable]]) -> None:
    """Write the files, each whole; if one cannot be written, all go again."""
    written: list[Path] = []
    try:
        for name, source in files:
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # Never over what somebody else has put there in the meantime.
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            written.append(target)
            with os.fdopen(descriptor, "wb") as file:
                file.write(source.read_bytes())
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
