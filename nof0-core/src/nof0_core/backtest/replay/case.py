"""A recorded cycle with all that was known when it was decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

import attrs

from nof0_core.config.recorded import RecordedTrader
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.event import ConfigLoaded, CycleEnded, Event
from nof0_core.domain.feedback import Feedback
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.snapshot import MarketSnapshot
from nof0_core.domain.venue_view import VenueView
from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True, eq=False)
class Known:
    """What the journal tells of a cycle's surroundings at the record it goes by (`as_of`).

    `loaded` is the newest `config_loaded` event, None where the journal has none; `instruments` are
    those of the trader's market section, `order_instruments` those its orders are made by. `venue`
    is what risk checks saw of the venue account. `version` is that of the engine that decided.
    """

    past: Feedback
    started_at: datetime | None
    instruments: Mapping[Symbol, Instrument]
    order_instruments: Mapping[Symbol, Instrument]
    venue: VenueView | None
    loaded: Event | None
    version: str


@attrs.frozen(kw_only=True, eq=False)
class Intent:
    """An order of the cycle as it was intended, and what the trader held of its coin then.

    `held` is the signed quantity in coins.
    """

    event: Event
    held: Decimal


@attrs.frozen(kw_only=True, eq=False)
class Case:
    """One cycle to be done again.

    `body` is its whole record; of a decision whose cycle never ended it is made of that alone, and
    `is_open`. `is_typed` is that of the record, None where an earlier version wrote it without.
    `seqs` are the numbers of its records. `missing` says why it cannot be done again, if so.
    `snapshots` are empty where nobody could see a market.
    """

    seq: int
    seqs: tuple[int, ...]
    time: datetime
    body: CycleEnded
    known: Known | None = None
    snapshots: Mapping[Symbol, MarketSnapshot] = MappingProxyType({})
    intents: tuple[Intent, ...] = ()
    is_open: bool = False
    is_typed: bool | None = None
    missing: str = ""

    @property
    def is_asked(self) -> bool:
        """Tell whether there was a question at all: else the cycle ended before it."""
        return self.body.as_of > 0


def loaded_of(known: Known) -> ConfigLoaded:
    """Return the configuration of a cycle, which is there."""
    assert known.loaded is not None and isinstance(known.loaded.body, ConfigLoaded)  # noqa: S101, PT018 - asked before
    return known.loaded.body


def context_of(case: Case, known: Known, trader: RecordedTrader) -> DecisionContext:
    """Put together what the trader knew, as `nof0_core.manager.cycle` did."""
    config, body = trader.config, case.body
    wanted = dict.fromkeys((*config.symbols, *(h.symbol for h in body.account.holdings)))
    return DecisionContext(
        trader=body.trader,
        cycle=body.cycle,
        time=body.account.time,
        started_at=known.started_at or body.scheduled,
        symbols=config.symbols,
        account=body.account,
        performance=body.performance,
        snapshots=case.snapshots,
        instruments={s: known.instruments[s] for s in wanted if s in known.instruments},
        limits=config.limits,
        brakes=body.brakes,
        budget=body.budget,
        decision_interval=config.decision_interval,
        past=known.past,
    )
