"""Leases: who runs an engine, and who trades a venue account. All times are the server's.

A lease that is free or has run out is taken with a number one higher than any before, its fencing
token. Whoever writes under a lease asks within the transaction whether the token still is its own,
and keeps it from changing until the transaction is over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import attrs
from sqlalchemy import Row, bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from nof0_core.errors import LeaseLostError, ProviderError
from nof0_core.storage.database import Database, Fence, Session
from nof0_core.storage.schema import LEASES

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Until when a lease is held that was given back, or that nobody ever had."""
ENGINE, ACCOUNT = "engine", "account"
_FRESH = {
    "engine": "",
    "instance": "",
    "place": "",
    "token": 0,
    "is_binding": False,
    "since": NEVER,
    "seen": NEVER,
    "until": NEVER,
}


class LeaseHeldError(ProviderError):
    """Others hold leases that are wanted."""

    def __init__(self, holders: Sequence[Lease]) -> None:
        self.holders = tuple(holders)
        super().__init__("; ".join(f"{h.name} is held by {h.place}" for h in self.holders))


@attrs.frozen(kw_only=True)
class Wanted:
    """A lease somebody wants: its name, and whether it is one of an `engine` or an `account`."""

    name: str
    kind: str


@attrs.frozen(kw_only=True)
class Holder:
    """Who wants leases: `instance` is the same for each start on one data directory.

    `engine` is the name its rows stand under, `place` says to a person where it runs. Of one that
    is not `binding` the leases only say that it lives.
    """

    engine: str
    instance: str
    place: str
    is_binding: bool


@attrs.frozen(kw_only=True)
class Lease:
    """A lease as it stands; `until` is `NEVER` where it was given back, `now` the server's time."""

    name: str
    kind: str
    engine: str
    instance: str
    place: str
    token: int
    is_binding: bool
    since: datetime
    seen: datetime
    until: datetime
    now: datetime

    @property
    def is_live(self) -> bool:
        """Tell whether somebody holds it now."""
        return self.until > self.now

    @property
    def has_run_out(self) -> bool:
        """Tell whether its holder went without giving it back."""
        return NEVER < self.until <= self.now


@attrs.frozen(kw_only=True)
class Grant:
    """Leases that were taken: `tokens` by name, held `until`.

    `taken_over` are those that another instance had and did not give back.
    """

    tokens: Mapping[str, int]
    until: datetime
    taken_over: tuple[Lease, ...]


class LeaseTable:
    """The leases in a PostgreSQL database; works behind a pooler that shares out transactions."""

    def __init__(self, database: Database, *, length: timedelta = timedelta(0)) -> None:
        """Remember the database; what is acquired or renewed is held for `length`."""
        self._database = database
        self._length = length

    async def acquire(self, wanted: Sequence[Wanted], holder: Holder) -> Grant:
        """Take all leases, or none.

        What the same instance held is free to it: two processes of one data directory cannot live
        at a time.

        Raises:
            LeaseHeldError: others hold some of them.
            ProviderError: as `Database.transaction`.
        """
        async with self._database.transaction() as session:
            await _make(session, wanted)
            before, now = await _locked(session, [one.name for one in wanted])
            held = [one for one in before if one.is_live and one.instance != holder.instance]
            if held:
                raise LeaseHeldError(held)
            until = now + self._length
            tokens = {one.name: one.token + 1 for one in before}
            changes = {
                "engine": holder.engine,
                "instance": holder.instance,
                "place": holder.place,
                "is_binding": holder.is_binding,
                "since": now,
                "seen": now,
                "until": until,
            }
            statement = update(LEASES).where(LEASES.c.lease == bindparam("name"))
            rows = [{"name": name, "token": token} for name, token in sorted(tokens.items())]
            await session.execute(statement.values(token=bindparam("token"), **changes), rows)
        strangers = (one for one in before if one.instance != holder.instance)
        over = tuple(one for one in strangers if one.has_run_out)
        return Grant(tokens=tokens, until=until, taken_over=over)

    async def renew(self, tokens: Mapping[str, int]) -> datetime:
        """Hold on to leases, also such as have run out and that nobody took; return until when.

        Raises:
            LeaseLostError: another one has taken some of them.
            ProviderError: as `Database.transaction`.
        """
        async with self._database.transaction() as session:
            now = await _own(session, tokens)
            until = now + self._length
            await session.execute(
                update(LEASES)
                .where(LEASES.c.lease.in_(sorted(tokens)))
                .values(seen=now, until=until)
            )
        return until

    async def release(self, tokens: Mapping[str, int]) -> None:
        """Give leases back; those that are lost already stay as they are.

        Raises:
            ProviderError: as `Database.transaction`.
        """
        async with self._database.transaction() as session:
            try:
                now = await _own(session, tokens)
            except LeaseLostError:
                return
            await session.execute(
                update(LEASES)
                .where(LEASES.c.lease.in_(sorted(tokens)))
                .values(seen=now, until=NEVER)
            )

    async def all(self) -> list[Lease]:
        """Return all leases there ever were, by name.

        Raises:
            ProviderError: as `Database.transaction`.
        """
        async with self._database.transaction() as session:
            found = (await session.execute(select(LEASES).order_by(LEASES.c.lease))).all()
            now = await _now(session)
        return [_lease(row, now) for row in found]


