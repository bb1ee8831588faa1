"""An open database: its pool, its time limit, and what is said of slow statements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar, cast
from urllib.parse import quote

import anyio
import attrs
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, CursorResult, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import Executable

from nof0_core.clock import stopwatch
from nof0_core.errors import ProviderError, TransientError
from nof0_core.storage.column_types import SQLITE, as_text
from nof0_core.storage.sqlite_threads import SqliteThreads

TIMEOUT = 3.0
"""Seconds of real time that one operation may take."""
_SCHEMES = {"postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg"}
_SHOWN = 400
"""Letters of a statement that are logged."""

_PATIENT = "busy_timeout=2500"

_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class DatabaseSettings:
    """How to reach a database.

    `data_source` is `postgresql://…` or `sqlite:///PATH`. At most `max_open` connections are made,
    `max_idle` of them are kept, each for `max_lifetime`. Without `prepared_statements` nothing is
    left in a connection from one transaction to the next, and COPY is not used. A statement that
    takes `slow` or longer is told to `warn`; with `verbose` each one is told to `tell`. Who is
    `reading` can change nothing, sees one moment in each transaction, and keeps nobody waiting. An
    SQLite file that is `scratch` is of no worth after a crash, and written faster for that.
    """

    data_source: str = attrs.field(repr=False)
    max_open: int = 25
    max_idle: int = 10
    max_lifetime: timedelta = timedelta(minutes=5)
    prepared_statements: bool = True
    slow: timedelta = timedelta(seconds=10)
    verbose: bool = False
    timeout: float = TIMEOUT
    reading: bool = False
    scratch: bool = False
    warn: Callable[[str, float], object] = lambda text, seconds: None  # noqa: ARG005
    tell: Callable[[str, float], object] = lambda text, seconds: None  # noqa: ARG005


class Session:
    """A connection within a transaction; every operation has the time limit."""

    def __init__(self, connection: AsyncConnection, settings: DatabaseSettings) -> None:
        self.connection = connection
        self._settings = settings

    @property
    def is_sqlite(self) -> bool:
        """Return whether it is one of SQLite."""
        return self.connection.dialect.name == SQLITE

    @property
    def may_copy(self) -> bool:
        """Return whether COPY may be used: its statement is prepared under a name."""
        return not self.is_sqlite and self._settings.prepared_statements

    async def execute(
        self,
        statement: Executable,
        rows: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None,
    ) -> CursorResult[Any]:
        """Execute a statement, once for each row where there are rows; a batch at a time.

        The values of one that answers come as a single row.
        """
        async with self.watched(statement):
            return await self.connection.execute(statement, rows)

    @asynccontextmanager
    async def driver(self, what: object) -> AsyncIterator[Any]:
        """Lend asyncpg's connection for one operation, which has the time limit.

        Raises:
            TransientError: the server refused, or the connection was lost.
        """
        from asyncpg import InterfaceError, PostgresError  # type: ignore[import-untyped]

        async with self.watched(what):
            raw = cast("Any", await self.connection.get_raw_connection()).driver_connection
            try:
                yield raw
            except (PostgresError, InterfaceError) as error:
                message = f"the database refused: {_in_short(error)}"
                raise TransientError(message) from error

    async def call(self, work: Callable[[Connection], _T], what: str) -> _T:
        """Do something that wants a connection which is not asynchronous."""
        async with self.watched(what):
            return await self.connection.run_sync(work)

    @asynccontextmanager
    async def watched(self, what: object) -> AsyncIterator[None]:
        """Give an operation its time, and tell how long it took where that is wanted.

        Raises:
            TimeoutError: it took longer than it may.
        """
        began, settings = stopwatch(), self._settings
        try:
            with anyio.fail_after(settings.timeout):
                yield
        except TimeoutError:
            # It is slow whatever the threshold: nobody knows how long it would have taken.
            settings.warn(_in_short(what), stopwatch() - began)
            raise
        took = stopwatch() - began
        if took >= settings.slow.total_seconds():
            settings.warn(_in_short(what), took)
        if settings.verbose:
            settings.tell(_in_short(what), took)


def _in_short(what: object) -> str:
    """Write a statement; that takes a while, and hardly any is told of."""
    return " ".join(str(what).split())[:_SHOWN]


Fence = Callable[[], Callable[[Session], Awaitable[None]] | None]
"""Gives what is to be asked in each transaction before it is committed; None: nothing is."""


class Database:
    """A pool of connections, and transactions on them.

    Nothing is committed that the `fence` raises at.
    """

    def __init__(
        self, engine: AsyncEngine, settings: DatabaseSettings, fence: Fence = lambda: None
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._fence = fence

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Begin a transaction; it is committed where nothing was raised.

        Raises:
            TransientError: the database is away, or did not answer in time.
            ProviderError: it refuses.
        """
        try:
            with anyio.fail_after(2 * self._settings.timeout):
                connection = await self._engine.connect()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise refusal(error) from None
        session = Session(connection, self._settings)
        try:
            yield session
            if (check := self._fence()) is not None:
                await check(session)
            async with session.watched("COMMIT"):
                await connection.commit()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            with anyio.CancelScope(shield=True):
                await self._give_up(connection)
            raise refusal(error) from None
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._give_up(connection)
            raise
        await connection.close()

    async def _give_up(self, connection: AsyncConnection) -> None:
        """Roll back where that is answered; let go of the connection in any case."""
        with anyio.move_on_after(self._settings.timeout):
            try:
                await connection.rollback()
                await connection.close()
            except (SQLAlchemyError, OSError):
                pass
            else:
                return
        with anyio.move_on_after(self._settings.timeout):
            try:
                await connection.invalidate()
                await connection.close()
            except (SQLAlchemyError, OSError):
                return


