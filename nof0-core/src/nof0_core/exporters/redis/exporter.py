"""What is known at this moment, again with every round: nothing in the server is relied on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from nof0_core.clock import pause
from nof0_core.domain.event import Event
from nof0_core.domain.health import Health
from nof0_core.domain.view import View
from nof0_core.exporters.redis.config import RedisConfig
from nof0_core.exporters.redis.groups import Lives, groups_of
from nof0_core.exporters.redis.remembered import Remembered
from nof0_core.exporters.redis.served import COLLECTIONS, ServedFiles, TooLargeError
from nof0_core.money import exactly
from nof0_core.plugins.env import Env, Logger
from nof0_core.protocols import ExporterCapability, Projection

if TYPE_CHECKING:
    from nof0_core.storage.key_values import Group, KeyValues, RedisSettings

_SHOWN = 3
"""Keys named in a sentence."""
_LOOKS, _UNFINISHED = 5, 0.05
"""How often documents are looked at whose export is being finished, and after how many seconds."""


@asynccontextmanager
async def open_redis(config: RedisConfig, env: Env) -> AsyncIterator[RedisExporter]:
    """Open the exporter; the server need not be there yet.

    Raises:
        ProviderError: no server is named, or the library is missing.
    """
    from nof0_core.storage.key_values import connected

    async with connected(settings_of(config, env.log)) as server:
        yield RedisExporter(server, config, log=env.log)


def settings_of(config: RedisConfig, log: Logger) -> RedisSettings:
    """Return how to reach the server of a section; slow operations go to the log."""
    from nof0_core.storage.key_values import RedisSettings

    def warn(what: str, seconds: float) -> None:
        log.warning("slow Redis operation", operation=what, seconds=round(seconds, 3))

    return RedisSettings(
        host=config.host,
        password=config.password,
        tls=config.tls,
        timeout=config.timeout,
        slow=timedelta(milliseconds=config.slow_threshold),
        warn=warn,
    )


class RedisExporter:
    """Writes all keys with each picture; documents that have not changed only live on.

    After a failure every document is written anew.
    """

    capabilities = frozenset({ExporterCapability.PROJECTIONS, ExporterCapability.HEALTH})

    def __init__(self, server: KeyValues, config: RedisConfig, *, log: Logger) -> None:
        self._server = server
        self._prefix = config.prefix
        self._lives = Lives(
            short=timedelta(seconds=config.short),
            medium=timedelta(seconds=config.medium),
            long=timedelta(seconds=config.long),
        )
        self._files = None
        if config.documents is not None:
            largest = config.largest_document * 1_000_000
            self._files = ServedFiles(config.documents, largest=largest)
        self._log = log
        self._known = Remembered()
        self._written: dict[str, tuple[str, int]] = {}
        self._foreign: set[str] = set()
        self._too_large: set[str] = set()
        self._turn = anyio.Lock()

    def projections(self) -> tuple[Projection, ...]:
        """Return what it remembers of the past."""
        return (self._known,)

    def health(self) -> tuple[Health, str]:
        """Say whether all keys are its own, and all documents there."""
        if self._foreign:
            names = ", ".join(sorted(self._foreign)[:_SHOWN])
            sentence = f"another program's keys are left as they are: {names}; set a Prefix"
            return Health.DEGRADED, sentence
        if self._too_large:
            names = ", ".join(sorted(self._too_large))
            return Health.DEGRADED, f"larger than largest_document, and left out: {names}"
        return Health.OK, ""

    async def cursor(self) -> int:
        """Return the last event taken in: 0 where nothing is remembered."""
        return self._known.seq

    async def export(self, events: Sequence[Event], view: View) -> None:
        """Take in events and write the picture.

        Raises:
            TransientError: the server is away, slow or full.
            ProviderError: it refuses the password, or is part of a cluster.
        """
        async with self._turn:
            await anyio.to_thread.run_sync(self._take, events)
            if self._known.seq < view.seq:
                return  # more events are on their way
            every = view.engine.every if view.engine is not None else timedelta(0)
            lives = self._lives.at_least(every)
            groups = await anyio.to_thread.run_sync(self._groups, view, lives)
            foreign = set(await self._server.write(groups))
            foreign |= await self._write_documents(lives)
            self._tell(foreign)

    @exactly
    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.seq > self._known.seq:
                self._known.apply(event)

    @exactly
    def _groups(self, view: View, lives: Lives) -> list[Group]:
        return list(groups_of(view, self._known, self._prefix, lives))

    async def _write_documents(self, lives: Lives) -> set[str]:
        """Write the documents that have changed or are gone; return keys of somebody else."""
        if self._files is None:
            return set()
        foreign: set[str] = set()
        try:
            for _ in range(_LOOKS):
                found, is_whole = await self._write_changed(self._files, lives)
                foreign |= found
                if is_whole:
                    break
                await pause(_UNFINISHED)
        except BaseException:
            self._written.clear()
            raise
        return foreign

    async def _write_changed(self, files: ServedFiles, lives: Lives) -> tuple[set[str], bool]:
        """Do so with the export that is finished; tell whether another has not begun meanwhile."""
        foreign: set[str] = set()
        is_whole = True
        digests = await anyio.to_thread.run_sync(files.digests)
        digests = {name: each for name, each in digests.items() if name not in self._too_large}
        for name in await self._gone(digests, lives):
            try:
                text = await anyio.to_thread.run_sync(files.read, name, digests[name])
            except TooLargeError:
                # It will hardly become smaller, and looking costs: not before the next start.
                self._too_large.add(name)
                self._log.warning(
                    "a document is too large for Redis and left out until the next start; a "
                    "section `type: redis` may raise its largest_document",
                    document=name,
                    largest_document=files.largest,
                )
                continue
            if text is None:
                is_whole = False
            else:
                foreign |= await self._write_document(name, digests[name], text, lives)
        return foreign, is_whole

    async def _gone(self, digests: dict[str, str], lives: Lives) -> list[str]:
        """Return the documents that have to be written; the others live on."""
        gone = [name for name in digests if self._written.get(name, ("",))[0] != digests[name]]
        for speed in ("short", "medium", "long"):
            lengths = {
                self._key(name): self._written[name][1]
                for name in digests
                if name not in gone and COLLECTIONS[name][1] == speed
            }
            missing = set(await self._server.keep(lengths, getattr(lives, speed)))
            gone += [name for name in digests if self._key(name) in missing]
        return gone

    async def _write_document(self, name: str, digest: str, text: bytes, lives: Lives) -> set[str]:
        from nof0_core.storage.key_values import Group

        ttl: timedelta = getattr(lives, COLLECTIONS[name][1])
        foreign = set(await self._server.write([Group(ttl, {self._key(name): text})]))
        if not foreign:
            self._written[name] = digest, len(text)
        return foreign

    def _key(self, name: str) -> str:
        return f"{self._prefix}api:{name}"

    def _tell(self, foreign: set[str]) -> None:
        for key in sorted(foreign - self._foreign):
            self._log.warning("a key in Redis is another program's; it is left as it is", key=key)
        self._foreign = foreign
