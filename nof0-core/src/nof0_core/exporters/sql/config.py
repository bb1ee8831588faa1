"""The section of the `sql` exporter."""

from __future__ import annotations

from datetime import timedelta

import attrs

from nof0_core.config.fields import opt


def _check_source(text: str) -> None:
    """Accept PostgreSQL and SQLite; what is written may hold a password, so no message shows it."""
    scheme, separator, rest = text.partition(":")
    if text and not (
        separator
        and (
            (scheme in ("postgresql", "postgres") and rest.startswith("//"))
            or (scheme == "sqlite" and rest.startswith("///") and len(rest) > len("///"))
        )
    ):
        message = "must be postgresql://…, postgres://… or sqlite:///PATH"
        raise ValueError(message)


@attrs.frozen(kw_only=True)
class SqlConfig:
    """Section of the `sql` exporter."""

    data_source: str = opt(
        default="",
        help="postgresql://… or sqlite:///PATH; empty: Postgres.DataSource, else nof0.db in the "
        "data directory",
        secret=True,
        check=_check_source,
    )
    max_open: int = opt(default=25, ge=1, help="most connections")
    max_idle: int = opt(default=10, ge=0, help="connections kept open")
    max_lifetime: timedelta = opt(
        default=timedelta(minutes=5), gt=timedelta(0), help="of a connection"
    )
    prepared_statements: bool = opt(
        default=True,
        help="false behind a pooler that hands out connections by transaction, such as PgBouncer",
    )
    slow_threshold: int = opt(
        default=10_000, unit="ms", ge=0, help="from when on a statement is logged as slow"
    )
    verbose: bool = opt(default=False, help="log every statement")
    engine: str = opt(default="", help="name the rows stand under; empty: Name")
    conversations: int | None = opt(
        default=None, ge=1, help="newest cycles kept per trader; empty: as the `json` exporter has"
    )
    candles: int | None = opt(
        default=None,
        ge=1,
        help="newest bars kept per coin and interval; empty: as the `json` exporter has",
    )
