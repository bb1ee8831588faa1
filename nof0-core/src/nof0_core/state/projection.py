"""What a part of the engine's memory has to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from nof0_core.domain.body import Body
from nof0_core.domain.event import Event
from nof0_core.state.changes import Change

Handler = Callable[[Event, Any], Change]
"""Reckons an event with its body through, in O(1), and returns how to take it over."""


class Projection(Protocol):
    """A picture of the past that events alone change.

    `handlers` has what takes over each kind of event it looks at. A handler changes nothing; it
    runs in the `STRICT` context and raises `UnbookableError`, or any error of reckoning, for an
    event that cannot be true. The change it returns cannot fail and comes before the next event.

    `load(dump())` of a new one is equal, and stays so under the same further events. `dump` gives
    the same bytes for the same past. `version` grows when they change their form: what another
    version has dumped is not loaded, the journal is read instead.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event."""

    def dump(self) -> bytes:
        """Return all that is remembered."""

    def load(self, data: bytes) -> None:
        """Take over what `dump` of the same version has returned; only before the first event.

        Raises:
            Exception: it is something else; what was loaded so far is not to be used.
        """
