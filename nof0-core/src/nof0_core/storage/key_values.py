"""A Redis server: keys that are written all at once and expire by themselves.

Nothing is ever read back from it into nof0. A key that another program has put there is left as it
is: one of another type, and one that never expires, which no key of nof0's does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from nof0_core.clock import stopwatch
from nof0_core.errors import ProviderError, TransientError

if TYPE_CHECKING:
    from redis.asyncio import Redis

TIMEOUT = timedelta(seconds=5)
"""How long an operation may take."""
BATCH = 1_000_000
"""Bytes sent in one operation, unless a single group has more."""

_WRITE = """
local at, foreign = 2, {}
for i, key in ipairs(KEYS) do
  local kind, count = ARGV[at], tonumber(ARGV[at + 1])
  local found = redis.call('TYPE', key).ok
  at = at + 2
  if found ~= 'none' and (found ~= kind or redis.call('PTTL', key) == -1) then
    foreign[#foreign + 1] = i - 1
  elseif kind == 'string' then
    redis.call('SET', key, ARGV[at], 'PX', ARGV[1])
  else
    redis.call('DEL', key)
    for j = at, at + count - 1, 2 do redis.call('HSET', key, ARGV[j], ARGV[j + 1]) end
    if count > 0 then redis.call('PEXPIRE', key, ARGV[1]) end
  end
  at = at + count
end
return foreign
"""
_KEEP = """
local gone = {}
for i, key in ipairs(KEYS) do
  local is_ours = redis.call('TYPE', key).ok == 'string' and redis.call('PTTL', key) > 0
  if is_ours and redis.call('STRLEN', key) == tonumber(ARGV[i + 1]) then
    redis.call('PEXPIRE', key, ARGV[1])
  else
    gone[#gone + 1] = i - 1
  end
end
return gone
"""


@attrs.frozen(kw_only=True)
class RedisSettings:
    """How to reach a server: `host` is `host:port`; `timeout` is that of one operation.

    An operation that takes `slow` or longer is told to `warn` with its seconds; one that struck its
    time limit is, whatever the threshold.
    """

    host: str
    password: str = attrs.field(default="", repr=False)
    tls: bool = False
    timeout: timedelta = TIMEOUT
    slow: timedelta = timedelta(seconds=5)
    warn: Callable[[str, float], object] = lambda text, seconds: None  # noqa: ARG005


@attrs.frozen
class Group:
    """Keys that are written in one step, with all they are to hold, and expire after `ttl`.

    A value of bytes is a string, a mapping a hash; an empty mapping is no key at all.
    """

    ttl: timedelta
    values: Mapping[str, bytes | Mapping[str, bytes]]

    @property
    def size(self) -> int:
        """Return about how many bytes are sent for it."""
        return sum(
            len(value) if isinstance(value, bytes) else sum(map(len, (*value, *value.values())))
            for value in self.values.values()
        )

    def arguments(self) -> list[Any]:
        """Return what the script that writes it is called with."""
        found: list[Any] = [_WRITE, len(self.values), *self.values, _ms(self.ttl)]
        for value in self.values.values():
            if isinstance(value, bytes):
                found += ["string", 1, value]
            else:
                parts = [part for pair in value.items() for part in pair]
                found += ["hash", len(parts), *parts]
        return found


@asynccontextmanager
async def connected(settings: RedisSettings) -> AsyncIterator[KeyValues]:
    """Prepare connections to a server; whether it is there is seen when it is asked.

    Raises:
        ProviderError: the library is missing, or the address is none.
    """
    host, _, port = settings.host.rpartition(":")
    if not host or not port.isdigit():
        message = "the address of the Redis server must be host:port"
        raise ProviderError(message)
    try:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: pip install 'nof0-core[redis]'"
        raise ProviderError(message) from error
    seconds = settings.timeout.total_seconds()
    client = Redis(
        host=host.strip("[]"),
        port=int(port),
        password=settings.password or None,
        ssl=settings.tls,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    try:
        yield KeyValues(client, settings)
    finally:
        with anyio.move_on_after(1, shield=True):
            await client.aclose()


class KeyValues:
    """Writes keys to one server. Not for use by two tasks at a time."""

    def __init__(self, client: Redis, settings: RedisSettings) -> None:
        self._client = client
        self._settings = settings
        self._is_known = False

    async def write(self, groups: Sequence[Group]) -> list[str]:
        """Write groups, each of them in one step; return the keys that belong to somebody else.

        Raises:
            TransientError: the server is away, slow or full; some groups may be written, each as a
                whole.
            ProviderError: it refuses the password, or is part of a cluster.
        """
        await self._look()
        foreign: list[str] = []
        for batch in _batches(groups):
            answers = await self._do("write", [group.arguments() for group in batch])
            for group, places in zip(batch, answers, strict=True):
                names = list(group.values)
                foreign += [names[place] for place in places]
        return foreign

    async def keep(self, lengths: Mapping[str, int], ttl: timedelta) -> list[str]:
        """Let texts that were written before live on; return the keys that are not there any more.

        Args:
            lengths: the bytes each text has; one that has others is not the one that was written.
            ttl: how long they live from now on.

        Raises:
            ProviderError: as `write`.
        """
        if not lengths:
            return []
        await self._look()
        call = [_KEEP, len(lengths), *lengths, _ms(ttl), *lengths.values()]
        [places] = await self._do("keep", [call])
        names = list(lengths)
        return [names[place] for place in places]

    async def _look(self) -> None:
        """Refuse a server that is part of a cluster: keys of one step would lie on several."""
        from redis.exceptions import NoPermissionError, ResponseError

        if self._is_known:
            return
        try:
            [told] = await self._do("info", [])
        except TransientError as error:
            if not isinstance(error.__cause__, ResponseError | NoPermissionError):
                raise
            told = {}  # it does not say; a script tells soon enough
        if str(told.get("cluster_enabled", 0)) == "1":
            raise self._clustered()
        self._is_known = True

    async def _do(self, what: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
        """Do one operation, scripts one after the other; without any, ask what the server is."""
        began = stopwatch()
        limit = self._settings.timeout.total_seconds()
        try:
            with anyio.fail_after(limit):
                if not calls:
                    return [await self._client.info("cluster")]
                pipeline = self._client.pipeline(transaction=False)
                for call in calls:
                    pipeline.eval(*call)
                answers: list[Any] = await pipeline.execute(raise_on_error=False)
            _raise_first(answers)
        except Exception as error:
            if isinstance(error, TimeoutError) or type(error).__name__ == "TimeoutError":
                # It is slow whatever the threshold: nobody knows how long it would have taken.
                self._settings.warn(what, stopwatch() - began)
            raise self._in_words(error) from error
        took = stopwatch() - began
        if took >= self._settings.slow.total_seconds():
            self._settings.warn(what, took)
        return answers

    def _in_words(self, error: Exception) -> ProviderError:
        """Say what is wrong, and what to do."""
        from redis import exceptions as faults

        where, text = f"Redis at {self._settings.host}", " ".join(str(error).split())
        if isinstance(error, faults.AuthenticationError) or any(
            word in text for word in ("NOAUTH", "WRONGPASS", "AUTH ")
        ):
            return ProviderError(f"{where} refuses the password; see Pass of Cache")
        if isinstance(error, TimeoutError | faults.TimeoutError):
            limit = self._settings.timeout.total_seconds()
            return TransientError(f"{where} has not answered within {limit:g} s")
        if isinstance(error, OSError | faults.ConnectionError):
            return TransientError(f"{where} cannot be reached: {text[:200]}")
        if isinstance(error, faults.OutOfMemoryError) or "OOM " in text:
            return TransientError(
                f"{where} is full: give it more memory, or let it evict keys (maxmemory-policy "
                "allkeys-lru)"
            )
        if any(word in text for word in ("CROSSSLOT", "MOVED", "CLUSTERDOWN")):
            return self._clustered()
        return TransientError(f"{where} refused: {text[:200] or type(error).__name__}")

    def _clustered(self) -> ProviderError:
        return ProviderError(
            f"Redis at {self._settings.host} is part of a cluster: nof0 writes to a single server "
            "(Type: node)"
        )


def _raise_first(answers: Sequence[Any]) -> None:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer


def _batches(groups: Sequence[Group]) -> list[list[Group]]:
    """Share out groups among operations."""
    found: list[list[Group]] = []
    size = BATCH
    for group in groups:
        if size + group.size > BATCH:
            found.append([])
            size = 0
        found[-1].append(group)
        size += group.size
    return found


def _ms(time: timedelta) -> int:
    return max(1, int(time.total_seconds() * 1000))
