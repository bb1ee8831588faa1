"""Recorded market views, put together again from the records that hold their bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import attrs
import msgspec

from nof0_core.domain.candles import from_ms
from nof0_core.domain.event import Event, MarketSeen
from nof0_core.errors import DataError
from nof0_core.market.record import digest, join_entries, join_rows, join_series, with_book
from nof0_core.market.written_bars import open_time

_HINT = "put the journal back from a copy; `nof0 journal verify` says what is missing or changed"


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    columns: msgspec.Raw
    first: Annotated[int, msgspec.Meta(ge=0, lt=2**43)] | None
    count: int
    bars: list[msgspec.Raw]
    indicators: str = ""


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    time: msgspec.Raw
    quote: msgspec.Raw
    series: dict[str, _Table]
    book: msgspec.Raw = msgspec.Raw()


_entries = msgspec.json.Decoder(dict[str, _Entry])


@attrs.define
class _Window:
    """The bars of a series in its newest record, as far as they are known."""

    columns: bytes | None = None
    rows: dict[int, bytes] = attrs.field(factory=dict)


class ViewReader:
    """Puts views together; is given the `market` events of a journal, ascending.

    Reading may begin anywhere: a view is whole from the record on that it names in `since`. Memory
    holds a window of each series.
    """

    def __init__(self) -> None:
        """Begin, with no bar known."""
        self._windows: dict[tuple[str, str, str, str], _Window] = {}

    def take(self, event: Event) -> Callable[[], bytes]:
        """Take over the bars of the next record.

        Returns:
            What puts its view together, in the exact form of `nof0_core.market.record`. To be asked
            before the next record is taken over.

        Raises:
            DataError: it is no market record; the message says what is wrong with it. Of what puts
                the view together: a bar is in none of the records, or the digest does not fit.
        """
        body = event.body
        if not isinstance(body, MarketSeen):
            message = f"record {event.seq} is no market record but one of type {body.type}"
            raise DataError(message)
        try:
            text = body.snapshots
            if not isinstance(text, bytes | msgspec.Raw):
                text = msgspec.json.encode(text)
            entries = _entries.decode(text)
            for symbol, entry in entries.items():
                for interval, table in entry.series.items():
                    key = body.section, symbol, interval, table.indicators
                    _update(self._windows.setdefault(key, _Window()), table)
        except (msgspec.MsgspecError, ValueError) as error:
            message = f"record {event.seq}: not a market record: {error}"
            raise DataError(message, section=body.section, hints=(_HINT,)) from error
        return lambda: self._together(event.seq, body, entries)

    def _together(self, seq: int, body: MarketSeen, entries: dict[str, _Entry]) -> bytes:
        since = seq if body.since is None else body.since
        read = f"the market records from {since} to {seq}" if since < seq else f"record {seq}"
        texts = []
        for symbol, entry in entries.items():
            series = []
            for interval, table in entry.series.items():
                window = self._windows[body.section, symbol, interval, table.indicators]
                if len(window.rows) != table.count or window.columns is None:
                    begin = (
                        ""
                        if table.first is None
                        else f" from {from_ms(table.first):%Y-%m-%d %H:%M} on"
                    )
                    message = (
                        f"record {seq}: of the {table.count} {interval} bars of {symbol}{begin}, "
                        f"{read} have {len(window.rows)}"
                    )
                    raise DataError(message, section=body.section, hints=(_HINT,))
                head = b'%b:{"columns":%b' % (msgspec.json.encode(interval), window.columns)
                rows = (row for _, row in sorted(window.rows.items()))
                series.append(join_rows(head, rows))
            head = b'%b:{"time":%b,"quote":%b' % (
                msgspec.json.encode(symbol),
                bytes(entry.time),
                bytes(entry.quote),
            )
            if book := bytes(entry.book):
                head = with_book(head, book)
            texts.append(join_series(head, series))
        text = join_entries(texts)
        if digest(text) != body.digest:
            message = (
                f"record {seq}: what {read} tell of its market has the digest {digest(text)}, "
                f"not {body.digest}: one of them was changed or is missing"
            )
            raise DataError(message, section=body.section, hints=(_HINT,))
        return text


def reread(event: Event, read: Callable[[int], Iterable[Event]]) -> bytes:
    """Return the exact form of a recorded view; `nof0_core.market.record.restore` reads it.

    Args:
        event: the `market` event.
        read: gives the `market` events from a number on, that one included, ascending. It is asked
            once at most, and not read further than the event.

    Raises:
        DataError: the event is no market record, a bar of the view is in none of the records that
            ought to have it, or what was put together does not fit the digest.
    """
    reader = ViewReader()
    since = event.body.since if isinstance(event.body, MarketSeen) else None
    if since is not None:
        first = None
        for earlier in read(since):
            first = earlier.seq if first is None else first
            if first != since or earlier.seq >= event.seq:
                break
            reader.take(earlier)
        if first != since:
            message = f"record {event.seq}: bars of it stand in record {since}, which is not there"
            raise DataError(message, hints=(_HINT,))
    return reader.take(event)()


def _update(window: _Window, table: _Table) -> None:
    bars = {open_time(row): row for row in map(bytes, table.bars)}
    columns = bytes(table.columns)
    if columns != b"null":
        window.columns = columns
    if len(bars) == table.count:
        window.rows = bars
        return
    window.rows |= bars
    if table.first is not None:
        window.rows = {time: row for time, row in window.rows.items() if time >= table.first}
