"""The API's files, written out of a database: of one export, each whole."""

from __future__ import annotations

from pathlib import Path

from nof0_core.documents.export_note import EXPORT_FILE
from nof0_core.errors import DataError, UsageError
from nof0_core.exporters.files import Drafts, prepare_directory
from nof0_core.exporters.sql.exporter import settings_of
from nof0_core.files import in_words, no_directory
from nof0_core.plugins.env import Logger
from nof0_core.project.database import NamedDatabase


async def export_files(
    named: NamedDatabase, folder: Path, log: Logger, *, engine: str = ""
) -> list[str]:
    """Write the documents of an engine into an empty folder, and return the names of the files.

    Args:
        named: the database.
        folder: is made where it is not there.
        log: told of slow statements.
        engine: whose documents; "": those of the configuration.

    Raises:
        UsageError: the folder holds something, or the database has no documents of the engine.
        DataError: a document is damaged; nothing was written then.
        ProviderError: the database is away, its tables are not those this nof0 writes, or a file
            cannot be written.
    """
    from nof0_core.documents.whole_text import whole_text
    from nof0_core.sources.empty import key_of
    from nof0_core.sources.stored_pieces import fetch_pieces
    from nof0_core.storage.database import opened
    from nof0_core.storage.documents import contents, known
    from nof0_core.storage.preparing import prepare

    _check_empty(folder)
    name = engine or named.engine
    async with opened(settings_of(named.config, log)) as database:
        await prepare(database)
        async with database.transaction() as session:
            texts = await contents(session, name, await known(session, name))
            pieces = await fetch_pieces(session, name, texts.values())
    texts.pop(EXPORT_FILE, None)
    if not texts:
        message = f'the database has no documents of the engine "{name}"'
        raise UsageError(message)

    def read(piece: str) -> bytes:
        if piece not in pieces:
            raise FileNotFoundError(2, "it is not there")
        return pieces[piece]

    prepare_directory(folder, section="")
    with Drafts(section="") as drafts:
        for each, text in sorted(texts.items()):
            try:
                whole = whole_text(key_of(each.removesuffix(".json")), text, read)
            except ValueError as error:
                message = f"{each} in the database is damaged: {error}"
                raise DataError(message, hints=("nothing was written",)) from error
            drafts.write(folder / each, whole)
        drafts.put_in_place()
    return sorted(texts)


def _check_empty(folder: Path) -> None:
    fault = no_directory(folder)
    if not fault and folder.is_dir():
        try:
            fault = "it is not empty" if any(folder.iterdir()) else ""
        except OSError as error:
            fault = in_words(error)
    if fault:
        message = f"{folder} cannot be written to: {fault}"
        raise UsageError(message, hints=("name an empty folder, or one that is not there",))
