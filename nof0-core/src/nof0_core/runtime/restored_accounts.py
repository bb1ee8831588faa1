"""What simulated venues go on from after a restore: the ledger, and the orders it knows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from nof0_core.config.model import Config
from nof0_core.domain.event import Filled, FundingSettled, OrderAnswered
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.restored import RestoredAccount, RestoredOrder, RestoredPosition
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
    resting = [each for each in state.open_orders(name) if _rests(each)]
    times += [each.intended_at for each in resting]
    opened_at = state.opened_at(name)
    times += [] if opened_at is None else [opened_at]
    return RestoredAccount(
        time=max(times),
        raw_usd=state.totals(name).raw_usd,
        positions=tuple(map(_position, state.positions(name))),
        orders=tuple(map(_order, resting)),
        fills=tuple(sorted(fills.values(), key=lambda fill: fill.time)),
        venue_order_ids=frozenset(ids - {""}),
    )


def _together(one: Fill, other: Fill) -> Fill:
    return attrs.evolve(one, size=one.size + other.size, fee=one.fee + other.fee)


def _rests(record: OrderRecord) -> bool:
    outcome = record.outcome
    return (
        outcome is not None
        and outcome.status is OrderStatus.RESTING
        and outcome.venue_order_id is not None
    )


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
