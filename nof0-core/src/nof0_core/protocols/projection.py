"""What an exporter remembers of the past, so that it can be put into checkpoints."""

from __future__ import annotations

from typing import Protocol

from nof0_core.domain.event import Event


class Projection(Protocol):
    """A picture of the past that events alone change.

    `load(dump())` of a new one is equal, and stays so under the same further events; `dump` gives
    the same bytes for the same past. `version` grows when they change their form: what another
    version has dumped is not loaded.
    """

    @property
    def name(self) -> str:
        """Return what tells it from others of its owner."""

    @property
    def version(self) -> int:
        """Return the version of the form in which it is dumped, from 1."""

    def apply(self, event: Event) -> None:
        """Take in one event, in O(1); each comes once, in the order of `seq`."""

    def dump(self) -> bytes:
        """Return all that is remembered, the number of the newest event included."""

    def load(self, data: bytes) -> None:
        """Take over what `dump` of the same version has returned; only before the first event.

        Raises:
            Exception: it is something else; nothing has changed then.
        """
