"""How long calls to providers may take."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Limits:
    """Longest time of each kind of call, in seconds of real time.

    `quotes` and `candles` are those of a market; `open` is for first calls to a service, `close`
    for all that is looked at when a run ends.
    """

    quotes: float = 10.0
    candles: float = 15.0
    open: float = 60.0
    close: float = 10.0
