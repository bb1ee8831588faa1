"""`nof0 init`: a configuration to start from."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

import click

from nof0_core.errors import UsageError

STARTER = "starter"
"""Directory in the package with copies of this project's `etc/` and `prompts/`."""


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Write a configuration that runs offline into DIR.

    Makes DIR/etc and DIR/prompts; existing files are never overwritten.
    """
    files = list(starter_files())
    taken = [str(directory / name) for name, _ in files if (directory / name).exists()]
    if taken:
        rest = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
        message = f"these files are already there: {', '.join(taken[:3])}{rest}"
        raise UsageError(message, hints=["nothing was written; choose another directory"])
    try:
        for name, source in files:
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    except OSError as error:
        message = f"cannot write to {directory}: {error.strerror}"
        raise UsageError(message) from error
    main = directory / "etc" / "nof0.yaml"
    click.echo(f"wrote {len(files)} files into {directory}")
    click.echo(f"next:  nof0 check {main}\n       nof0 run {main}")


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
