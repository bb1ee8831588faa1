"""Files of the API, of an arena of anybody's, as rows and documents of a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from nof0_core.clock import wall_time
from nof0_core.documents.export_note import EXPORT_FILE, ExportNote, digest_of
from nof0_core.documents.pieces import PIECE_NAME
from nof0_core.errors import DataError, UsageError
from nof0_core.exporters.sql.exporter import settings_of
from nof0_core.files import absolute, in_words, read_bytes
from nof0_core.plugins.env import Logger
from nof0_core.project.database import NamedDatabase
from nof0_core.project.imported_rows import imported_rows
from nof0_core.sources.empty import EMPTY, SAFE_ID, key_of

if TYPE_CHECKING:
    from nof0_core.storage.database import Session

IMPORTED = "import:"
"""What stands before the name of an import in that of its engine."""
TABLES = ("traders", "trader_positions", "trader_performance")
"""The tables that have rows of imports."""
_EXCERPT = ".excerpt"
_OBJECTS = ("prices", "engine")
"""Collections that are one object."""
_NOTHING = "nothing was imported"
_LONGEST = 100


@attrs.frozen(kw_only=True)
class Imported:
    """What an import did: the files it took and left out, and rows by table.

    `lost` counts entries of the files that lack what a row must have: they are in the documents.
    Where nothing `changed` nothing was written.
    """

    engine: str
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    rows: Mapping[str, int]
    lost: int
    changed: bool


async def import_files(
    named: NamedDatabase, folder: Path, log: Logger, *, name: str = ""
) -> Imported:
    """Take over the files of a folder, all of them or none; those of an earlier import stay.

    Args:
        named: the database.
        folder: what it has of the API's files; others are left out.
        log: told of slow statements.
        name: of the import; "": that of the folder.

    Raises:
        UsageError: there is no such file, or the name cannot be used.
        DataError: a file cannot be read, or is not what its name says.
        ProviderError: the database is away, or its tables are not those this nof0 writes.
    """
    from nof0_core.storage.database import opened
    from nof0_core.storage.preparing import prepare

    engine = IMPORTED + _checked(name or absolute(folder).name)
    taken, left_out = _found(folder)
    if not taken:
        message = f"{folder} has none of the API's files"
        raise UsageError(message, hints=(f"they are called {', '.join(sorted(EMPTY))} (.json)",))
    texts = {name: _text(name, path, folder) for name, path in taken.items()}
    async with opened(settings_of(named.config, log)) as database:
        await prepare(database)
        async with database.transaction() as session:
            rows, lost, changed = await _put(session, engine, texts)
    return Imported(
        engine=engine,
        files=tuple(sorted(path.name for path in taken.values())),
        left_out=left_out,
        rows=rows,
        lost=lost,
        changed=changed,
    )


async def _put(
    session: Session, engine: str, texts: Mapping[str, bytes]
) -> tuple[dict[str, int], int, bool]:
    """Write documents and the rows of all there are then; nothing where nothing is new."""
    from nof0_core.storage.documents import Stored, contents, known, put
    from nof0_core.storage.imports import has_lines, replace_rows

    if await has_lines(session, engine):
        message = f'there is an engine called "{engine}", with a journal: give another --name'
        raise UsageError(message)
    before = await contents(session, engine, await known(session, engine))
    note = before.pop(EXPORT_FILE, None)
    after = {**before, **texts}
    made, lost = imported_rows(
        engine, {name.removesuffix(".json"): _rows(name, text) for name, text in after.items()}
    )
    rows = made.all()
    counts = {name: len(rows.get(name, ())) for name in TABLES}
    if after == before:
        return counts, lost, False
    now = wall_time().timestamp()
    told = ExportNote(export=(ExportNote.of(note).export if note else 0) + 1, time=now)
    stored = [
        Stored(name=name, is_piece=False, digest=digest_of(text), content=text)
        for name, text in {**texts, EXPORT_FILE: told.text()}.items()
    ]
    await put(session, engine, stored, time=now)
    await replace_rows(session, engine, rows, TABLES)
    return counts, lost, True


def _found(folder: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Return the files of a folder by the name of their document, and those that are none.

    An excerpt of a document counts where the whole is not there.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        message = f"{folder} cannot be read: {in_words(error)}"
        raise UsageError(message) from error
    taken: dict[str, Path] = {}
    left_out: list[str] = []
    # A whole document comes after its excerpt.
    for path in sorted(paths, key=lambda path: not path.stem.endswith(_EXCERPT)):
        name = path.stem.removesuffix(_EXCERPT)
        model = name.removeprefix("analytics-")
        is_document = name in EMPTY or (model != name and SAFE_ID.fullmatch(model))
        if path.suffix == ".json" and is_document:
            taken[f"{name}.json"] = path
    for path in paths:
        is_part = path.name == EXPORT_FILE or PIECE_NAME.fullmatch(path.name)
        if path not in taken.values() and not is_part:
            left_out.append(path.name)
    return taken, tuple(left_out)


def _text(name: str, path: Path, folder: Path) -> bytes:
    """Read a file with its pieces.

    Raises:
        DataError: it cannot be read, or is not what its name says.
    """
    from nof0_core.documents.whole_text import whole_text
    from nof0_core.sources.empty import key_of
    from nof0_core.sources.kept_document import KeptDocument
    from nof0_core.storage.documents import Known

    try:
        text = read_bytes(path)
        text = whole_text(
            key_of(name.removesuffix(".json")), text, lambda piece: read_bytes(folder / piece)
        )
        KeptDocument(name).renew(text, Known(digest_of(text), 0.0), 0, {})
        _rows(name, text)
    except OSError as error:
        message = f"{path} cannot be read: {in_words(error)}"
        raise DataError(message, hints=(_NOTHING,)) from error
    except ValueError as error:
        message = f"{path} is not what its name says: {error}"
        raise DataError(message, hints=(_NOTHING,)) from error
    return text


def _rows(name: str, text: bytes) -> Any:
    """Return what a document has: a list of objects, or an object of them.

    Raises:
        ValueError: it is something else.
    """
    key = key_of(name.removesuffix(".json"))
    found = msgspec.json.decode(msgspec.json.decode(text, type=dict[str, msgspec.Raw])[key])
    if key in _OBJECTS:
        return found
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        message = f"{key} is not a list of objects"
        raise ValueError(message)
    return found


def _checked(name: str) -> str:
    """Return a name that an import can have.

    Raises:
        UsageError: it cannot.
    """
    if not name.isprintable() or not name.strip() or len(name) > _LONGEST:
        message = f"an import cannot be called {name[:_LONGEST]!r}"
        raise UsageError(message, hints=("give it a --name of up to 100 letters",))
    return name
