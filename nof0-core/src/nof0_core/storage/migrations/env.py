"""Runs the revisions on the connection it is given; `nof0_core.storage.upgrade` calls it."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
