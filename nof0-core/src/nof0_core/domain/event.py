"""What happens, as the journal keeps it.

An `Event` is a numbered record around one of the bodies below. State is the fold of events: the
ledger is rebuilt from `Transferred`, `Filled`, `FundingSettled`, `ExitPlanSet`, `OrderIntended` and
`OrderAnswered`, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import attrs

from nof0_core.domain.body import BODIES, Body
from nof0_core.domain.brakes import Brake
from nof0_core.domain.cycle_event import (
    CallsLost,
    CycleEnded,
    CyclesHeld,
    Decided,
    OrderReport,
)
from nof0_core.domain.fact_event import AccountReported, ConfigLoaded, InstrumentsListed
from nof0_core.domain.fill import Fill
from nof0_core.domain.hour_event import HourMarked, HoursMarked
from nof0_core.domain.order import OrderPurpose, OrderRequest, PricedAt
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import ExitPlan, MarginMode, ProtectionMode
from nof0_core.domain.vocabulary import (
    ClockKind,
    ControlCommand,
    ControlOutcome,
    DriftKind,
    ExitReason,
    TransferReason,
)
from nof0_core.ids import CycleId, Symbol, TraderId

__all__ = [
    "BODIES",
    "AccountReported",
    "Alerted",
    "Body",
    "BrakeReleased",
    "BrakeTripped",
    "CallsLost",
    "ConfigLoaded",
    "ControlAnswered",
    "CycleEnded",
    "CyclesHeld",
    "Decided",
    "Drift",
    "EngineStarted",
    "EngineStopped",
    "Event",
    "ExitPlanSet",
    "Filled",
    "FundingSettled",
    "GapFound",
    "HourMarked",
    "HoursMarked",
    "InstrumentsListed",
    "MarketSeen",
    "MarksSeen",
    "OrderAnswered",
    "OrderIntended",
    "OrderReport",
    "Rebalanced",
    "Reconciled",
    "Transferred",
]


@attrs.frozen(kw_only=True)
class EngineStarted(Body):
    """The engine began (or went on) working. `clock` is what it runs on."""

    type: ClassVar[str] = "engine_started"
    version: str
    config_digest: str
    clock: ClockKind
    seed: int
    traders: tuple[TraderId, ...]


@attrs.frozen(kw_only=True)
class EngineStopped(Body):
    """The engine ended, and could still say so.

    `reason` is what whoever stopped it said; "cancelled" if whoever ran it was; "failed: " and the
    kinds of the errors if those ended it.
    `unprotected` names the positions that want a stop and have none now, as `trader coin`.
    """

    type: ClassVar[str] = "engine_stopped"
    reason: str
    unprotected: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Transferred(Body):
    """Capital moved into (positive) or out of accounts of a venue account; never profit.

    One event for all accounts a movement touches, so that it happened or did not. `reason` is
    `initial`, `rebalance`, or `outside` for what somebody else moved on the exchange account. The
    amounts sum to zero unless capital came from or went outside nof0. `equities` are what the
    traders among the accounts were worth right before, in USD, positions at their marks: returns
    are measured from one transfer to the next. Accounts that traders share need none. `as_of` is
    what the venue called the time (UTC) of the report that the first capital of a venue account
    comes from.
    """

    type: ClassVar[str] = "transferred"
    venue_account: str
    amounts: Mapping[TraderId, Decimal]
    equities: Mapping[TraderId, Decimal]
    reason: TransferReason
    as_of: datetime | None = None


@attrs.frozen(kw_only=True)
class MarketSeen(Body):
    """What the market looked like at a moment at which traders decided.

    `digest` names it in the cycle records: the SHA-256 of its exact JSON form (see
    `nof0_core.market.record`). `snapshots` has one entry per symbol, with each bar that no earlier
    record has; its form is that of `nof0_core.market.written_bars`. `since` is the number of the
    earliest record that holds a bar of this view, None where all are in this one.
    """

    type: ClassVar[str] = "market"
    section: str
    digest: str
    since: int | None = None
    snapshots: Any


@attrs.frozen(kw_only=True)
class MarksSeen(Body):
    """The marks at which risk checks are shown all traders of a venue account.

    Of every coin that is held there and has one, in USD; `stale` are the held coins without a price
    now. Written for traders with a check that looks at the others, before they decide, where it is
    not what was written last of the venue account.
    """

    type: ClassVar[str] = "marks"
    venue_account: str
    marks: Mapping[Symbol, Decimal]
    stale: tuple[Symbol, ...] = ()


@attrs.frozen(kw_only=True)
class OrderIntended(Body):
    """An order is about to be sent; written before anything leaves.

    For an `open`, `plan`, `leverage`, `margin_mode`, `confidence` and `risk_usd` describe the
    position it is to make. `priced` is the price of the market that the order was made at, None for
    a stop or target.
    """

    type: ClassVar[str] = "order_intended"
    trader: TraderId
    venue_account: str
    cycle: CycleId
    purpose: OrderPurpose
    request: OrderRequest
    leverage: int = 1
    confidence: float = 0.0
    risk_usd: Decimal = Decimal(0)
    plan: ExitPlan = ExitPlan()
    margin_mode: MarginMode = MarginMode.CROSS
    priced: PricedAt | None = None


@attrs.frozen(kw_only=True)
class OrderAnswered(Body):
    """The venue's answer to an order or what was learned of it later; the newest one counts."""

    type: ClassVar[str] = "order_answered"
    trader: TraderId
    venue_account: str
    symbol: Symbol
    outcome: OrderOutcome


