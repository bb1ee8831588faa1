"""The newest checkpoint of each engine; and rows are made anew, for they say more now.

Nothing is lost by that: cursors begin at nothing, so that each exporter goes through the journal
once more. The lines that are there stay, and rows of the same key take the place of those of now.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and let cursors begin anew."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    data = "BLOB" if is_sqlite else "BYTEA"
    op.execute(
        'CREATE TABLE checkpoints ("engine" TEXT NOT NULL, "piece" INTEGER NOT NULL, '
        '"pieces" INTEGER NOT NULL, "seq" BIGINT NOT NULL, "hash" TEXT NOT NULL, '
        f'"data" {data} NOT NULL, PRIMARY KEY ("engine", "piece"))'
    )
    op.execute("UPDATE cursors SET seq = 0, hash = ''")


def downgrade() -> None:
    """Refuse: the rows of now are not those of then."""
    message = "there is no way back to revision 0001"
    raise NotImplementedError(message)
