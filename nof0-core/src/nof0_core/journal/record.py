"""One line of a journal file: how it is built and taken apart.

    {"seq":7,"time":"2025-07-01T00:00:00Z","stream":"@engine","type":"alert","data":{…},
     "prev":"<64 hex>","hash":"<64 hex>","wall":{"at":"<27 characters>",
     "took":"<11 characters>","by":"<16 hex>","lease":"<10 digits>","sum":"<8 hex>"}}

without the line break and ended by one. `prev` is the `hash` of the record before it in the same
stream, or `nof0_core.journal.formats.genesis(stream)`. `hash` is the SHA-256 of all bytes before
`,"hash":`, so it covers `prev` and with it everything that came before. `wall` is when the machine
wrote the record and how many seconds it spent on what the record tells (a model's thinking time; 0
where nothing was measured), and who wrote it: `by` is drawn anew for each start of a process,
`lease` is the number of the lease it held on the data, 0 without one. It is the only part that
differs between two runs of the same simulation, which is why it stands behind the hash and has a
checksum of its own: the CRC-32 of `hash`, `at`, `took`, `by` and `lease`.

The tail from `prev` on always has the same length, so a reader can skip a record without looking
into it.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from zlib import crc32

import attrs

from nof0_core.domain.event import Event
from nof0_core.errors import JournalError
from nof0_core.ids import TraderId
from nof0_core.journal.codec import Line, decode, encode, moment

_HEAD = re.compile(
    rb'\{"seq":([1-9][0-9]{0,17}),"time":"([^"\\]{20,32})","stream":"([^"\\]+)",'
    rb'"type":"([a-z_]+)","data":'
)
_TAIL = re.compile(
    rb',"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"'
    rb',"wall":\{"at":"([^"\\]{27})","took":"([0-9]{4}\.[0-9]{6})"'
    rb',"by":"([0-9a-f]{16})","lease":"([0-9]{10})","sum":"([0-9a-f]{8})"\}\}'
)
_WALL_SIZE = len(',"wall":{"at":"","took":"","by":"","lease":"","sum":""}') + 27 + 11 + 16 + 10 + 8
"""Bytes of the machine's part of a line."""
_FROM_HASH_SIZE = len(',"hash":""}') + 64 + _WALL_SIZE
TAIL_SIZE = len(',"prev":""') + 64 + _FROM_HASH_SIZE
_LONGEST = 9999.999999
"""Most seconds that fit into `took`; more are written as this."""
_NO_TIME = "0000.000000"
NOBODY = "0" * 16
"""Stands for who wrote a line where nobody said who it is."""


@attrs.frozen(kw_only=True)
class Record:
    """A line taken apart; the body is decoded when it is asked for.

    `line` has no line break. All fields are what the line says; nothing is checked by taking it
    apart.
    """

    line: bytes
    seq: int
    time: datetime
    stream: TraderId
    type: str
    prev: str
    hash: str
    wall: str
    took: str
    by: str
    lease: str
    wall_sum: str
    data_start: int

    def compute_hash(self) -> str:
        """Return the hash the record ought to have, computed from its bytes."""
        return hashlib.sha256(memoryview(self.line)[:-_FROM_HASH_SIZE]).hexdigest()

    def has_true_wall(self) -> bool:
        """Return whether the checksum over the machine's part fits."""
        return self.wall_sum == _wall_sum(self.hash, self.wall, self.took, self.by, self.lease)

    @property
    def data(self) -> memoryview:
        """Return the JSON of the body."""
        return memoryview(self.line)[self.data_start : -TAIL_SIZE]

    def event(self) -> Event:
        """Decode the record.

        Raises:
            JournalError: if this version of nof0 cannot read the body.
        """
        try:
            body = decode(self.type, self.data)
        except JournalError as error:
            message = f"record {self.seq} of {self.stream}: {error}"
            raise JournalError(message, hints=error.hints) from error
        return Event(seq=self.seq, time=self.time, stream=self.stream, body=body)


def build(
    event: Event,
    *,
    prev: str,
    wall: datetime,
    took: float = 0.0,
    by: str = NOBODY,
    lease: int = 0,
) -> tuple[bytearray, str]:
    """Make the line of an event, with line break, and its hash.

    Args:
        event: what the line tells.
        prev: hash of the record before it.
        wall: the machine's time.
        took: seconds of real time.
        by: who writes it, 16 hex digits.
        lease: number of the lease that is held, 0 to 9,999,999,999.

    Raises:
        UnbookableError: if the body cannot be written exactly.
    """
    buffer = encode(
        Line(event.seq, event.time, event.stream, event.body.type, event.body, prev),
    )
    digest = hashlib.sha256(buffer).hexdigest()
    at, held = moment(wall), f"{lease:010d}"
    spent = f"{min(took, _LONGEST):011.6f}" if took > 0 else _NO_TIME
    checksum = _wall_sum(digest, at, spent, by, held)
    tail = (
        f',"hash":"{digest}","wall":{{"at":"{at}","took":"{spent}"'
        f',"by":"{by}","lease":"{held}","sum":"{checksum}"}}}}\n'
    )
    buffer += tail.encode()
    return buffer, digest


def parse(line: bytes) -> Record:
    """Take a line (without line break) apart.

    Raises:
        ValueError: if it does not have the form of a record; says which part.
    """
    head = _HEAD.match(line)
    if head is None:
        message = "it does not begin like a record"
        raise ValueError(message)
    tail = _TAIL.fullmatch(line, max(head.end(), len(line) - TAIL_SIZE))
    if tail is None:
        message = "it does not end like a record"
        raise ValueError(message)
    time = datetime.fromisoformat(head[2].decode())
    return Record(
        line=line,
        seq=int(head[1]),
        time=time,
        stream=TraderId(head[3].decode()),
        type=head[4].decode(),
        prev=tail[1].decode(),
        hash=tail[2].decode(),
        wall=tail[3].decode(),
        took=tail[4].decode(),
        by=tail[5].decode(),
        lease=tail[6].decode(),
        wall_sum=tail[7].decode(),
        data_start=head.end(),
    )


def peek(line: bytes | memoryview) -> tuple[int, str] | None:
    """Return seq and type of a line that may be cut off at the end, None if it is no record."""
    head = _HEAD.match(line)
    return (int(head[1]), head[4].decode()) if head else None


def hash_in(tail: bytes) -> str:
    """Return the hash in the last `TAIL_SIZE` bytes of a record, empty if these are none."""
    found = _TAIL.fullmatch(tail[-TAIL_SIZE:])
    return found[2].decode() if found else ""


def _wall_sum(digest: str, *parts: str) -> str:
    return f"{crc32(' '.join((digest, *parts)).encode()):08x}"
