"""The newest checkpoint of an engine, beside its lines."""

from __future__ import annotations

from sqlalchemy import func, select

from nof0_core.domain.journal_line import CheckpointFile
from nof0_core.storage.database import Database
from nof0_core.storage.schema import CHECKPOINTS

PIECE = 200_000
"""Bytes of a row: each is written by a statement of its own, within its time limit."""


async def checkpoint_seq(database: Database, engine: str) -> int:
    """Return the number of the record an engine's checkpoint is of, 0 where there is none.

    Raises:
        ProviderError: as `Database.transaction`.
    """
    asked = select(func.max(CHECKPOINTS.c.seq)).where(CHECKPOINTS.c.engine == engine)
    async with database.transaction() as session:
        return (await session.execute(asked)).scalar() or 0


async def put_checkpoint(database: Database, engine: str, kept: CheckpointFile) -> None:
    """Put a checkpoint in the place of the one before, all of it or nothing.

    Raises:
        ProviderError: as `Database.transaction`.
    """
    pieces = max(1, -(-len(kept.data) // PIECE))
    async with database.transaction() as session:
        await session.execute(CHECKPOINTS.delete().where(CHECKPOINTS.c.engine == engine))
        for number in range(pieces):
            row = {
                "engine": engine,
                "piece": number,
                "pieces": pieces,
                "seq": kept.seq,
                "hash": kept.hash,
                "data": kept.data[number * PIECE : (number + 1) * PIECE],
            }
            await session.execute(CHECKPOINTS.insert(), [row])


async def newest_checkpoint(database: Database, engine: str) -> CheckpointFile | None:
    """Return the checkpoint of an engine, None where there is none, or not all of it.

    Raises:
        ProviderError: as `Database.transaction`.
    """
    place = CHECKPOINTS.c.engine == engine
    head = select(CHECKPOINTS.c.seq, CHECKPOINTS.c.hash, CHECKPOINTS.c.pieces).where(
        place, CHECKPOINTS.c.piece == 0
    )
    async with database.transaction() as session:
        found = (await session.execute(head)).first()
        if found is None:
            return None
        data = []
        for number in range(found.pieces):
            asked = select(CHECKPOINTS.c.data).where(
                place, CHECKPOINTS.c.piece == number, CHECKPOINTS.c.seq == found.seq
            )
            piece = (await session.execute(asked)).scalar()
            if piece is None:
                return None
            data.append(bytes(piece))
    return CheckpointFile(seq=found.seq, hash=found.hash, data=b"".join(data))
