"""How safe a record has to be before anything that depends on it leaves."""

from __future__ import annotations

from enum import Enum


class Durability(Enum):
    """What a recorder promises of what it has committed.

    Who builds an engine decides it, by what depends on the records; the recorder only keeps it.
    """

    MOMENT = "moment"
    """The operating system has it once all of a moment is done; until then it is in memory.

    Enough for a backtest: one that is killed begins anew, whatever it has written."""
    BUFFER = "buffer"
    """The operating system has it: a killed process loses nothing, a power failure may take some.

    Enough for a simulation: nothing outside depends on it."""
    DISK = "disk"
    """The disk has confirmed it (fsync): no power failure takes it.

    For all that deals with the world: an order must not be at a venue that no record knows of."""
