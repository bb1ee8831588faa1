"""The orders of a cycle, made again of what the risk gate approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from nof0_core.backtest.replay.case import Case, Intent
from nof0_core.backtest.replay.difference import Difference, Part, value_difference
from nof0_core.domain.event import OrderIntended
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderPurpose, Side
from nof0_core.domain.snapshot import Quote
from nof0_core.execution.order_factory import OrderPolicy, Refusal, close_order, open_order
from nof0_core.ids import Symbol
from nof0_core.money import ZERO
from nof0_core.risk.approval import ApprovedDecision
from nof0_core.risk.sending import rejudged


@attrs.frozen(kw_only=True)
class Remade:
    """What became of making orders again.

    `count` orders were compared. `unsent` approved decisions have none: why they were not sent
    depends on venue and account at that moment, and is taken as recorded. `unpriced` orders are of
    a journal that does not have the price of sending.
    """

    differences: tuple[Difference, ...] = ()
    count: int = 0
    unsent: int = 0
    unpriced: int = 0


def remade(
    case: Case,
    approved: Sequence[ApprovedDecision],
    instruments: Mapping[Symbol, Instrument],
    policy: OrderPolicy,
) -> Remade:
    """Make each order again, at the price that was there when it was sent, and compare.

    How a close is split at the venue's net position, and its identifiers, are taken as recorded;
    the size of all parts must not be more than what was held. `instruments` are those of the market
    that the venue account is valued with.
    """
    recorded: list[object] = []
    found: list[object] = []
    left = {(i.purpose, i.symbol): i for i in _wanted(case)}
    count = unsent = unpriced = 0
    for each in approved:
        is_entry = each.decision.signal.is_entry
        purpose = OrderPurpose.OPEN if is_entry else OrderPurpose.CLOSE
        left.pop((purpose, each.decision.symbol), None)
        intents = _intents(case, purpose, each.decision.symbol)
        unsent += not intents
        total = ZERO
        for intent in intents:
            body = _body(intent)
            made = _again(intent, each, instruments, policy)
            total += body.request.size
            if made is None:
                unpriced += 1
                continue
            count += 1
            recorded.append(body)
            found.append(made)
        held = abs(intents[0].held) if intents and not is_entry else None
        if held is not None and total > held:
            recorded.append({"closed": each.decision.symbol, "size": total})
            found.append({"closed": each.decision.symbol, "size": held})
    for each_left in left.values():
        sent = _intents(case, each_left.purpose, each_left.symbol)
        recorded += [_body(intent) for intent in sent] or [attrs.asdict(each_left)]
    return Remade(
        differences=tuple(value_difference(Part.ORDER, recorded, found)),
        count=count,
        unsent=unsent,
        unpriced=unpriced,
    )


@attrs.frozen(kw_only=True)
class _Ordered:
    """Something the record says was ordered."""

    purpose: OrderPurpose
    symbol: str


def _wanted(case: Case) -> list[_Ordered]:
    """Return what was ordered or refused at sending, by intents and by the cycle's own report."""
    intents = (_body(intent) for intent in case.intents)
    found = [_Ordered(purpose=i.purpose, symbol=i.request.symbol) for i in intents]
    found += [_Ordered(purpose=o.purpose, symbol=o.symbol) for o in case.body.orders]
    return found


def _intents(case: Case, purpose: OrderPurpose, symbol: str) -> list[Intent]:
    return [
        intent
        for intent in case.intents
        if _body(intent).purpose is purpose and _body(intent).request.symbol == symbol
    ]


def _body(intent: Intent) -> OrderIntended:
    body = intent.event.body
    assert isinstance(body, OrderIntended)  # noqa: S101 - that is what an intent is
    return body


def _again(
    intent: Intent,
    approved: ApprovedDecision,
    instruments: Mapping[Symbol, Instrument],
    policy: OrderPolicy,
) -> object | None:
    """Make one order, None where its price is not known; a refusal as its reason."""
    body = _body(intent)
    symbol = body.request.symbol
    instrument = instruments.get(symbol)
    if body.priced is None:
        return None
    if instrument is None:
        return {"not sent": f"no trading rules for {symbol}"}
    mark = body.priced.mark
    quote = Quote(symbol=symbol, time=body.priced.time, mark=mark, mid=mark, oracle=mark)
    now = rejudged(
        approved,
        quote=quote,
        instrument=instrument,
        limits=policy.limits,
        now=intent.event.time,
        free_margin=None,
    )
    if isinstance(now, str):
        return {"not sent": now}
    if body.purpose is OrderPurpose.OPEN:
        made = open_order(now, quote, instrument, policy, body.venue_account)
        return {"not sent": made.reason} if isinstance(made, Refusal) else made
    return close_order(
        trader=body.trader,
        venue_account=body.venue_account,
        cycle=body.cycle,
        symbol=symbol,
        side=Side.SELL if intent.held > 0 else Side.BUY,
        size=body.request.size,
        quote=quote,
        instrument=instrument,
        cap=policy.cap,
        purpose=body.purpose,
        client_id=body.request.client_id,
        is_reduce_only=body.request.is_reduce_only,
    )
