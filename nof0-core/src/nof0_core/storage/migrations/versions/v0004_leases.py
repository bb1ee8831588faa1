"""Who runs an engine, and who trades a venue account."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nobody holds anything yet."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    moment = "TEXT" if is_sqlite else "TIMESTAMP WITH TIME ZONE"
    op.execute(
        'CREATE TABLE leases ("lease" TEXT NOT NULL, "kind" TEXT NOT NULL, "engine" TEXT NOT NULL, '
        '"instance" TEXT NOT NULL, "place" TEXT NOT NULL, "token" BIGINT NOT NULL, '
        f'"is_binding" BOOLEAN NOT NULL, "since" {moment} NOT NULL, "seen" {moment} NOT NULL, '
        f'"until" {moment} NOT NULL, PRIMARY KEY ("lease"))'
    )


def downgrade() -> None:
    """Take the table away, while no engine runs."""
    op.execute("DROP TABLE leases")
