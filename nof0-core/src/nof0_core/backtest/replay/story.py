"""Reading a journal from its beginning, and what was known at each cycle on the way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from nof0_core.backtest.replay.case import Case, Intent, Known
from nof0_core.backtest.replay.integrity import Integrity
from nof0_core.backtest.replay.outline import Outline, Outlines
from nof0_core.config.effective import Document, trader_of
from nof0_core.config.recorded import pricing_of
from nof0_core.domain.event import (
    ConfigLoaded,
    CycleEnded,
    Decided,
    EngineStarted,
    Event,
    MarketSeen,
    MarksSeen,
    OrderIntended,
)
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.snapshot import MarketSnapshot
from nof0_core.domain.venue_view import VenueView
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import DataError, JournalError, UnbookableError
from nof0_core.ids import CycleId, Symbol, TraderId
from nof0_core.journal.gaps import text as range_text
from nof0_core.market.record import restore
from nof0_core.market.rereading import ViewReader
from nof0_core.money import ZERO
from nof0_core.portfolio.venue import venue_view
from nof0_core.state.engine_state import EngineState

if TYPE_CHECKING:
    from nof0_core.journal import Record

_BY_DECISION = frozenset({OrderPurpose.OPEN, OrderPurpose.CLOSE})
_COPY = "put the journal back from a copy; `nof0 journal verify` says what is missing or changed"


class Story:
    """The journal as it is read: the state the engine had, the market it saw, what is not right.

    Memory holds that state and what cycles that are still to come go back to.
    """

    def __init__(self, found: Outlines, present: Document | None = None) -> None:
        self.integrity = Integrity(present)
        self._found = found
        self._state = EngineState()
        self._views = ViewReader()
        self._loaded: Event | None = None
        self._version = ""
        self._marks: dict[str, MarksSeen] = {}
        self._seq = 0
        self._due: dict[int, list[Outline]] = defaultdict(list)
        self._known: dict[int, Known] = {}
        self._markets: dict[str, Mapping[Symbol, MarketSnapshot] | str] = {}
        self._intents: dict[CycleId, list[Intent]] = defaultdict(list)
        for outline in found.cycles.values():
            self._due[outline.as_of].append(outline)
        self._wanted = Counter(outline.market for outline in found.cycles.values())
        self._cycles = {outline.cycle for outline in found.cycles.values()}

    def cases(self, records: Iterable[Record]) -> Iterator[Case]:
        """Read all records from the first on, and yield wanted cycles in the order of their ends.

        Raises:
            JournalError: records are missing that no power failure took, or one cannot be read or
                be true: nothing after it can be told.
        """
        left = len(self._found.cycles)
        for record in records:
            if not left:
                return
            self._follows(record)
            self.integrity.look(record)
            event = record.event()
            self._before(event)
            try:
                whole = self._state.apply(event)
            except UnbookableError as error:
                message = f"record {record.seq} of {record.stream} cannot be true: {error}"
                raise JournalError(message, hints=(_COPY,)) from error
            self._after(event)
            outline = self._found.cycles.get(event.seq)
            if outline is not None:
                left -= 1
                has_kind = b'"is_typed":' in bytes(record.data)
                yield self._case(outline, whole, has_kind=has_kind)

    def _follows(self, record: Record) -> None:
        first, last = self._seq + 1, record.seq - 1
        self._seq = record.seq
        if first <= last and not self._is_lost(first, last):
            are = "is" if first == last else "are"
            message = f"{range_text(first, last)} {are} missing from the journal"
            hint = "what was known for a decision is what all records before it tell"
            raise JournalError(message, hints=(hint, _COPY))

    def _is_lost(self, first: int, last: int) -> bool:
        known = {n for low, high in self._found.lost for n in range(low, high + 1)}
        return known.issuperset(range(first, last + 1))

    def _before(self, event: Event) -> None:
        body = event.body
        if (
            isinstance(body, OrderIntended)
            and body.purpose in _BY_DECISION
            and body.cycle in self._cycles
        ):
            held = self._held(body.venue_account, body.trader, body.request.symbol)
            self._intents[body.cycle].append(Intent(event=event, held=held))

    def _held(self, venue_account: str, trader: TraderId, symbol: Symbol) -> Decimal:
        held = self._state.held(venue_account)
        mine = (p.quantity for p in held if p.trader == trader and p.symbol == symbol)
        return sum(mine, ZERO)

    def _after(self, event: Event) -> None:
        body = event.body
        if isinstance(body, EngineStarted):
            self._version = body.version
            self._marks.clear()
        elif isinstance(body, ConfigLoaded):
            self._loaded = event
            self.integrity.look_at_config(event.seq, body)
        elif isinstance(body, MarksSeen):
            self._marks[body.venue_account] = body
        elif isinstance(body, MarketSeen):
            self._see(event, body)
        for outline in self._due.pop(event.seq, ()):
            self._known[outline.seq] = self._known_now(outline)

    def _see(self, event: Event, body: MarketSeen) -> None:
        try:
            together = self._views.take(event)
        except DataError as error:
            if self._wanted[body.digest]:
                self._markets[body.digest] = str(error)
            return
        if not self._wanted[body.digest]:
            return
        try:
            self._markets[body.digest] = restore(together())
        except DataError as error:
            self._markets[body.digest] = str(error)

    def _known_now(self, outline: Outline) -> Known:
        state, loaded = self._state, self._loaded
        market = pricing = ""
        venue = None
        if loaded is not None and isinstance(loaded.body, ConfigLoaded):
            try:
                entry = trader_of(loaded.body.config, outline.trader)
                market, exchange = entry["market"], entry["exchange"]
                pricing = pricing_of(loaded.body.config)[exchange]
                venue = self._venue(exchange, pricing, outline)
            except (KeyError, TypeError, AttributeError):
                # Whoever needs the configuration says what is wrong with it.
                venue = None
        return Known(
            past=state.past(outline.trader),
            started_at=state.standing(outline.trader).started_at,
            instruments=state.facts.instruments(market),
            order_instruments=state.facts.instruments(pricing),
            venue=venue,
            loaded=loaded,
            version=self._version,
        )

    def _venue(self, name: str, market: str, outline: Outline) -> VenueView | None:
        seen = self._marks.get(name)
        if seen is None:
            return None
        return venue_view(
            self._state, seen, time=outline.decided_at, market=market, seq=outline.as_of
        )

    def _case(self, outline: Outline, event: Event, *, has_kind: bool) -> Case:
        body = event.body
        is_open = isinstance(body, Decided)
        if isinstance(body, Decided):
            said = {field.name: getattr(body, field.name) for field in attrs.fields(Decided)}
            body = CycleEnded(**said, status=CycleStatus.OK, decided=event.seq)
        assert isinstance(body, CycleEnded)  # noqa: S101 - the outline is of one
        market = self._market(outline)
        known = self._known.pop(outline.seq, None)
        intents = tuple(self._intents.pop(outline.cycle, ()))
        seqs = {event.seq, *(i.event.seq for i in intents), *filter(None, [outline.decided])}
        return Case(
            seq=outline.seq,
            seqs=tuple(sorted(seqs)),
            time=event.time,
            body=body,
            known=known,
            snapshots={} if isinstance(market, str) else market,
            intents=intents,
            is_open=is_open,
            is_typed=body.is_typed if has_kind else None,
            missing=self._missing(outline, known, market),
        )

    def _market(self, outline: Outline) -> Mapping[Symbol, MarketSnapshot] | str:
        found = self._markets.get(outline.market)
        self._wanted[outline.market] -= 1
        if not self._wanted[outline.market]:
            self._markets.pop(outline.market, None)
        if found is None:
            return "" if not outline.as_of else f"no record has the market {outline.market[:12]}…"
        return found

    def _missing(
        self, outline: Outline, known: Known | None, market: Mapping[Symbol, MarketSnapshot] | str
    ) -> str:
        """Say why a cycle cannot be done again, empty if it can."""
        if not outline.as_of:
            return ""
        cut = self._found.cut_off(outline)
        if cut is not None:
            return f"{range_text(*cut)} that it went by were lost in a power failure"
        if isinstance(market, str):
            return market
        if known is None:
            return f"it went by record {outline.as_of}, which is not before it"
        if known.loaded is None:
            return (
                f"no configuration stands before it: nof0 {known.version or 'of then'} did not "
                "write one yet"
            )
        return ""
