"""Calls to models that the journal does not know yet, kept on disk.

What a call took reaches the journal with the record of its cycle. Until then it stands here, at the
most it can have cost, so that no crash makes a spent budget look unspent. Nothing of this shows in
the journal of a run that was not killed: a replay writes the same records as its recording.

One file for each trader, JSON lines: `{"call", "after", "time", "model", "worst"}` before a call,
`{"call", "usage"}` when it is over (null: it cost nothing). It is begun anew with the first call
after the trader's last cycle was recorded, so it never holds more than one cycle.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import attrs
import msgspec

from nof0_core.disk import Unsynced
from nof0_core.domain.event import CallsLost, CycleEnded, Decided, Event
from nof0_core.domain.model import ModelCall, ModelSpec, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import JournalError, LLMError
from nof0_core.files import open_regular, read_bytes
from nof0_core.ids import TraderId

SUFFIX = ".jsonl"


@attrs.frozen(kw_only=True)
class _Line:
    """The beginning of a call (with `worst`), or its end.

    `after` is the number of the newest journal record when it began.
    """

    call: int
    after: int = 0
    time: datetime | None = None
    model: str = ""
    worst: Usage | None = None
    usage: Usage | None = None


class OpenCalls:
    """The calls of one engine that are not in its journal.

    Args:
        directory: of the files; made with the first call.
        secure: puts the journal on disk and returns the number of its newest record there.
    """

    def __init__(self, directory: Path, secure: Callable[[], Awaitable[int]]) -> None:
        self._directory = directory
        self._secure = secure
        self._unsynced = Unsynced()
        self._files: dict[TraderId, _File] = {}

    async def begin(
        self, trader: TraderId, model: ModelSpec, worst: Usage, time: datetime
    ) -> Callable[[Usage | None], None]:
        """Note a call that is about to be made; on disk for good when this returns.

        While the disk works, others go on and share its work.

        Returns:
            What to tell the end of the call: its usage, None if it cost nothing. It never raises;
            an end that cannot be written leaves the call at its worst.

        Raises:
            LLMError: it cannot be noted, so the call must not be made.
        """
        try:
            # First the journal: the note may overwrite those of the cycle before.
            after = await self._secure()
            file = self._files.get(trader)
            if file is None:
                file = self._files[trader] = _File.begun(self._directory, trader, self._unsynced)
            end = file.begin(after, model.name, worst, time)
            try:
                await self._unsynced.sync_beside()
            except BaseException:
                end(None)  # it will not be made
                raise
        except (OSError, JournalError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            message = f"the call was not made, it cannot be noted in {self._directory}: {reason}"
            raise LLMError(message) from error
        return end

    def notice(self, event: Event) -> None:
        """See that a cycle's calls are in the journal: they need not be kept here any longer."""
        if isinstance(event.body, Decided | CycleEnded):
            file = self._files.pop(event.body.trader, None)
            if file is not None:
                file.is_done = True

    def lost(self, recorded: Mapping[TraderId, int]) -> Iterator[CallsLost]:
        """Yield what an earlier process left here and did not get into the journal, by trader.

        A call without an end is counted at its worst.

        Args:
            recorded: number of the newest journal record with calls (`Decided`,
                `CycleEnded`, `CallsLost`), by trader.

        Raises:
            JournalError: a file cannot be read; the message has file and line.
        """
        for path in sorted(self._directory.glob(f"*{SUFFIX}")):
            trader = TraderId(path.name.removesuffix(SUFFIX))
            last = recorded.get(trader, 0)
            lines = [line for line in _read(path) if line.worst is None or line.after >= last]
            calls = {line.call: line for line in lines if line.worst is not None}
            ends = {line.call: line for line in lines if line.worst is None}
            found = [_call(line, ends.get(number)) for number, line in calls.items()]
            times = [line.time for line in calls.values() if line.time is not None]
            if any(call.usage != Usage() for call in found):
                yield CallsLost(trader=trader, began=max(times), calls=tuple(found))

    def clear(self) -> None:
        """Take away what was left here; it is in the journal now."""
        for path in self._directory.glob(f"*{SUFFIX}"):
            # What stays is known to be in the journal, and overwritten by the next call.
            with suppress(OSError):
                path.unlink()


class _File:
    """The calls of one trader's cycle.

    `_good` is its length in bytes, all of it whole lines. `is_done`: the file is that of the next
    cycle now.
    """

    def __init__(self, path: Path, unsynced: Unsynced) -> None:
        self.is_done = False
        self._path = path
        self._unsynced = unsynced
        self._good = 0
        self._count = 0

    @classmethod
    def begun(cls, directory: Path, trader: TraderId, unsynced: Unsynced) -> _File:
        is_new = not directory.is_dir()
        directory.mkdir(parents=True, exist_ok=True)
        if is_new:
            unsynced.add(directory.parent)
        file = cls(directory / f"{trader}{SUFFIX}", unsynced)
        os.close(open_regular(file._path, os.O_WRONLY | os.O_CREAT, 0o600))
        unsynced.add(directory)
        return file

    def begin(
        self, after: int, model: str, worst: Usage, time: datetime
    ) -> Callable[[Usage | None], None]:
        self._count += 1
        number = self._count
        fields = {"call": number, "after": after, "time": time, "model": model, "worst": worst}
        self._add(fields)
        self._unsynced.add(self._path)
        return lambda usage: self._end(number, usage)

    def _end(self, number: int, usage: Usage | None) -> None:
        if self.is_done:
            return
        try:
            self._add({"call": number, "usage": usage})
        except OSError:
            # It stays at its worst here; the journal gets the truth with the cycle.
            return

    def _add(self, fields: Mapping[str, object]) -> None:
        data = msgspec.json.encode(fields) + b"\n"
        handle = open_regular(self._path, os.O_WRONLY)
        try:
            # Also what a write that failed has left, and what belongs to an earlier cycle.
            os.ftruncate(handle, self._good)
            sent = 0
            while sent < len(data):
                sent += os.pwrite(handle, data[sent:], self._good + sent)
        finally:
            os.close(handle)
        self._good += len(data)


def _read(path: Path) -> list[_Line]:
    """Read a file; a last line that was cut short is a call that was never made."""
    try:
        *whole, _ = read_bytes(path).split(b"\n")
    except OSError as error:
        message = f"{path}: the notes of calls to models cannot be read: {error.strerror}"
        raise JournalError(message) from error
    lines = []
    for number, data in enumerate(whole, start=1):
        try:
            lines.append(_LINE.decode(data))
        except ValueError as error:
            message = f"{path}:{number}: not a note of a call to a model: {error}"
            hint = "remove the file; what the calls in it cost is then not counted by any budget"
            raise JournalError(message, hints=[hint]) from error
    return lines


def _call(begin: _Line, end: _Line | None) -> ModelCall:
    assert begin.worst is not None  # noqa: S101 - a beginning has it
    is_over = end is not None
    usage = begin.worst if end is None else end.usage or Usage()
    return ModelCall(
        model=begin.model,
        outcome=CallOutcome.UNKNOWN,
        detail=f"the engine ended {'before the cycle did' if is_over else 'during the call'}",
        usage=usage,
        is_estimate=not is_over,
    )


_LINE = msgspec.json.Decoder(_Line)
