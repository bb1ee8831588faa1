"""Where answers come from: the protocol that files and databases fulfil.

Whoever asks does not know whether data lies in files or in a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import attrs

from nof0_core.sources.document import Document

State = Literal["ok", "empty", "stale", "down"]
"""`ok`: readable. `empty`: nothing there yet. `stale`: cannot be read now, the last good data
stands. `down`: cannot be read, and there is nothing older to show."""


@attrs.frozen(kw_only=True)
class Export:
    """A round of exports: its `number`, which only grows, and when it was finished.

    `time` is in seconds since 1970 on the clock of the machine that made it. Number 0 and no time:
    nothing was exported yet, or by something that does not number its exports.
    """

    number: int
    time: float | None


@attrs.frozen(kw_only=True)
class DocumentHealth:
    """How one document is; `age_seconds` since it was written, None while there is none."""

    state: State
    age_seconds: float | None


@attrs.frozen(kw_only=True)
class SourceHealth:
    """How a source is; `documents` by the last part of their route.

    `export_age_seconds` is the age of the newest export, None where exports have no numbers: what
    has not changed since it was written is as new as that.
    """

    source: str
    documents: Mapping[str, DocumentHealth]
    export_age_seconds: float | None = None

    @property
    def newest_age_seconds(self) -> float | None:
        """Return the age of the newest data, None while there is none."""
        ages = [one.age_seconds for one in self.documents.values()]
        return min((a for a in (*ages, self.export_age_seconds) if a is not None), default=None)

    @property
    def state(self) -> State:
        """Return the worst state of a document; `empty` only where all are."""
        states = {one.state for one in self.documents.values()}
        for bad in ("down", "stale"):
            if bad in states:
                return bad
        return "empty" if states == {"empty"} else "ok"


class DataSource(Protocol):
    """The loads, the number of the newest export, and how the source is.

    Each load returns the newest good data, empty collections while there is none. It may be called
    for every answer, so it must cost next to nothing while the data is the same. A document is
    wholly of the export whose number it bears.

    Raises (all loads):
        SourceDownError: it cannot be read and nothing older is known.
    """

    async def account_totals(self) -> Document:
        """Load the rows of all accounts at all hours, oldest first."""

    async def analytics(self) -> Document:
        """Load the analytics of all models."""

    async def model_analytics(self, model: str) -> Document:
        """Load the analytics of one model.

        Args:
            model: as it stands in the request; it may be anything.

        Raises:
            UnknownModelError: there is none of that id.
        """

    async def crypto_prices(self) -> Document:
        """Load the newest prices by symbol."""

    async def leaderboard(self) -> Document:
        """Load the ranking, best return first, who is not ranked last."""

    async def since_inception_values(self) -> Document:
        """Load what every account began with."""

    async def trades(self) -> Document:
        """Load closed trades, newest exit first within a model."""

    async def positions(self) -> Document:
        """Load what every model holds."""

    async def conversations(self) -> Document:
        """Load what was said in the newest cycles, newest first."""

    async def candles(self) -> Document:
        """Load the newest closed bars, a row per market section, coin and interval."""

    async def status(self) -> Document:
        """Load the state of the engine, of traders and services, and the newest alerts.

        The collection is the object `engine`, null while no engine has run; the others are members.
        An engine that ought to run and has not said so for three exports is `not heard of`.
        """

    async def export(self) -> Export:
        """Return the newest export; never raises."""

    async def newer(self, than: int) -> Export:
        """Wait until the newest export has another number, and return it; cancellable."""

    async def health(self) -> SourceHealth:
        """Say how the source is; never raises."""
