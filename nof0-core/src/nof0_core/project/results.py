"""What a run has exported, as commands show it: read through a source, never from files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from nof0_core.errors import UsageError

if TYPE_CHECKING:
    from nof0_core.sources import DataSource, Document

_TRIES = 20
"""How often documents are asked for until all are of one export: another may come between."""


@attrs.frozen(kw_only=True)
class Results:
    """Documents of one export, whose number is `export` (0 where exports have none).

    `documents` are by the last part of their route. Each is what the API answers: its collection
    and its other members by name. One that was never written is empty, and `written` lacks it.
    """

    export: int
    documents: Mapping[str, Mapping[str, Any]]
    written: frozenset[str]

    def rows(self, name: str) -> Any:
        """Return the collection of a document: a list of rows, or an object."""
        return next(iter(self.documents[name].values()))


def read_results(directory: Path, names: Sequence[str]) -> Results:
    """Read documents of the files that the `json` exporter writes; not for use in an event loop.

    Args:
        directory: where the files are.
        names: last parts of routes, such as `leaderboard` or `status`.

    Raises:
        UsageError: one of them is there and cannot be used.
    """
    import anyio

    from nof0_core.sources import FileSource, SourceDownError

    async def read() -> Results:
        return await collect(FileSource(directory, log=_Silent()), names)

    try:
        return anyio.run(read)
    except SourceDownError as error:
        message = (
            f"{directory / error.name} is not a file of the `json` exporter that can be used: "
            f"{error.reason}"
        )
        hint = "the next run writes it anew; when you copy the files, copy the pieces too"
        raise UsageError(message, hints=[hint]) from error


async def collect(source: DataSource, names: Sequence[str]) -> Results:
    """Load documents of one export from any source.

    Raises:
        SourceDownError: one cannot be read.
    """
    found: dict[str, Document] = {}
    for _ in range(_TRIES):
        found = {name: await getattr(source, name.replace("-", "_"))() for name in names}
        if len({document.export for document in found.values()}) == 1:
            break
    return Results(
        export=min((document.export for document in found.values()), default=0),
        documents={name: _read(document) for name, document in found.items()},
        written=frozenset(n for n, document in found.items() if document.made_at is not None),
    )


def _read(document: Document) -> dict[str, Any]:
    members = {name: json.loads(text) for name, text in document.members.items()}
    return {document.key: json.loads(document.data), **members}


class _Silent:
    """What is wrong with a file is told as an error of the command."""

    def debug(self, event: str, **values: object) -> None:
        """Say nothing."""

    info = warning = error = debug