@asynccontextmanager
async def opened(
    settings: DatabaseSettings, fence: Fence = lambda: None
) -> AsyncIterator[Database]:
    """Open a database; nothing is asked of it yet.

    A process that stops in the middle of a transaction keeps others from what it has touched for
    as long as two operations may take: then the server takes it back.

    Raises:
        ProviderError: the data source is none, or the driver for it is not installed.
    """
    threads = SqliteThreads(_pragmas(settings))
    engine = _engine(settings, threads)
    try:
        yield Database(engine, settings, fence)
    finally:
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(settings.timeout):
                await engine.dispose()
            await threads.end()


def fault_of(data_source: str) -> str:
    """Say what is wrong with a data source, "" for nothing; what it says is not repeated."""
    scheme, separator, rest = data_source.partition(":")
    wanted = "must be postgresql://…, postgres://… or sqlite:///PATH"
    if not separator or scheme not in (*_SCHEMES, SQLITE):
        return wanted
    if scheme == SQLITE and (not rest.startswith("///") or not rest[3:]):
        return "needs a file: sqlite:///PATH, sqlite:////PATH for an absolute one"
    try:
        make_url(data_source)
    except (ArgumentError, ValueError):
        return wanted
    return ""


def refusal(error: BaseException) -> ProviderError:
    """Put into words why a database did not do what it was asked; without what was asked."""
    if isinstance(error, TimeoutError):
        return TransientError("the database did not answer in time")
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    while isinstance(cause.__cause__, Exception):
        cause = cause.__cause__
    text = " ".join(str(cause).split())[:300] or type(cause).__name__
    if isinstance(error, OSError) or isinstance(cause, OSError):
        return TransientError(f"the database cannot be reached: {text}")
    if isinstance(error, DBAPIError):
        what = "connection to the database was lost" if error.connection_invalidated else ""
        return TransientError(f"the {what or 'database refused'}: {text}")
    return ProviderError(f"the database cannot be used: {text}")


def _url(settings: DatabaseSettings) -> URL:
    if fault := fault_of(settings.data_source):
        message = f"the data source {fault}"
        raise ProviderError(message)
    url = make_url(settings.data_source)
    if url.drivername != SQLITE:
        return url.set(drivername=_SCHEMES[url.drivername])
    url = url.set(drivername="sqlite+aiosqlite")
    if settings.reading:
        url = url.set(database=f"file:{quote(url.database or '')}")
        url = url.update_query_dict({"mode": "ro", "uri": "true"})
    return url


def _engine(settings: DatabaseSettings, threads: SqliteThreads) -> AsyncEngine:
    url = _url(settings)
    is_sqlite = url.get_backend_name() == SQLITE
    limit = settings.timeout
    kept = min(settings.max_idle, settings.max_open)
    pool: dict[str, Any] = {"poolclass": NullPool}
    if kept and not is_sqlite:
        pool = {
            "pool_size": kept,
            "max_overflow": settings.max_open - kept,
            "pool_timeout": limit,
            "pool_recycle": settings.max_lifetime.total_seconds(),
            "pool_pre_ping": False,
        }
    arguments: dict[str, Any] = {"timeout": limit}
    if is_sqlite:
        arguments["async_creator_fn"] = threads.connect
    if settings.reading and not is_sqlite:
        pool["isolation_level"] = "REPEATABLE READ"
        pool["execution_options"] = {"postgresql_readonly": True}
    if not is_sqlite:
        arguments["command_timeout"] = limit
        if settings.prepared_statements:
            arguments["server_settings"] = {
                "application_name": "nof0",
                "statement_timeout": _in_ms(limit),
                "idle_in_transaction_session_timeout": _in_ms(2 * limit),
            }
        else:
            # A pooler refuses settings of a connection, and the next statement may reach another.
            arguments["statement_cache_size"] = 0
            arguments["prepared_statement_cache_size"] = 0
            arguments["prepared_statement_name_func"] = lambda: ""
    try:
        engine = create_async_engine(
            url,
            connect_args=arguments,
            hide_parameters=True,
            json_serializer=as_text,
            **pool,
        )
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: pip install 'nof0-core[postgres]'"
        raise ProviderError(message) from error
    if is_sqlite:
        _lock_early(engine, is_reading=settings.reading)
    elif not settings.prepared_statements:
        _limit_transactions(engine, limit)
    return engine


def _limit_transactions(engine: AsyncEngine, limit: float) -> None:
    """Tell the server its limits with each transaction, for that one only."""
    limits = {
        "statement_timeout": _in_ms(limit),
        "idle_in_transaction_session_timeout": _in_ms(2 * limit),
    }
    said = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in limits.items())

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT {said}")


def _in_ms(seconds: float) -> str:
    return str(int(seconds * 1000))


def _pragmas(settings: DatabaseSettings) -> tuple[str, ...]:
    """Return how SQLite is opened: readers and a writer do not wait for each other."""
    if settings.reading:
        return (_PATIENT,)
    if settings.scratch:
        return ("journal_mode=MEMORY", "synchronous=OFF", _PATIENT)
    return ("journal_mode=WAL", "synchronous=NORMAL", _PATIENT)


def _lock_early(engine: AsyncEngine, *, is_reading: bool) -> None:
    """Let SQLite take the lock when a transaction begins."""

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")
