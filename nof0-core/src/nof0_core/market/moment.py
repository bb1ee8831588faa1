"""What all traders of a market section see at one time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs
import msgspec

from nof0_core.domain.snapshot import MarketSnapshot
from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True, eq=False)
class MarketView:
    """The market at `time` (UTC): one snapshot per symbol, in the order they were asked for.

    `missing` has the symbols whose data could not be had, with a sentence why. `record` is the
    exact JSON form of `snapshots` (see `nof0_core.market.record`), ready to be embedded by msgspec,
    and `digest` its SHA-256 in hex.
    """

    time: datetime
    digest: str
    snapshots: Mapping[Symbol, MarketSnapshot]
    missing: Mapping[Symbol, str]
    record: msgspec.Raw
