"""Turns a question into a ready answer, doing as little as possible for each request."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import anyio.to_thread
import attrs

from nof0_api.packed import Packed, Ready, pack, stamp
from nof0_core.clock import stopwatch, wall_time
from nof0_core.project import TtlConfig
from nof0_core.sources import DataSource, Document, Row, UnknownModelError

RENEWED_EVERY = 0.05
"""Seconds between two looks at the source for the same question, and how exact `serverTime` is."""
_MOST = 512
_MOST_BYTES = 128_000_000
"""Answers kept, and their size; those not asked for the longest go first."""
_LARGE = 4_000_000
"""Bytes of an answer that is better copied beside the event loop."""
_PACKERS = 2
"""Answers packed at a time: whoever asks for everything in many ways must wait for it."""


@attrs.frozen(kw_only=True, eq=False)
class Route:
    """A route to data: what to load, which TTL its answers have, whether they carry the time.

    `choose` takes the rows that a question is about; without it there is nothing to choose.
    `is_whole` tells that a question without numbers is about all rows.
    """

    name: str
    load: Callable[[DataSource, str], Awaitable[Document]]
    ttl: Callable[[TtlConfig], int]
    has_time: bool = True
    choose: Callable[[Query, Document], list[Row]] | None = None
    is_whole: bool = True

    @property
    def path(self) -> str:
        """Return its path, with the model to be put in where there is one."""
        return f"/api/{self.name}"


@attrs.frozen
class Query:
    """What is asked: a route, a model id ("" for none), numbers (None: the route's default).

    `number` is a limit or an hourly marker, `points` into how many hours a curve is thinned out,
    `symbol` the coin it is about ("": all), `excerpt` asks for a short form of so many.
    """

    route: Route
    model: str = ""
    number: int | None = None
    points: int | None = None
    symbol: str = ""
    excerpt: int | None = None

    @property
    def choice(self) -> Callable[[Document], list[Row]] | None:
        """Return what takes the rows, None where all are wanted."""
        route = self.route
        numbers = (self.number, self.points, self.excerpt)
        is_for_all = not self.symbol and all(number is None for number in numbers)
        if route.choose is None or (route.is_whole and is_for_all):
            return None
        return partial(route.choose, self)


@attrs.define(eq=False)
class Entry:
    """What is kept for one question."""

    ready: Ready | None = None
    document: Document | None = None
    packed: Packed | None = None
    lock: anyio.Lock = attrs.field(factory=anyio.Lock)


class AnswerCache:
    """Answers questions from a source. For use in one event loop."""

    def __init__(self, source: DataSource, ttl: TtlConfig) -> None:
        self.source = source
        self._ttl = ttl
        self._slots: OrderedDict[Query, Entry] = OrderedDict()
        self._packers = anyio.CapacityLimiter(_PACKERS)

    async def ready(self, question: Query) -> Ready:
        """Return the answer to a question.

        Raises:
            UnknownModelError: it is about a model that does not exist.
            SourceDownError: there is nothing to answer with.
        """
        slot = self._slots.get(question)
        if slot is None:
            slot = self._slots[question] = Entry()
            self._forget(but=question)
        elif slot.ready is not None and (slot.ready.until > stopwatch() or slot.lock.locked()):
            # While one request fetches what is new, the others get what was good until now.
            return slot.ready
        async with slot.lock:
            if slot.ready is None or slot.ready.until <= stopwatch():
                try:
                    slot.ready = await self._renewed(question, slot)
                except UnknownModelError:
                    # Asking for many names must not crowd out answers that are wanted.
                    self._slots.pop(question, None)
                    raise
                if question in self._slots:
                    self._slots.move_to_end(question)
        return slot.ready

    async def _renewed(self, question: Query, slot: Entry) -> Ready:
        route = question.route
        document = await route.load(self.source, question.model)
        packed = slot.packed
        known = slot.document
        if packed is None or known is None or document.version != known.version:
            packed = await anyio.to_thread.run_sync(
                pack, document, question.choice, limiter=self._packers
            )
            slot.packed = packed
            self._forget(but=question)
        slot.document = document
        finish = partial(
            stamp,
            packed,
            made_at=document.made_at,
            export=document.export,
            now=wall_time().timestamp(),
            until=stopwatch() + RENEWED_EVERY,
            max_age=route.ttl(self._ttl),
            has_time=route.has_time,
        )
        # It copies the answer once or twice, which for a large one would keep the others waiting.
        return await anyio.to_thread.run_sync(finish) if packed.size > _LARGE else finish()

    def _forget(self, but: Query) -> None:
        """Drop what was not asked for the longest; the answer just made stays."""
        size = sum(slot.packed.size for slot in self._slots.values() if slot.packed)
        for question in list(self._slots):
            if len(self._slots) <= _MOST and size <= _MOST_BYTES:
                break
            if question != but:
                dropped = self._slots.pop(question)
                size -= dropped.packed.size if dropped.packed else 0
