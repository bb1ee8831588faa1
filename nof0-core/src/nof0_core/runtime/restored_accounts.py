"""What simulated venues go on from after a restore: the ledger, and the orders it knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import attrs

from nof0_core.config.model import Config
from nof0_core.domain.event import Filled, FundingSettled, OrderAnswered
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.restored import RestoredAccount, RestoredOrder, RestoredPosition
from nof0_core.ids import ClientOrderId, TraderId
from nof0_core.journal import Journal
from nof0_core.ledger.arithmetic import PRICE_STEP, quotient
from nof0_core.ledger.position import Position
from nof0_core.money import BPS, ZERO, exactly
from nof0_core.runtime.restore_mark import RestoreMark
from nof0_core.state.engine_state import EngineState

FEE_STEP = Decimal("1E-6")
"""USD; venues charge no finer."""


class RestoredAccounts:
    """The accounts that have to begin anew, by exchange section, until each has."""

    def __init__(self, mark: RestoreMark, accounts: Mapping[str, RestoredAccount]) -> None:
        self._mark = mark
        self.accounts = dict(accounts)

    def begun(self, section: str) -> None:
        """Say that a section has begun anew, for good."""
        self.accounts.pop(section, None)
        self._mark.begun(section)


def restored_accounts(config: Config, state: EngineState, journal: Journal) -> RestoredAccounts:
    """Return the accounts that have to begin anew.

    One that nothing was ever booked to is new, whatever it holds.

    Raises:
        UsageError: the mark of a restore cannot be read.
        JournalError: a record cannot be read.
    """
    mark = RestoreMark(config.state_dir)
    names = [each for each in mark.accounts if each in config.exchanges and state.traders(each)]
    accounts = {name: _account(name, config, state, journal) for name in names}
    return RestoredAccounts(mark, accounts)


@exactly
def _account(name: str, config: Config, state: EngineState, journal: Journal) -> RestoredAccount:
    fills: dict[str, Fill] = {}
    ids: set[str] = set()
    times: list[datetime] = []
    answered: dict[ClientOrderId, datetime] = {}
    types = (Filled.type, OrderAnswered.type, FundingSettled.type)
    for event in journal.read(types=types):
        match event.body:
            case Filled(venue_account=account, fill=fill) if account == name:
                known = fills.get(fill.trade_id)
                # A part of one that was shared out.
                fills[fill.trade_id] = fill if known is None else _together(known, fill)
                ids.add(fill.venue_order_id)
                times.append(fill.time)
            case OrderAnswered(venue_account=account, outcome=outcome) if account == name:
                ids.add(outcome.venue_order_id or "")
                answered[outcome.client_id] = event.time
            case FundingSettled(venue_account=account, time=time) if account == name:
                times.append(time)
            case _:
                pass
    waiting = state.open_orders(name)
    resting = [each for each in waiting if _rests(each)]
    by_order: defaultdict[ClientOrderId | None, list[Fill]] = defaultdict(list)
    for fill in fills.values():
        by_order[fill.client_id].append(fill)
    executed = [
        _executed(each, by_order[each.client_id])
        for each in waiting
        if each not in resting and by_order[each.client_id]
    ]
    times += [each.intended_at for each in resting]
    fees = {trader.id: trader.limits.taker_fee_bps for trader in config.traders}
    pending = _pending(state.unbooked(name), by_order, fees, answered)
    fills |= {fill.trade_id: fill for fill in pending}
    times += [fill.time for fill in pending]
    opened_at = state.opened_at(name)
    times += [] if opened_at is None else [opened_at]
    return RestoredAccount(
        time=max(times),
        raw_usd=state.totals(name).raw_usd + sum(map(_paid, pending), ZERO),
        positions=tuple(map(_position, state.held(name))),
        orders=tuple(map(_order, resting)),
        executed=tuple(order for _, order in sorted(executed, key=lambda each: each[0])),
        fills=tuple(sorted(fills.values(), key=lambda fill: fill.time)),
        venue_order_ids=frozenset(ids - {""}),
    )


def _pending(
    unbooked: Sequence[OrderRecord],
    booked: Mapping[ClientOrderId | None, Sequence[Fill]],
    fees_bps: Mapping[TraderId, Decimal],
    answered: Mapping[ClientOrderId, datetime],
) -> list[Fill]:
    """Return the executions that were answered and whose own records the journal lacks.

    The venue has to have them, or nobody ever books them. Which trade each was, when and at what
    fee is lost: they come after all others, at the fee the trader reckons with.
    """
    known = [fill for of_order in booked.values() for fill in of_order]
    last = max((int(fill.trade_id) for fill in known if fill.trade_id.isdecimal()), default=0)
    newest = max((fill.time for fill in known), default=datetime.min.replace(tzinfo=UTC))
    found = []
    for number, record in enumerate(sorted(unbooked, key=lambda each: each.seq), last + 1):
        outcome, size = record.outcome, record.unbooked
        assert outcome is not None  # noqa: S101 - it says what was executed
        whole = (outcome.average_price or record.request.limit_price) * outcome.filled_size
        before = sum((fill.size * fill.price for fill in booked.get(record.client_id, ())), ZERO)
        price = quotient(whole - before, size, PRICE_STEP)
        found.append(
            Fill(
                trade_id=str(number),
                venue_order_id=outcome.venue_order_id or "",
                client_id=record.client_id,
                symbol=record.symbol,
                side=record.request.side,
                price=price,
                size=size,
                fee=quotient(size * price * fees_bps.get(record.trader, ZERO), BPS, FEE_STEP),
                time=max(newest, answered[record.client_id]),
            )
        )
    return found


def _paid(fill: Fill) -> Decimal:
    """Return what an execution does to the cash, in USD."""
    return -fill.side.sign * fill.size * fill.price - fill.fee


def _together(one: Fill, other: Fill) -> Fill:
    return attrs.evolve(one, size=one.size + other.size, fee=one.fee + other.fee)


def _rests(record: OrderRecord) -> bool:
    """Tell whether an order waits; one whose executions are all booked waits for its answer."""
    outcome, size = record.outcome, record.request.size
    return (
        outcome is not None
        and outcome.status is OrderStatus.RESTING
        and outcome.venue_order_id is not None
        and (record.filled < size if size else not record.filled)
    )


def _executed(record: OrderRecord, fills: Sequence[Fill]) -> tuple[datetime, RestoredOrder]:
    """Return an order of which the journal has executions, and when the last one was."""
    size = sum((fill.size for fill in fills), Decimal(0))
    paid = sum((fill.size * fill.price for fill in fills), Decimal(0))
    last = max(fills, key=lambda fill: fill.time)
    order = RestoredOrder(
        request=record.request,
        venue_order_id=last.venue_order_id,
        sent_at=record.intended_at,
        filled_size=size,
        average_price=paid / size,
    )
    return last.time, order


def _position(position: Position) -> RestoredPosition:
    return RestoredPosition(
        trader=position.trader,
        symbol=position.symbol,
        quantity=position.quantity,
        cost=position.cost,
        leverage=position.leverage,
        margin_mode=position.margin_mode,
        opened_at=position.opened_at,
        fees=position.entry_fees,
        funding=position.open_funding,
        kept_margin=position.kept_margin,
    )


def _order(record: OrderRecord) -> RestoredOrder:
    outcome = record.outcome
    assert outcome is not None  # noqa: S101 - it rests
    return RestoredOrder(
        request=record.request,
        venue_order_id=outcome.venue_order_id or "",
        sent_at=record.intended_at,
        filled_size=max(record.filled, outcome.filled_size),
        average_price=outcome.average_price,
    )
