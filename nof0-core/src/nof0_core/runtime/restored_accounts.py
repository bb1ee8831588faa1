"""What simulated venues go on from after a restore: the ledger, and the orders it knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.config.model import Config
from nof0_core.domain.event import Filled, FundingSettled, OrderAnswered
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.restored import RestoredAccount, RestoredOrder, RestoredPosition
from nof0_core.ids import ClientOrderId
from nof0_core.journal import Journal
from nof0_core.ledger.position import Position
from nof0_core.money import exactly
from nof0_core.runtime.restore_mark import RestoreMark
from nof0_core.state.engine_state import EngineState


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
    return RestoredAccounts(mark, {name: _account(name, state, journal) for name in names})


@exactly
def _account(name: str, state: EngineState, journal: Journal) -> RestoredAccount:
    fills: dict[str, Fill] = {}
    ids: set[str] = set()
    times: list[datetime] = []
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
    opened_at = state.opened_at(name)
    times += [] if opened_at is None else [opened_at]
    return RestoredAccount(
        time=max(times),
        raw_usd=state.totals(name).raw_usd,
        positions=tuple(map(_position, state.positions(name))),
        orders=tuple(map(_order, resting)),
        executed=tuple(order for _, order in sorted(executed, key=lambda each: each[0])),
        fills=tuple(sorted(fills.values(), key=lambda fill: fill.time)),
        venue_order_ids=frozenset(ids - {""}),
    )


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