def fence(engine: str, token: Callable[[], int]) -> Fence:
    """Return what keeps writes back that are not made under the newest lease of an engine.

    It is asked in the midst of their transaction. Until that is over nobody can take the lease;
    renewing it is not held up. In a database where leases are not kept the highest number that was
    seen is, and lower ones are refused. As long as there is no lease (0) nothing is asked.
    """
    name = f"{ENGINE} {engine}"
    asked = (
        select(LEASES.c.token)
        .where(LEASES.c.lease == name)
        .with_for_update(read=True, key_share=True)
    )

    def current() -> Callable[[Session], Awaitable[None]] | None:
        mine = token()

        async def check(session: Session) -> None:
            found = (await session.execute(asked)).scalar()
            if found is None or found < mine:
                found = await _seen(session, name, engine, mine)
            if found != mine:
                message = (
                    f"nothing is written: another process has taken over the {name} "
                    f"(it holds number {found}, this one {mine})"
                )
                raise LeaseLostError(message)

        return check if mine else None

    return current


async def _seen(session: Session, name: str, engine: str, token: int) -> int:
    """Keep a number that is higher than any before; return the highest."""
    insert = (sqlite if session.is_sqlite else postgresql).insert(LEASES)
    row = {**_FRESH, "lease": name, "kind": ENGINE, "engine": engine, "token": token}
    newer = insert.on_conflict_do_update(
        index_elements=["lease"], set_={"token": token}, where=LEASES.c.token < token
    )
    await session.execute(newer, [row])
    found = await session.execute(select(LEASES.c.token).where(LEASES.c.lease == name))
    return cast("int", found.scalar())


async def _make(session: Session, wanted: Sequence[Wanted]) -> None:
    rows = [{**_FRESH, "lease": one.name, "kind": one.kind} for one in _sorted(wanted)]
    await session.execute(postgresql.insert(LEASES).on_conflict_do_nothing(), rows)


async def _locked(session: Session, names: Sequence[str]) -> tuple[list[Lease], datetime]:
    """Keep everybody else from leases, in the order of their names; the time is read then."""
    asked = (
        select(LEASES)
        .where(LEASES.c.lease.in_(sorted(names)))
        .order_by(LEASES.c.lease)
        .with_for_update()
    )
    found = (await session.execute(asked)).all()
    now = await _now(session)
    return [_lease(row, now) for row in found], now


async def _own(session: Session, tokens: Mapping[str, int]) -> datetime:
    """Keep others from taking what is held under these tokens; return the time.

    Raises:
        LeaseLostError: one of them is another by now.
    """
    asked = (
        select(LEASES.c.lease, LEASES.c.token, LEASES.c.place)
        .where(LEASES.c.lease.in_(sorted(tokens)))
        .order_by(LEASES.c.lease)
        .with_for_update(key_share=True)
    )
    found = {row.lease: row for row in (await session.execute(asked)).all()}
    for name, token in tokens.items():
        row = found.get(name)
        if row is None or row.token != token:
            by = f" by {row.place}" if row is not None else ": somebody has removed its row"
            message = f"the {name} was taken over{by}"
            raise LeaseLostError(message)
    return await _now(session)


async def _now(session: Session) -> datetime:
    moment = (await session.execute(text("SELECT clock_timestamp()"))).scalar()
    return cast("datetime", moment).astimezone(UTC)


def _lease(row: Row[Any], now: datetime) -> Lease:
    values = row._asdict()
    return Lease(name=values.pop("lease"), now=now, **values)


def _sorted(wanted: Sequence[Wanted]) -> list[Wanted]:
    return sorted(wanted, key=lambda one: one.name)
