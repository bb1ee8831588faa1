"""Writing the journal back from a database, byte for byte, without a start."""

from __future__ import annotations

from nof0_core.errors import UsageError
from nof0_core.plugins.env import Logger
from nof0_core.project.database import NamedDatabase
from nof0_core.runtime.restoring import Restored, restore


async def restore_journal(named: NamedDatabase, log: Logger) -> Restored:
    """Write all lines that a data directory lacks; the caller holds its lock.

    Raises:
        UsageError: directory and database fork, or the database has no lines of this engine.
        JournalError: a line in the database was changed, or one is missing.
        ProviderError: the database is away.
    """
    found = await restore(named.run, named.config, log, is_thorough=True)
    if found is None:
        message = f'the database has no lines of the engine "{named.engine}"'
        raise UsageError(message)
    return found