@attrs.frozen(kw_only=True)
class Filled(Body):
    """An execution, booked to the account of whoever's order it was.

    A liquidation of a net position that several traders share is one event for each of them: `fill`
    is the trader's part, `whole` the size of all parts together, in coins. None: all of it.
    """

    type: ClassVar[str] = "filled"
    trader: TraderId
    venue_account: str
    fill: Fill
    whole: Decimal | None = None


@attrs.frozen(kw_only=True)
class FundingSettled(Body):
    """A funding settlement of the exchange account, shared out; who paid has a negative amount."""

    type: ClassVar[str] = "funding"
    venue_account: str
    symbol: Symbol
    time: datetime
    rate: Decimal
    amounts: Mapping[TraderId, Decimal]


@attrs.frozen(kw_only=True)
class Offset(Body):
    """Opposite positions of one coin, set off against each other at a price without any order.

    `quantities` are the signed changes in coins by account; they add up to zero, and none is
    larger than what its account holds. `price` is in USD, `reason` what it counts as in the trades
    that it closes.
    """

    type: ClassVar[str] = "offset"
    venue_account: str
    symbol: Symbol
    price: Decimal
    quantities: Mapping[TraderId, Decimal]
    reason: ExitReason


@attrs.frozen(kw_only=True)
class CoinRested(Body):
    """A stop was refused or lost: until `until` (UTC) the trader enters the coin no more.

    `count` is how many times this happened since a stop of the coin was last accepted.
    """

    type: ClassVar[str] = "coin_rested"
    trader: TraderId
    symbol: Symbol
    until: datetime
    count: int
    reason: str


@attrs.frozen(kw_only=True)
class ExitPlanSet(Body):
    """A position's exits, and who watches them from now on, with the reason when it changed."""

    type: ClassVar[str] = "exit_plan"
    trader: TraderId
    venue_account: str
    symbol: Symbol
    plan: ExitPlan
    protection: ProtectionMode
    reason: str = ""


@attrs.frozen(kw_only=True)
class Rebalanced(Body):
    """Capital was shared out anew; shares are percent of total equity by trader."""

    type: ClassVar[str] = "rebalanced"
    strategy: str
    before: Mapping[TraderId, Decimal]
    after: Mapping[TraderId, Decimal]


@attrs.frozen(kw_only=True)
class Drift:
    """One number on which ledger and exchange account differ."""

    what: DriftKind
    symbol: Symbol | None
    ledger: Decimal
    venue: Decimal


@attrs.frozen(kw_only=True)
class Reconciled(Body):
    """Ledger and exchange account were compared; written when the result changed."""

    type: ClassVar[str] = "reconciled"
    venue_account: str
    drift: tuple[Drift, ...]


@attrs.frozen(kw_only=True)
class Alerted(Body):
    """Something a person should look at. `code` is a stable word, `message` a sentence."""

    type: ClassVar[str] = "alert"
    code: str
    message: str
    trader: TraderId | None = None
    symbol: Symbol | None = None


@attrs.frozen(kw_only=True)
class BrakeTripped(Body):
    """A brake went on: entries are refused until it is released.

    `trader` is None for the halt of all. `until` (UTC) is None where a person has to lift it.
    `numbers` are the figures compared.
    """

    type: ClassVar[str] = "brake_tripped"
    brake: Brake
    message: str
    trader: TraderId | None = None
    until: datetime | None = None
    numbers: Mapping[str, Decimal] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class BrakeReleased(Body):
    """A brake went off. `trader` is None for the halt of all."""

    type: ClassVar[str] = "brake_released"
    brake: Brake
    reason: str
    trader: TraderId | None = None


@attrs.frozen(kw_only=True)
class ControlAnswered(Body):
    """What became of something a person asked for with `nof0 traders`.

    `request` is the name of the request, `message` says what was done or why not. `trader` is whom
    it was meant for, None for all; `venue_account` takes its place where a difference was to be
    settled.
    """

    type: ClassVar[str] = "control"
    request: str
    command: ControlCommand
    trader: TraderId | None
    symbol: Symbol | None
    outcome: ControlOutcome
    message: str
    venue_account: str | None = None


@attrs.frozen(kw_only=True)
class GapFound(Body):
    """Records `first` to `last` (both included) were lost before they were safe on disk.

    Written when a journal is opened after a power failure. It tells a loss that was noticed from a
    record somebody took away later.
    """

    type: ClassVar[str] = "gap"
    first: int
    last: int


@attrs.frozen(kw_only=True)
class Event:
    """One record of the journal.

    `seq` counts all events of a data directory from 1 without gaps. `time` is the engine's clock
    (UTC). `stream` is the trader whose file holds it, or `@engine`.
    """

    seq: int
    time: datetime
    stream: TraderId
    body: Body
