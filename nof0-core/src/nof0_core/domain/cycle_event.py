"""What is recorded of a decision cycle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.domain.body import Body
from nof0_core.domain.brakes import BrakeState
from nof0_core.domain.context import BudgetLeft, Performance
from nof0_core.domain.decision import Judgement
from nof0_core.domain.fill import Fill
from nof0_core.domain.model import Message, ModelCall, Usage, usage_of
from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.ids import CycleId, Symbol, TraderId


@attrs.frozen(kw_only=True)
class OrderReport:
    """What became of an approved decision inside a cycle record.

    `request` is the order made of it, None where none was made. `outcome` is what is known of the
    order, None where it was not sent; `reason` then says why.
    """

    purpose: OrderPurpose
    symbol: Symbol
    request: OrderRequest | None = None
    outcome: OrderOutcome | None = None
    reason: str = ""

    @property
    def status(self) -> OrderStatus:
        """Return where the order stands; one that was not sent counts as rejected."""
        return OrderStatus.REJECTED if self.outcome is None else self.outcome.status

    @property
    def why(self) -> str:
        """Return why it was not sent, or what the venue said."""
        return self.reason if self.outcome is None else self.outcome.reason


@attrs.frozen(kw_only=True)
class Decided(Body):
    """What a model saw and said in a cycle that orders, and what the gate ruled.

    Written before the first of its orders, so that nothing a venue does can lose it. The
    `CycleEnded` of the cycle names it in `decided`; `nof0_core.domain.cycle_record` makes one of
    both. The fields are those of `CycleEnded`.
    """

    type: ClassVar[str] = "decided"
    trader: TraderId
    cycle: CycleId
    number: int
    scheduled: datetime
    model: str
    market: str
    account: AccountState
    performance: Performance
    as_of: int = 0
    brakes: BrakeState | None = None
    budget: BudgetLeft | None = None
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    prompt_digest: str | None = None
    template_versions: Mapping[str, str] = attrs.field(factory=dict)
    messages: tuple[Message, ...] | None = None
    texts_in: tuple[int | None, ...] = ()
    prompt_cut: str = ""
    answer: str = ""
    is_typed: bool = False
    chain_of_thought: str = ""
    usage: Usage = Usage()
    calls: tuple[ModelCall, ...] = ()
    judgements: tuple[Judgement, ...] = ()


@attrs.frozen(kw_only=True)
class CycleEnded(Body):
    """The record of one decision cycle.

    `status` is `ok` or a word for why the cycle ended early, with `error` the sentence; after an
    `ok` it says what went wrong with the orders. `model` is the entry that answered; `calls` says
    how it came to that, in order, and what each call cost; `usage` is their sum, or what the answer
    says where there are none. `market` is the digest of the `MarketSeen` record the decision was
    made on. `messages` is the prompt as rendered, None where the model decided without reading one;
    `prompt_digest` and `template_versions` belong to it, `prompt_cut` says what was left out of it.
    `answer` is the raw text of the model; where `is_typed`, its backend gave decisions beside it,
    and those were taken.

    `as_of` is the number of the newest record when all that was known for the decision was put
    together: `account`, `performance`, and whatever risk checks saw of other traders, are the fold
    of the journal up to it (the latter at the newest `MarksSeen`). 0: the cycle ended before that.
    `brakes` and `budget` are as the prompt and the risk gate had them, at the time of `account`.

    A text that an earlier record of the same trader and day has at the same place of the prompt is
    not written again: `texts_in` then has for each message the number of that record, None where
    the text stands here; it is empty where all do. Listeners, state and exporters are given whole
    messages, and `texts_in` empty.

    `decided` is the number of the cycle's `Decided` record, None where it ordered nothing. With it,
    `brakes` and all up to `judgements` stand in that record only; listeners,
    state and exporters are given them joined.
    """

    type: ClassVar[str] = "cycle"
    trader: TraderId
    cycle: CycleId
    number: int
    scheduled: datetime
    status: CycleStatus
    model: str
    market: str
    account: AccountState
    performance: Performance
    as_of: int = 0
    brakes: BrakeState | None = None
    budget: BudgetLeft | None = None
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    prompt_digest: str | None = None
    template_versions: Mapping[str, str] = attrs.field(factory=dict)
    messages: tuple[Message, ...] | None = None
    texts_in: tuple[int | None, ...] = ()
    prompt_cut: str = ""
    answer: str = ""
    is_typed: bool = False
    chain_of_thought: str = ""
    usage: Usage = Usage()
    calls: tuple[ModelCall, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    orders: tuple[OrderReport, ...] = ()
    fills: tuple[Fill, ...] = ()
    error: str = ""
    decided: int | None = None


@attrs.frozen(kw_only=True)
class CyclesHeld(Body):
    """A stretch of decision cycles in which a rule held, and nothing else happened to its trader.

    Only a backtest writes it, in the place of a `CycleEnded` for each, for models that read no
    prompt and tell beforehand when they may act. `first` and `last` are the moments (UTC) for which
    the first and the last were scheduled, `count` is how many there were. The stretch ends with the
    day (UTC), before capital is shared out, and with the next cycle that has a record of its own.

    `peak` is the highest index of the account (`nof0_core.domain.growth`) at any of these cycles,
    `index` that at the last of them; None where the mark of an hour came after it.
    """

    type: ClassVar[str] = "held"
    trader: TraderId
    first: datetime
    last: datetime
    count: int
    peak: Decimal
    index: Decimal | None = None


@attrs.frozen(kw_only=True)
class CallsLost(Body):
    """Calls to models of a cycle that has no record, because the process ended first.

    Written by the next run. `began` is when the last of them was made; its day is the one whose
    budgets they count in. What a call took is an estimate where the process ended during it: the
    most it can have been.
    """

    type: ClassVar[str] = "calls_lost"
    trader: TraderId
    began: datetime
    calls: tuple[ModelCall, ...]

    @property
    def usage(self) -> Usage:
        """Return what all of them took."""
        return usage_of(self.calls)
